import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  type AnyMapKey,
  type AnyNotNull,
  type AnyScalar,
  type AnyView,
  bool,
  bytes,
  type ColumnInfo,
  compileRowCodec,
  date,
  decimal,
  entity,
  equalValues,
  featureView,
  firstN,
  float32,
  float64,
  int32,
  int64,
  json,
  last,
  lastN,
  list,
  map,
  normalizeValue,
  nullable,
  parquet,
  printType,
  push,
  type Random,
  set,
  string,
  struct,
  timestamp,
  uuid,
  type Value,
  type ValueType,
  valueToJson,
  vector,
} from "@asof/core";
import { compileFeastValueReader, compileFeastValueWriter } from "@asof/feast";
import { anyType, anyValue, chance, int, seededRandom, times } from "@asof/testkit";
import { at, collect, type Process, Project, storeKinds } from "./flow/project.test.support.ts";

const customer = entity("customer", { key: { id: int64({ as: "number" }) } });
const eventTimes = ["2024-02-01T00:00:00Z", "2024-02-02T00:00:00Z", "2024-02-03T00:00:00Z"];
const keys = [1, 2, 3];
const columnCount = 4;

/** A column per type; rows by key and then by event time. */
interface Sample {
  readonly types: readonly ValueType[];
  readonly rows: readonly { readonly key: number; readonly ts: string; readonly values: readonly Value[] }[];
}

function randomSample(random: Random, kind: (typeof storeKinds)[number]): Sample {
  const types = times(columnCount, () => anyType(random, 3)).map((type) => (kind === "sqlite" ? wholeSeconds(type) : type));
  const rows = keys.flatMap((key) =>
    eventTimes.map((ts) => ({ key, ts, values: types.map((type) => (chance(random, 0.2) ? null : anyValue(random, type))) })),
  );
  return { types, rows };
}

/** The builder's form of a plain type. */
function declare(type: ValueType): AnyNotNull {
  switch (type.kind) {
    case "bool":
      return bool();
    case "int32":
      return int32();
    case "int64":
      return int64({ as: type.as });
    case "float32":
      return float32();
    case "float64":
      return float64();
    case "string":
      return string();
    case "bytes":
      return bytes();
    case "timestamp":
      return type.precision === undefined ? timestamp() : timestamp({ precision: type.precision });
    case "date":
      return date();
    case "decimal":
      return decimal(type.precision, type.scale);
    case "uuid":
      return uuid();
    case "json":
      return json();
    case "vector":
      return vector(type.length);
    case "list":
      return list(declare(type.of));
    case "set":
      return set(declare(type.of) as AnyScalar);
    case "map":
      return map(declare(type.key) as AnyMapKey, declare(type.value));
    case "struct":
      return struct(Object.fromEntries(type.fields.map((f) => [f.name, f.nullable ? nullable(declare(f.type)) : declare(f.type)])));
  }
}

/** A table, pushed rows, and a plain and a windowed view of each. */
function defineViews({ types }: Sample, file: string) {
  const columns = Object.fromEntries(types.map((type, i) => [`c${i}`, nullable(declare(type))]));
  const table = parquet("facts", { path: file, eventTime: "ts", columns });
  const pushed = push("events", { eventTime: "ts", columns });
  const features = Object.fromEntries(types.map((type, i) => [`c${i}`, declare(type)]));
  const folds = Object.fromEntries(
    types.flatMap((_, i) => [
      [`last_${i}`, last(`c${i}` as never)],
      [`first_${i}`, firstN(`c${i}` as never, 2)],
      [`newest_${i}`, lastN(`c${i}` as never, 2)],
    ]),
  );
  const view = (name: string, source: unknown, own: unknown): AnyView =>
    Reflect.apply(featureView, undefined, [name, { entities: [customer], source }, own]);
  return {
    pushed,
    views: [
      view("table_rows", table, features),
      view("table_windows", table, folds),
      view("pushed_rows", pushed, features),
      view("pushed_windows", pushed, folds),
    ],
  };
}

/** What every view must give for a key, by feature. */
function expectedRow({ types, rows }: Sample, key: number): Readonly<Record<string, { readonly type: ValueType; readonly value: Value }>> {
  const own = rows.filter((row) => row.key === key);
  const plain = types.map((type, i) => [`c${i}`, { type, value: own.at(-1)?.values[i] ?? null }] as const);
  const folded = types.flatMap((type, i) => {
    const present = own.map((row) => row.values[i] ?? null).filter((value) => value !== null);
    const lists: ValueType = { kind: "list", of: type };
    return [
      [`last_${i}`, { type, value: present.at(-1) ?? null }],
      [`first_${i}`, { type: lists, value: present.slice(0, 2) }],
      [`newest_${i}`, { type: lists, value: present.slice(-2) }],
    ] as const;
  });
  const named = [...plain, ...folded];
  return Object.fromEntries([
    ...named.map(([name, value]) => [`${name.startsWith("c") ? "table_rows" : "table_windows"}__${name}`, value] as const),
    ...named.map(([name, value]) => [`${name.startsWith("c") ? "pushed_rows" : "pushed_windows"}__${name}`, value] as const),
  ]);
}

function assertSame(type: ValueType, actual: Value | undefined, expected: Value, where: string): void {
  const show = (value: Value | undefined): string => (value === undefined ? "nothing" : JSON.stringify(valueToJson(type, value)));
  const same = actual !== undefined && equalValues(type, actual, expected);
  assert.ok(same, `${where}, ${printType(type)}: ${show(actual)} instead of ${show(expected)}`);
}

/** Writes the table with asof's own writer. */
async function writeTable({ session }: Process, { types, rows }: Sample, file: string): Promise<void> {
  const columns: readonly ColumnInfo[] = [
    { name: "id", type: { kind: "int64", as: "number" } },
    { name: "ts", type: { kind: "timestamp" } },
    ...types.map((type, i) => ({ name: `c${i}`, type })),
  ];
  const plan = { spine: { timeColumn: "ts", keys: [] }, views: [], knowledge: "event", bounds: false } as const;
  const spine = { kind: "rows", columns, rows: rows.map((row) => [row.key, at(row.ts), ...row.values]) } as const;
  await using result = await session.runtime.offline.retrieve(plan, spine);
  await result.write(file, "parquet", null);
}

async function checkSample(kind: (typeof storeKinds)[number], sample: Sample): Promise<void> {
  await using project = new Project({ kind });
  const process = await project.process();
  const file = join(project.folder, "facts.parquet");
  await writeTable(process, sample, file);
  const { pushed, views } = defineViews(sample, file);
  await project.apply(process, Object.fromEntries(views.map((view) => [view.name, view])));
  await process.store.materializeIncremental();
  const rows = sample.rows.map(({ key, ts, values }) => ({ id: key, ts, ...Object.fromEntries(values.map((v, i) => [`c${i}`, v])) }));
  await process.store.push(pushed as never, rows);
  const entities = keys.map((id) => ({ id }));
  const online = await process.store.getOnlineFeatures({ features: views, entities: entities as never, fullFeatureNames: true } as never);
  const spine = keys.map((id) => ({ id, event_timestamp: project.clock.nowUs() }));
  const training = () => process.store.getHistoricalFeatures({ features: views, spine, fullFeatureNames: true } as never);
  await using trained = await training();
  const offline = await collect(trained.rows());
  const saved = join(project.folder, "training.parquet");
  await trained.writeParquet(saved);
  await using again = await process.store.getHistoricalFeatures({
    features: views.slice(0, 1),
    spine: { sql: `SELECT * EXCLUDE (event_timestamp), event_timestamp FROM read_parquet('${saved}')` },
  } as never);
  const passedOn = await collect(again.rows());
  for (const [i, key] of keys.entries()) {
    for (const [name, { type, value }] of Object.entries(expectedRow(sample, key))) {
      const [view = "", feature = ""] = name.split("__");
      const answer: unknown = Reflect.get(Object(Reflect.get(Object(online.rows[i]), view)), feature);
      assertSame(type, normalizeValue(type, true, answer, name), value, `${kind} online, key ${key}, ${name}`);
      assertSame(type, (offline[i] as Readonly<Record<string, Value>>)[name], value, `training, key ${key}, ${name}`);
      const passed = normalizeValue(type, true, (passedOn[i] as Readonly<Record<string, unknown>>)[name], name);
      assertSame(type, passed, value, `saved and read as a spine, key ${key}, ${name}`);
    }
  }
}

describe("values of random nested types", () => {
  for (const kind of storeKinds) {
    test(`are the same in TypeScript, Parquet, DuckDB, training rows and online rows (${kind})`, async () => {
      for (const seed of times(6, (i) => i)) {
        const sample = randomSample(seededRandom(`nested ${kind} ${seed}`), kind);
        try {
          await checkSample(kind, sample);
        } catch (error) {
          throw new Error(`seed "nested ${kind} ${seed}": ${await smallest(kind, sample, error)}`, { cause: error });
        }
      }
    });
  }

  test("come back from packed rows and from Feast's Value", () => {
    for (let seed = 0; seed < 400; seed++) {
      const random = seededRandom(`nested bytes ${seed}`);
      const types = times(int(random, 1, 4), () => anyType(random, 3));
      const values = types.map((type) => (chance(random, 0.1) ? null : anyValue(random, type)));
      const codec = compileRowCodec(types);
      const decoded = codec.decode(codec.encode(values));
      const [some = null] = codec.select([types.length - 1])(codec.encode(values));
      for (const [i, type] of types.entries()) {
        const value = values[i] ?? null;
        assertSame(type, decoded[i], value, `seed ${seed}, packed`);
        if (i === types.length - 1) assertSame(type, some, value, `seed ${seed}, selected`);
        // Feast keeps whole seconds.
        const inSeconds = wholeSeconds(type);
        const given = anyValue(random, inSeconds);
        const bytesOfFeast = compileFeastValueWriter(inSeconds)(given);
        assertSame(inSeconds, compileFeastValueReader(inSeconds)(bytesOfFeast), given, `seed ${seed}, Feast`);
      }
    }
  });
});

function wholeSeconds(type: ValueType): ValueType {
  switch (type.kind) {
    case "timestamp":
      return { kind: "timestamp", precision: "s" };
    case "list":
    case "set":
      return { ...type, of: wholeSeconds(type.of) };
    case "map":
      return { ...type, key: wholeSeconds(type.key), value: wholeSeconds(type.value) };
    case "struct":
      return { ...type, fields: type.fields.map((field) => ({ ...field, type: wholeSeconds(field.type) })) };
    default:
      return type;
  }
}

/** The first column that fails alone, else the whole sample, with what it says. */
async function smallest(kind: (typeof storeKinds)[number], { types, rows }: Sample, error: unknown): Promise<string> {
  for (const [i, type] of types.entries()) {
    const alone: Sample = { types: [type], rows: rows.map((row) => ({ ...row, values: [row.values[i] ?? null] })) };
    try {
      await checkSample(kind, alone);
    } catch (own) {
      return `${printType(type)} alone: ${String(own)}`;
    }
  }
  return `${types.map(printType).join(", ")}: ${String(error)}`;
}
