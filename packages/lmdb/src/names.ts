import { AsofError, type OnlineView } from "@asof/core";
import { noPrefix } from "./codec.ts";
import { copyOf, type LmdbEnvironment } from "./environment.ts";

/**
 * Notes which view is behind a view id, within a write. Two views with one id, a collision of 64-bit hashes, are refused before anything of
 * the second is stored.
 */
export function writeName(environment: LmdbEnvironment, view: OnlineView, nameKey: Uint8Array): void {
  const name = JSON.stringify({ project: view.project, view: view.view, generation: view.generation });
  const stored = environment.get(noPrefix, nameKey);
  if (stored === undefined) {
    environment.put(noPrefix, nameKey, Buffer.from(name, "utf8"));
    return;
  }
  const other = new TextDecoder().decode(copyOf(stored));
  if (other === name) return;
  throw new AsofError("ASOF_STORE_FAILED", `The LMDB online store at ${environment.path} cannot tell ${name} from ${other}.`, {
    path: environment.path,
    fix: "Rename one of the two views.",
  });
}

export function removeName(environment: LmdbEnvironment, nameKey: Uint8Array): void {
  environment.remove(noPrefix, nameKey);
}
