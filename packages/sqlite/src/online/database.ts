import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { rollBack } from "../roll-back.ts";
import { Layout } from "./layout.ts";

/** A row as an array of its columns. */
export type Columns = readonly SQLOutputValue[];

/** One connection with its prepared statements, and what it knows of the tables. */
export class OnlineDatabase {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();
  #layout: { readonly schemaVersion: SQLOutputValue | undefined; readonly layout: Layout } | null = null;

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
  }

  /** A prepared statement whose rows are arrays, kept for the life of the connection: there are a few for each view. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      statement.setReturnArrays(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  get(sql: string, ...values: SQLInputValue[]): Columns | undefined {
    return asColumns(this.prepare(sql).get(...values));
  }

  all(sql: string, ...values: SQLInputValue[]): readonly Columns[] {
    return this.prepare(sql)
      .all(...values)
      .map((row) => asColumns(row) ?? []);
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.prepare(sql).run(...values);
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** What the file holds now; to be asked inside a transaction. Other processes, Feast among them, make and drop tables. */
  layout(): Layout {
    const schemaVersion = this.get("PRAGMA schema_version")?.[0];
    if (this.#layout === null || this.#layout.schemaVersion !== schemaVersion)
      this.#layout = { schemaVersion, layout: new Layout(this, this.#path) };
    return this.#layout.layout;
  }

  /** What work removes is overwritten on disk, and not only left to be used again: it may be of a key that is erased. */
  removing<T>(run: () => T): T {
    this.get("PRAGMA secure_delete = ON");
    try {
      return run();
    } finally {
      this.get("PRAGMA secure_delete = OFF");
    }
  }

  transact<T>(begin: "BEGIN" | "BEGIN IMMEDIATE", run: (database: OnlineDatabase) => T): T {
    this.run(begin);
    try {
      const result = run(this);
      this.run("COMMIT");
      return result;
    } catch (error) {
      // The number of a schema that was rolled back may come again for another one.
      this.#layout = null;
      rollBack(this.#database);
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }
}

/** The types of node:sqlite know rows as objects only. */
function asColumns(row: unknown): Columns | undefined {
  return Array.isArray(row) ? row : undefined;
}
