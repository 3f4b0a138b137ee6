import { AsofError, type OnlineView } from "@asof/core";
import type { OnlineDatabase } from "./database.ts";

/** The format of asof's own tables. A store of a newer format is not touched. */
const formatVersion = 1;

/**
 * asof's own tables. No table of Feast can have such a name: it joins project and view by an underscore.
 * - store: one row; `last_version` is the greatest version of a state ever given.
 * - view: which view a table of rows belongs to, since Feast's names of tables may meet.
 * - tombstone: keys whose rows were erased.
 * - state, state_part: states of windowed views.
 */
const ownTables = `
CREATE TABLE IF NOT EXISTS "asof.store" (format INTEGER NOT NULL, last_version INTEGER NOT NULL);
INSERT INTO "asof.store" SELECT ${formatVersion}, 0 WHERE NOT EXISTS (SELECT 1 FROM "asof.store");
CREATE TABLE IF NOT EXISTS "asof.view" (
  id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, row_table TEXT NOT NULL COLLATE NOCASE UNIQUE
);
CREATE TABLE IF NOT EXISTS "asof.tombstone" (
  view INTEGER NOT NULL, key BLOB NOT NULL, event_us INTEGER NOT NULL, created_us INTEGER, PRIMARY KEY (view, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "asof.state" (
  view INTEGER NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (view, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "asof.state_part" (
  view INTEGER NOT NULL, key BLOB NOT NULL, part BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (view, key, part)
);`;

/** Columns that asof adds to Feast's tables; Feast names its columns in every statement and never meets them. */
const addedColumns = { asof_event_us: "INTEGER", asof_created_us: "INTEGER", asof_schema: "TEXT" };

/** Where a view lies. */
export interface ViewPlace {
  /** In asof's own tables; null where asof has written nothing of this view yet. */
  readonly id: number | null;
  /** Quoted name of the table of its rows. */
  readonly rows: string;
  /** Null where that table does not exist. */
  readonly columns: TableColumns | null;
}

export interface TableColumns {
  /** Whether asof's columns are there. */
  readonly hasOwn: boolean;
  /** Whether Feast's column for numbers is there, as its setting `enable_openai_compatible_store` makes it. */
  readonly hasNumber: boolean;
}

/** Feast's name of the table of a view: versions count from 0, and the first has no suffix. */
function tableName({ project, view, generation }: Pick<OnlineView, "project" | "view" | "generation">): string {
  const name = `${project}_${view}${generation === 1 ? "" : `_v${generation - 1}`}`;
  // SQL ends at a NUL; no project or view of Feast holds one.
  return name.replaceAll("\0", "\\0");
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function identityOf({ project, view, generation }: OnlineView): string {
  return JSON.stringify([project, view, generation]);
}

/** What the file holds, as of one state of its schema. */
export class Layout {
  readonly #hasOwnTables: boolean;
  readonly #columns = new Map<string, TableColumns | null>();

  /** ASOF_STORE_VERSION when a newer asof wrote the file. */
  constructor(database: OnlineDatabase, path: string) {
    this.#hasOwnTables = database.get(`SELECT 1 FROM sqlite_schema WHERE name = 'asof.store'`) !== undefined;
    if (!this.#hasOwnTables) return;
    const format = Number(database.get(`SELECT format FROM "asof.store"`)?.[0]);
    if (format <= formatVersion) return;
    throw new AsofError("ASOF_STORE_VERSION", `The online store ${path} has format ${format}; this version knows ${formatVersion}.`, {
      path,
      value: format,
      fix: "Update asof.",
    });
  }

  /** Finds a view. ASOF_NAME_DUPLICATE when the table that Feast's rule names is another view's. */
  find(database: OnlineDatabase, view: OnlineView): ViewPlace {
    const name = tableName(view);
    const found = this.#hasOwnTables ? database.get(`SELECT id, identity FROM "asof.view" WHERE row_table = ?`, name) : undefined;
    if (found !== undefined && found[1] !== identityOf(view)) throw sharedTable(view, name, String(found[1]));
    return { id: found === undefined ? null : Number(found[0]), rows: quote(name), columns: this.#columnsOf(database, name) };
  }

  #columnsOf(database: OnlineDatabase, name: string): TableColumns | null {
    let known = this.#columns.get(name);
    if (known === undefined) {
      const columns = new Set(database.all("SELECT name FROM pragma_table_info(?)", name).map(([column]) => column));
      known = columns.size === 0 ? null : { hasOwn: columns.has("asof_schema"), hasNumber: columns.has("value_num") };
      this.#columns.set(name, known);
    }
    return known;
  }
}

/** Makes asof's own tables and gives the view a number in them. */
export function claimView(database: OnlineDatabase, view: OnlineView): number {
  const known = database.layout().find(database, view);
  if (known.id !== null) return known.id;
  database.exec(ownTables);
  database.run(`INSERT INTO "asof.view" (identity, row_table) VALUES (?, ?)`, identityOf(view), tableName(view));
  return Number(database.get(`SELECT id FROM "asof.view" WHERE identity = ?`, identityOf(view))?.[0]);
}

/** Makes the table of a view's rows where there is none, as Feast's `apply` does: Feast reads a view without a table as an error. */
export function makeAbsentTable(database: OnlineDatabase, view: OnlineView): void {
  if (database.layout().find(database, view).columns === null) makeRowTable(database, view);
}

/** The table of a view's rows with asof's columns: made as Feast makes it if it is absent, else widened. */
export function makeRowTable(
  database: OnlineDatabase,
  view: OnlineView,
): ViewPlace & { readonly id: number; readonly columns: TableColumns } {
  const id = claimView(database, view);
  const name = tableName(view);
  const { columns, rows } = database.layout().find(database, view);
  if (columns?.hasOwn === true) return { id, rows, columns };
  const added = Object.entries(addedColumns).map(([column, type]) => `${column} ${type}`);
  if (columns === null) {
    database.exec(`
CREATE TABLE ${rows} (entity_key BLOB, feature_name TEXT, value BLOB, value_text TEXT, vector_value BLOB, event_ts timestamp, created_ts timestamp, ${added.join(", ")}, PRIMARY KEY(entity_key, feature_name));
CREATE INDEX IF NOT EXISTS ${quote(`${name}_ek`)} ON ${rows} (entity_key);`);
  } else for (const column of added) database.exec(`ALTER TABLE ${rows} ADD COLUMN ${column}`);
  return { id, rows, columns: { hasOwn: true, hasNumber: columns?.hasNumber ?? false } };
}

/** Removes all of a view. */
export function dropView(database: OnlineDatabase, view: OnlineView): void {
  const { id, rows } = database.layout().find(database, view);
  database.exec(`DROP TABLE IF EXISTS ${rows}`);
  if (id === null) return;
  for (const table of ["tombstone", "state_part", "state"]) database.run(`DELETE FROM "asof.${table}" WHERE view = ?`, id);
  database.run(`DELETE FROM "asof.view" WHERE id = ?`, id);
}

function sharedTable(view: OnlineView, table: string, owner: string): AsofError {
  return new AsofError(
    "ASOF_NAME_DUPLICATE",
    `The rows of ${view.project}/${view.view} belong into the table ${table}, which holds those of ${owner} (project, view, generation).`,
    { path: `${view.project}/${view.view}`, value: table, fix: "Rename the view: Feast's layout names tables by project and view." },
  );
}
