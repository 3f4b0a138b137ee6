import { statSync } from "node:fs";
import { join } from "node:path";
import { AsofError } from "@asof/core";

/** How often reads look whether the folder still holds the store that is open: a look costs as much as a small read. */
const lookEveryMs = 1000;

/** How long a file that came in the place of another must stay as it is before it is opened: a copy under way is not a store. */
const settledAfterMs = 300;

/**
 * The place of an open store's data file. The system keeps a file that was removed or replaced for who has it open: without looking, a
 * process would go on answering from it, and writing into it, where nobody else ever finds what it wrote.
 */
export class Place {
  readonly #path: string;
  readonly #dataFile: string;
  readonly #opened: string | null;
  #successor: { readonly stamp: string; readonly sinceMs: number } | null = null;
  #lookAtMs: number;

  /** Of the store that has just been opened in a folder. */
  constructor(path: string) {
    this.#path = path;
    this.#dataFile = join(path, "data.mdb");
    this.#opened = this.#found()?.file ?? null;
    this.#lookAtMs = performance.now() + lookEveryMs;
  }

  /** Whether it is time for a read to look. */
  get isDue(): boolean {
    return performance.now() >= this.#lookAtMs;
  }

  /**
   * Whether another store has come in the place of the one that is open, which is to be opened then. ASOF_STORE_FAILED while there is none,
   * or while it is still being written.
   */
  isReplaced(): boolean {
    const found = this.#found();
    const nowMs = performance.now();
    if (found?.file === this.#opened) {
      this.#successor = null;
      this.#lookAtMs = nowMs + lookEveryMs;
      return false;
    }
    if (found === null) throw gone(this.#path);
    if (this.#successor?.stamp !== found.stamp) this.#successor = { stamp: found.stamp, sinceMs: nowMs };
    if (found.isEmpty || nowMs - this.#successor.sinceMs < settledAfterMs) throw beingReplaced(this.#path);
    return true;
  }

  /** Null where there is no file. `stamp` also changes while it is written. */
  #found(): { readonly file: string; readonly stamp: string; readonly isEmpty: boolean } | null {
    const found = statSync(this.#dataFile, { throwIfNoEntry: false });
    if (found === undefined) return null;
    const file = `${found.dev}:${found.ino}`;
    return { file, stamp: `${file}:${found.size}:${found.mtimeMs}`, isEmpty: found.size === 0 };
  }
}

function gone(path: string): AsofError {
  return new AsofError("ASOF_STORE_FAILED", `The LMDB online store at ${path} was there and is gone: it was moved or removed.`, {
    path,
    fix: "Put it back, restore it from a backup, or materialize again from another process; this one goes on with it then.",
  });
}

function beingReplaced(path: string): AsofError {
  return new AsofError("ASOF_STORE_FAILED", `The LMDB online store at ${path} was replaced, and the new one is not settled yet.`, {
    path,
    fix: "Try again in a moment.",
  });
}
