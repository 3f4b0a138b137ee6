import type { RunOptions } from "@asof/core";
import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult, JS } from "@duckdb/node-api";
import { type ErrorContext, interruptedError, translateError } from "./errors.ts";

/** How often an abort is repeated until the engine heeds it, and progress is asked for. */
const pollMs = 100;

/** Runs statements one after the other. */
export interface StatementRunner {
  /** Runs a statement. Aborting interrupts it. */
  run(sql: string, context: ErrorContext, options?: StatementOptions): Promise<void>;
  /** Runs a query with a small result. */
  rows(sql: string, context: ErrorContext, options?: StatementOptions): Promise<readonly Record<string, JS>[]>;
}

/**
 * A connection with a schema of its own in the engine's memory: tables made through it vanish when it is closed, and further
 * connections can read them at the same time.
 */
export class Session implements StatementRunner, AsyncDisposable {
  readonly schema: string;
  readonly #connection: DuckDBConnection;
  readonly #connect: () => Promise<DuckDBConnection>;
  readonly #onClose: () => void;
  readonly #readers = new Set<DuckDBConnection>();
  #isOpen = true;

  constructor(connection: DuckDBConnection, schema: string, connect: () => Promise<DuckDBConnection>, onClose: () => void) {
    this.schema = schema;
    this.#connection = connection;
    this.#connect = connect;
    this.#onClose = onClose;
  }

  get connection(): DuckDBConnection {
    return this.#connection;
  }

  async begin(): Promise<void> {
    await this.#connection.run(`CREATE SCHEMA ${this.schema}; USE ${this.schema}`);
  }

  run(sql: string, context: ErrorContext, options: StatementOptions = {}): Promise<void> {
    return runnerOn(this.#connection).run(sql, context, options);
  }

  rows(sql: string, context: ErrorContext, options: StatementOptions = {}): Promise<readonly Record<string, JS>[]> {
    return runnerOn(this.#connection).rows(sql, context, options);
  }

  /** Work with the session's tables on a connection of its own, so that statements of several works may run at once. */
  async beside<T>(work: (runner: StatementRunner) => Promise<T>): Promise<T> {
    const connection = await this.#connect();
    this.#readers.add(connection);
    try {
      await connection.run(`USE ${this.schema}`);
      return await work(runnerOn(connection));
    } finally {
      this.#readers.delete(connection);
      connection.closeSync();
    }
  }

  /**
   * Streams a query over the session's tables, on a connection of its own, so that several streams and statements may run at
   * once. A chunk is valid until the next one is asked for.
   */
  async *stream(sql: string, context: ErrorContext, options: StatementOptions = {}): AsyncGenerator<StreamChunk> {
    const connection = await this.#connect();
    this.#readers.add(connection);
    try {
      await connection.run(`USE ${this.schema}`);
      const result = await guard(connection, options, context, () => connection.stream(sql));
      for (;;) {
        const chunk = await guard(connection, options, context, () => result.fetchChunk());
        if (chunk === null || chunk.rowCount === 0) return;
        yield { chunk, result };
      }
    } finally {
      this.#readers.delete(connection);
      connection.closeSync();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#onClose();
    for (const reader of this.#readers) reader.interrupt();
    try {
      await this.#connection.run(`USE main; DROP SCHEMA ${this.schema} CASCADE`);
    } finally {
      this.#connection.closeSync();
    }
  }
}

function runnerOn(connection: DuckDBConnection): StatementRunner {
  return {
    run: (sql, context, options = {}) =>
      guard(connection, options, context, async () => {
        await connection.run(sql);
      }),
    rows: (sql, context, options = {}) =>
      guard(connection, options, context, async () => {
        const result = await connection.run(sql);
        return result.getRowObjectsJS();
      }),
  };
}

export interface StreamChunk {
  readonly chunk: DuckDBDataChunk;
  readonly result: DuckDBResult;
}

export interface StatementOptions {
  readonly signal?: RunOptions["signal"];
  /** Fraction of this statement that is done, or null. */
  readonly onFraction?: ((fraction: number | null) => void) | undefined;
}

async function guard<T>(
  connection: DuckDBConnection,
  { signal, onFraction }: StatementOptions,
  context: ErrorContext,
  work: () => Promise<T>,
): Promise<T> {
  // Asked anew each time: the signal changes while the work is awaited.
  const isAborted = (): boolean => signal?.aborted === true;
  if (isAborted()) throw interruptedError();
  // The engine forgets an interrupt that comes before its query has begun, so it is repeated.
  const poll = (): void => {
    if (isAborted()) connection.interrupt();
    else if (onFraction !== undefined) onFraction(fractionOf(connection));
  };
  const timer = signal === undefined && onFraction === undefined ? undefined : setInterval(poll, pollMs);
  signal?.addEventListener("abort", poll);
  try {
    const value = await work();
    if (isAborted()) throw interruptedError();
    return value;
  } catch (error) {
    throw isAborted() ? interruptedError(error) : translateError(error, context);
  } finally {
    clearInterval(timer);
    signal?.removeEventListener("abort", poll);
  }
}

function fractionOf(connection: DuckDBConnection): number | null {
  const { percentage } = connection.progress;
  return percentage < 0 ? null : Math.min(1, percentage / 100);
}
