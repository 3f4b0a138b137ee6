import assert from "node:assert/strict";
import type {
  ColumnInfo,
  JoinPlan,
  LogReference,
  LogRow,
  OfflineResult,
  OfflineStore,
  RecordBatch,
  SourceModel,
  SpineInput,
  Value,
  ViewJoin,
} from "@asof/core";
import type { SourceRow, SourceTable, SpineRow } from "../oracle/data.ts";
import { oracle } from "../oracle/oracle.ts";
import { expectedReport } from "../oracle/report.ts";
import { designRules, type Rules } from "../oracle/rules.ts";
import type { OfflineEngine } from "./engine.ts";
import type { FileTable } from "./source-files.ts";
import { batchOf } from "./source-files.ts";

/** An engine in memory that answers with the oracle, or with one that has other rules: what the suite must accept, and what it must catch. */
export function oracleEngine(replaces: Partial<Rules> = {}): OfflineEngine {
  const files = new Map<string, FileTable>();
  const logs = new Map<string, LogRow[]>();
  const unused = (): never => assert.fail("the suite does not use this");
  const store: OfflineStore = {
    type: "oracle",
    toSql: unused,
    pull: unused,
    describeSource: unused,
    checkLog: unused,
    computeStatistics: unused,
    describeSpine: unused,
    spineKeys: unused,
    eraseLog: unused,
    append: async (log, rows) => {
      const name = logName(log);
      logs.set(name, [...(logs.get(name) ?? []), ...rows]);
    },
    retrieve: async (plan, spine) => {
      const { columns, rows } = readSpine(plan, spine, files);
      const tables = Object.fromEntries(plan.views.map((join) => [join.view.source.name, readTable(plan, join, files, logs)]));
      const answers = oracle(plan, tables, rows, { ...designRules, ...replaces });
      const report = { spineRows: rows.length, ...expectedReport(plan, tables, rows), labels: {}, droppedRows: 0 };
      return resultOf(plan, columns, rows, answers, report);
    },
    [Symbol.asyncDispose]: async () => {},
  };
  return {
    store,
    writeParquet: async (name, columns, rows) => {
      files.set(name, { columns, rows });
      return name;
    },
    selectFrom: (paths) => paths.join("|"),
    [Symbol.asyncDispose]: async () => {},
  };
}

function logName({ project, source }: LogReference): string {
  return `${project}/${source.name}`;
}

/** Rows as objects, by physical names. */
function objectsOf({ columns, rows }: FileTable): Record<string, Value>[] {
  return rows.map((row) => Object.fromEntries(columns.map((c, i): [string, Value] => [c.name, row[i] ?? null])));
}

function readTable(
  plan: JoinPlan,
  join: ViewJoin,
  files: ReadonlyMap<string, FileTable>,
  logs: ReadonlyMap<string, readonly LogRow[]>,
): SourceTable {
  const keys = plan.views.filter((v) => v.view.source.name === join.view.source.name).flatMap((v) => v.keys.map((k) => k.key));
  const batch = batchOf(join.view.source);
  const paths = batch === null ? [] : batch.type === "sql" ? batch.query.split("|") : batch.paths;
  const objects = paths.flatMap((path) => objectsOf(files.get(path) ?? { columns: [], rows: [] }));
  const log = join.history.log === null ? [] : (logs.get(logName(join.history.log)) ?? []);
  return {
    batch: batch === null ? [] : objects.map((object) => sourceRow(batch, keys, object)),
    log: log.map((row) => ({
      values: row.values,
      eventNs: BigInt(Number(row.values[join.view.source.eventTime ?? ""])) * 1000n,
      createdNs: BigInt(row.createdTimeUs) * 1000n,
      eventId: row.eventId,
    })),
  };
}

function sourceRow(source: SourceModel, keys: readonly string[], object: Readonly<Record<string, Value>>): SourceRow {
  const read = (name: string | null): Value => (name === null ? null : (object[source.mapping[name] ?? name] ?? null));
  const instant = (name: string | null): bigint | null => {
    const value = read(name);
    return typeof value === "bigint" ? value : null;
  };
  const names = [...keys, ...source.columns.map((c) => c.name)];
  const eventId = read(source.eventId);
  return {
    values: Object.fromEntries(names.map((name) => [name, read(name)])),
    eventNs: instant(source.eventTime),
    createdNs: instant(source.createdTime),
    eventId: eventId === null ? null : String(eventId),
  };
}

function readSpine(
  plan: JoinPlan,
  spine: SpineInput,
  files: ReadonlyMap<string, FileTable>,
): { readonly columns: readonly ColumnInfo[]; readonly rows: readonly SpineRow[] } {
  if (spine.kind === "sql" || spine.kind === "moments") return assert.fail("the suite has no spine of this kind");
  const { columns, rows } = spine.kind === "rows" ? spine : (files.get(spine.path) ?? { columns: [], rows: [] });
  const timestamp = { kind: "timestamp" } as const;
  return {
    columns: columns.map(({ name, type }) => ({ name, type: type.kind === "instant" ? timestamp : type })),
    rows: objectsOf({ columns, rows }).map((object) => {
      const { [plan.spine.timeColumn]: time, ...values } = object;
      return { values, asOfNs: typeof time === "bigint" ? time : BigInt(Number(time)) * 1000n };
    }),
  };
}

function resultOf(
  plan: JoinPlan,
  spineColumns: readonly ColumnInfo[],
  rows: readonly SpineRow[],
  answers: ReturnType<typeof oracle>,
  report: OfflineResult["report"],
): OfflineResult {
  const outputs = plan.views.flatMap((join) => join.features);
  const spine = spineColumns.map(({ name, type }) => {
    const get = (row: number): Value =>
      name === plan.spine.timeColumn ? designRules.floor(rows[row]?.asOfNs ?? 0n) : (rows[row]?.values[name] ?? null);
    return { name, type, get };
  });
  const found = outputs.map(({ feature, output }, i) => ({
    name: output,
    type: feature.type,
    get: (row: number): Value => answers[row]?.[i]?.value ?? null,
  }));
  const bounds = outputs.flatMap(({ output }, i) => [
    { name: `${output}__n`, type: { kind: "float64" } as const, get: (row: number): Value => answers[row]?.[i]?.count ?? 0 },
    { name: `${output}__abs`, type: { kind: "float64" } as const, get: (row: number): Value => answers[row]?.[i]?.magnitude ?? 0 },
  ]);
  const columns = [...spine, ...found, ...(plan.bounds ? bounds : [])];
  const batch: RecordBatch = { rowCount: answers.length, columns };
  return {
    columns,
    report,
    batches: async function* () {
      yield batch;
    },
    write: () => assert.fail("the suite does not use this"),
    writeFolder: () => assert.fail("the suite does not use this"),
    [Symbol.asyncDispose]: async () => {},
  };
}
