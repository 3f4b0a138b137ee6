import type { OnlineStore } from "@asof/core";
import { type ContractCase, describeContract, type Gap } from "./describe-contract.ts";
import { keyCases } from "./online-store-keys.ts";
import { rowCases } from "./online-store-rows.ts";
import { stateCases } from "./online-store-states.ts";
import { tombstoneCases } from "./online-store-tombstones.ts";

/** Every case by its title. */
export const onlineStoreCases: Readonly<Record<string, ContractCase<OnlineStore>>> = {
  ...rowCases,
  ...tombstoneCases,
  ...stateCases,
  ...keyCases,
};

/**
 * The contract of {@link OnlineStore}, case by case. `open` gives an empty store for each.
 *
 * @example onlineStoreContract("lmdb", () => openLmdbOnlineStore({ path: temporaryFolder() }));
 */
export function onlineStoreContract(name: string, open: () => Promise<OnlineStore>, gaps: readonly Gap[] = []): void {
  describeContract(`online store contract: ${name}`, onlineStoreCases, open, gaps);
}
