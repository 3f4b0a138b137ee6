import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sleep } from "@asof/core";
import { lockedError } from "./errors.ts";

/** How long one attempt may block the event loop. Between attempts the process goes on with other work. */
const attemptMs = 10;

const busyCodes: readonly unknown[] = [5, 6];

/**
 * The lock of a registry file among asof's processes: SQLite's lock on an empty file beside it. The operating system takes it back when its
 * holder dies, so none is ever left over, and nobody has to guess whether a holder still lives. Feast takes no lock.
 */
export class FileLock {
  readonly #path: string;
  readonly #busyTimeoutMs: number;

  constructor(path: string, busyTimeoutMs: number) {
    this.#path = path;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  /** Runs `work`, which must not give way, while no other process or store object holds the lock. */
  async hold<T>(work: () => T): Promise<T> {
    mkdirSync(dirname(this.#path), { recursive: true });
    const deadline = performance.now() + this.#busyTimeoutMs;
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 25)) {
      const outcome = this.#attempt(work);
      if (outcome !== "busy") return outcome.value;
      if (performance.now() > deadline) throw lockedError(this.#path.replace(/\.lock$/, ""), [this.#path], this.#busyTimeoutMs);
      await sleep(pauseMs);
    }
  }

  #attempt<T>(work: () => T): { readonly value: T } | "busy" {
    const database = new DatabaseSync(this.#path, { timeout: attemptMs });
    try {
      try {
        // Nothing is ever written to it, so it stays empty and needs no journal.
        database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
      } catch (error) {
        if (error instanceof Error && "errcode" in error && busyCodes.includes(Number(error.errcode) & 0xff)) return "busy";
        throw error;
      }
      return { value: work() };
    } finally {
      database.close();
    }
  }
}
