/** A piece of work for a write transaction. It may be run again when the transaction is undone, so it changes nothing but the store. */
interface Job<T> {
  readonly run: () => T;
  /** How long it takes, roughly: rows or keys. */
  readonly weight: number;
  /** It removes data, and may therefore run although the store is full. */
  readonly frees: boolean;
  readonly resolve: (result: T) => void;
  readonly reject: (error: unknown) => void;
}

/** Runs an action in one transaction. */
export type Transact = <T>(action: () => T, frees: boolean) => T;

/** Work beyond this many rows goes into the next transaction, so that the event loop and other processes get their turn. */
const weightPerTransaction = 20_000;

/**
 * Gathers the writes of one turn of the event loop into one transaction, because a commit costs a disk sync. When the transaction fails,
 * its jobs run one by one: each gets its own outcome.
 */
export class WriteQueue {
  readonly #transact: Transact;
  #jobs: Job<unknown>[] = [];
  #scheduled = false;
  #idle: (() => void)[] = [];

  constructor(transact: Transact) {
    this.#transact = transact;
  }

  /** Resolves with the job's result once its transaction is committed. */
  add<T>(run: () => T, weight: number, frees = false): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // The result that comes back is this job's own.
      this.#jobs.push({ run, weight, frees, resolve: (result) => resolve(result as T), reject });
      this.#schedule();
    });
  }

  /** Resolves when everything added so far is done. */
  async drained(): Promise<void> {
    if (this.#jobs.length === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#runBatch(this.#takeBatch());
      if (this.#jobs.length > 0) this.#schedule();
      else for (const resolve of this.#idle.splice(0)) resolve();
    });
  }

  #takeBatch(): Job<unknown>[] {
    let weight = 0;
    let count = 0;
    for (const job of this.#jobs) {
      if (count > 0 && weight + job.weight > weightPerTransaction) break;
      weight += job.weight;
      count++;
    }
    return this.#jobs.splice(0, count);
  }

  #runBatch(jobs: readonly Job<unknown>[]): void {
    try {
      const results = this.#transact(
        () => jobs.map((job) => job.run()),
        jobs.every((job) => job.frees),
      );
      for (const [i, job] of jobs.entries()) job.resolve(results[i]);
    } catch (error) {
      const [only, ...others] = jobs;
      if (only === undefined) return;
      if (others.length === 0) only.reject(error);
      else for (const job of jobs) this.#runBatch([job]);
    }
  }
}
