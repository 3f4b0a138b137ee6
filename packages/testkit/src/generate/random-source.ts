import {
  type ColumnModel,
  type FileSourceModel,
  type History,
  type PushSourceModel,
  type Random,
  type SourceModel,
  type SqlSourceModel,
  structType,
  type ValueType,
} from "@asof/core";
import { chance, choose, chooseWeighted, int } from "../random/seeded-random.ts";
import type { Storage, TimeUnit } from "./case.ts";
import { randomNames } from "./names.ts";

const project = "testkit";

const columnTypes: readonly (readonly [weight: number, type: ValueType])[] = [
  [5, { kind: "float64" }],
  [3, { kind: "int64", as: "bigint" }],
  [2, { kind: "int64", as: "number" }],
  [2, { kind: "int32" }],
  [2, { kind: "float32" }],
  [5, { kind: "string" }],
  [3, { kind: "bool" }],
  [1, { kind: "bytes" }],
  [1, { kind: "timestamp" }],
  [1, { kind: "date" }],
  [1, { kind: "decimal", precision: 9, scale: 2 }],
  [1, { kind: "decimal", precision: 18, scale: 4 }],
  [2, { kind: "decimal", precision: 30, scale: 6 }],
  [1, { kind: "uuid" }],
  [1, { kind: "list", of: { kind: "int64", as: "bigint" } }],
  [1, { kind: "list", of: { kind: "string" } }],
  [1, { kind: "list", of: { kind: "float64" } }],
  [1, { kind: "set", of: { kind: "string" } }],
  [1, { kind: "set", of: { kind: "float32" } }],
  [1, { kind: "map", key: { kind: "string" }, value: { kind: "timestamp" } }],
  [1, { kind: "map", key: { kind: "int64", as: "number" }, value: { kind: "list", of: { kind: "decimal", precision: 9, scale: 2 } } }],
  [1, { kind: "json" }],
  [1, { kind: "vector", length: 2 }],
  [
    1,
    structType([
      { name: "b", type: { kind: "timestamp" }, nullable: true },
      { name: "A b", type: { kind: "list", of: { kind: "date" } }, nullable: false },
      { name: "tags", type: { kind: "set", of: { kind: "uuid" } }, nullable: true },
    ]),
  ],
  [1, { kind: "list", of: structType([{ name: "j", type: { kind: "json" }, nullable: true }]) }],
];

/** A source with its keys: a file, a query, pushed rows with or without a batch side, or a static dimension. */
export function randomSource(random: Random, name: string, keys: readonly ColumnModel[]): SourceModel {
  const kind = chooseWeighted(random, [
    [5, "parquet"],
    [1, "sql"],
    [3, "push"],
    [1, "push-only"],
    [1, "static"],
  ] as const);
  const columnNames = randomNames(random, int(random, 1, 6));
  // Some sources hold little but text or floats: what makes those special shows only where they meet.
  const theme = choose<ValueType | null>(random, [null, null, { kind: "float64" }, { kind: "float64" }, { kind: "string" }]);
  const columns = columnNames.map((column) =>
    plainColumn(column, theme !== null && chance(random, 0.7) ? theme : chooseWeighted(random, columnTypes)),
  );
  const base = {
    kind: "source" as const,
    name,
    eventTime: kind === "static" ? null : choose(random, ["event_timestamp", "ts"]),
    createdTime: chance(random, 0.65) ? "created" : null,
    eventId: kind !== "static" && chance(random, 0.4) ? "event_id" : null,
    columns,
    stream: null,
    meta: {},
  };
  // Every view uses the first key; a mapping of one that none uses would be a fault.
  const names = [...keys.slice(0, 1).map((k) => k.name), ...columnNames, base.eventTime, base.createdTime, base.eventId];
  const mapping = randomMapping(
    random,
    names.filter((n) => n !== null),
  );
  const query: SqlSourceModel = { ...base, type: "sql", query: "", mapping };
  const file: FileSourceModel = { ...base, type: "parquet", paths: [], hive: false, csv: null, mapping };
  if (kind === "sql") return query;
  if (kind === "parquet" || kind === "static") return file;
  const pushed: PushSourceModel = { ...base, type: "push", mapping: {}, batch: null };
  return kind === "push-only" ? pushed : { ...pushed, batch: { ...(chance(random, 0.8) ? file : query), name: `${name}_batch` } };
}

/** A file source of these columns, its times named as usual. */
export function fileSource(name: string, columns: readonly ColumnModel[], createdTime: string | null): FileSourceModel {
  const times = { eventTime: "ts", createdTime, eventId: null, mapping: {}, stream: null };
  return { kind: "source", type: "parquet", name, ...times, columns, paths: [], hive: false, csv: null, meta: {} };
}

/** Physical names differ where two logical names differ in case only (a file cannot hold both), and here and there otherwise. */
export function randomMapping(random: Random, names: readonly string[]): Readonly<Record<string, string>> {
  const mapping: Record<string, string> = {};
  for (const [i, name] of names.entries()) {
    const clashes = names.slice(0, i).some((other) => other.toLowerCase() === name.toLowerCase());
    if (clashes || chance(random, 0.15)) mapping[name] = `physical ${i}`;
  }
  return mapping;
}

/** Mostly with a handover where there are two sides; without one, only the batch side counts. */
export function randomHistory(random: Random, source: SourceModel, handoverUs: number): History {
  if (source.type !== "push") return { batch: source, log: null, handoverUs: null };
  const hasHandover = source.batch !== null && chance(random, 0.85);
  return { batch: source.batch, log: { project, source }, handoverUs: hasHandover ? handoverUs : null };
}

/** How the rows of a source are stored: mostly in micro- or nanoseconds. */
export function randomStorage(random: Random): Storage {
  const eventUnit = chooseWeighted<TimeUnit>(random, [
    [5, "us"],
    [5, "ns"],
    [1, "ms"],
    [1, "s"],
  ]);
  const createdUnit = chooseWeighted<TimeUnit>(random, [
    [3, "us"],
    [1, "ns"],
  ]);
  return { eventUnit, createdUnit, zoned: eventUnit !== "ns" && createdUnit !== "ns" && chance(random, 0.3), files: int(random, 1, 2) };
}

/** A nullable column without metadata. */
export function plainColumn(name: string, type: ValueType): ColumnModel {
  return { name, type, nullable: true, meta: {} };
}
