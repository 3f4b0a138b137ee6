import type { JoinPlan, SpineInput, ViewJoin } from "@asof/core";
import type { Case } from "../generate/case.ts";
import { designRules } from "../oracle/rules.ts";
import type { FileColumn, OfflineEngine } from "./engine.ts";
import { batchOf, fileTable, keysOf, locateBatch, locateSource, logRow, plainStorage } from "./source-files.ts";

/** A case whose rows an engine can read. */
export interface PlacedCase {
  readonly plan: JoinPlan;
  readonly spine: SpineInput;
}

/** Writes the rows of a case where its engine reads them: batch rows and spine as files, log rows through `append`. `run` keeps runs apart. */
export async function placeCase(engine: OfflineEngine, one: Case, run: string): Promise<PlacedCase> {
  const views: ViewJoin[] = [];
  const placed = new Map<string, readonly string[]>();
  for (const join of one.plan.views) {
    const { name } = join.view.source;
    const paths = placed.get(name) ?? (await placeSource(engine, one, join, run));
    placed.set(name, paths);
    views.push(locateJoin(engine, join, run, paths));
  }
  return { plan: { ...one.plan, views }, spine: await placeSpine(engine, one, run) };
}

/** Writes a source's rows and returns the paths of its batch files. */
async function placeSource(engine: OfflineEngine, one: Case, join: ViewJoin, run: string): Promise<readonly string[]> {
  const { source } = join.view;
  const table = one.tables[source.name] ?? { batch: [], log: [] };
  const keys = keysOf(one, source.name);
  if (join.history.log !== null) {
    const log = { project: run, source };
    const half = Math.ceil(table.log.length / 2);
    const rows = table.log.map((row) => logRow(source, keys, row));
    for (const part of [rows.slice(0, half), rows.slice(half)]) if (part.length > 0) await engine.store.append(log, part);
  }
  const batch = batchOf(source);
  if (batch === null) return [];
  const storage = one.storage[source.name] ?? plainStorage;
  const { columns, rows } = fileTable(batch, keys, table.batch, storage);
  const size = Math.ceil(rows.length / storage.files);
  const paths: string[] = [];
  for (let i = 0; i < storage.files; i++) {
    paths.push(await engine.writeParquet(`${run}_${source.name}_${i}`, columns, rows.slice(i * size, (i + 1) * size)));
  }
  return paths;
}

function locateJoin(engine: OfflineEngine, join: ViewJoin, run: string, paths: readonly string[]): ViewJoin {
  const source = locateSource(join.view.source, paths, engine);
  const { batch, log, handoverUs } = join.history;
  return {
    ...join,
    view: { ...join.view, source },
    history: {
      batch: batch === null ? null : locateBatch(batch, paths, engine),
      log: log === null ? null : { project: run, source },
      handoverUs,
    },
  };
}

async function placeSpine(engine: OfflineEngine, one: Case, run: string): Promise<SpineInput> {
  const { columns, kind, timeUnit, rows } = one.spine;
  const { timeColumn } = one.plan.spine;
  const cells = rows.map((row) => columns.map((c) => row.values[c.name] ?? null));
  if (kind === "rows") {
    return {
      kind,
      columns: [...columns, { name: timeColumn, type: { kind: "timestamp" } }],
      rows: rows.map((row, i) => [...(cells[i] ?? []), designRules.floor(row.asOfNs)]),
    };
  }
  const fileColumns: FileColumn[] = [...columns, { name: timeColumn, type: { kind: "instant", unit: timeUnit, zoned: false } }];
  const path = await engine.writeParquet(
    `${run}_spine`,
    fileColumns,
    rows.map((row, i) => [...(cells[i] ?? []), row.asOfNs]),
  );
  return { kind: "file", format: "parquet", path };
}
