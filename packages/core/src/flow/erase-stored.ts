import { keyCodecOf, keyPartsOf } from "../store/key-codec.ts";
import { eraseOnlineKeys, keyNames, type StoredView } from "./erase-key.ts";
import { type Erasures, erasuresIn, openErasures } from "./erasures.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Does work on a view under the erasures of now. Where a key was erased or lifted meanwhile, what the work may have brought back is removed,
 * and the work is done again: it may have left out rows that count now.
 */
export async function underErasures<T>(runtime: Runtime, stored: StoredView, work: (erasures: Erasures | null) => Promise<T>): Promise<T> {
  let known = await loadErasures(runtime);
  for (;;) {
    const outcome = await work(known.erasures);
    if ((await runtime.registry.versions()).version === known.version) return outcome;
    const now = await loadErasures(runtime);
    if (now.erasures?.signature === known.erasures?.signature) return outcome;
    known = now;
    if (now.erasures !== null) await removeErased(runtime, stored, now.erasures);
  }
}

/** The erasures of now; null where there are none. */
async function loadErasures(runtime: Runtime): Promise<{ readonly version: number; readonly erasures: Erasures | null }> {
  const snapshot = await runtime.registry.snapshot(runtime.project);
  return { version: snapshot.version, erasures: await openErasures(runtime.project, erasuresIn(snapshot), runtime.erasureSecret) };
}

/** Looks through the keys of a view for erased ones and removes what is stored of them. */
async function removeErased(runtime: Runtime, stored: StoredView, erasures: Erasures): Promise<void> {
  const check = erasures.checkOf(keyNames(stored.model));
  if (check === null) return;
  const decode = keyCodecOf(runtime.online.keys, stored.model).decoder(keyPartsOf(stored.model));
  for await (const page of runtime.online.listKeys(stored.online)) {
    const erased = page.filter((key) => check(decode(key)) === Number.POSITIVE_INFINITY);
    if (erased.length > 0) await eraseOnlineKeys(runtime, stored, erased, runtime.clock.nowUs());
  }
}
