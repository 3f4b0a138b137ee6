import {
  compileOrderKey,
  encodeEntityKey,
  fieldOf,
  isValueList,
  type KeyBytes,
  type OnlineRow,
  type OnlineStore,
  type OnlineView,
  orderColumns,
  type RowSchema,
  rowSchema,
  type StoredRow,
  type StoredState,
  structType,
  type Value,
  type ValueType,
} from "@asof/core";

/** Views, keys and rows that the cases of the online store contract are made of. */

export const orderSchema: RowSchema = rowSchema([
  { name: "amount", type: { kind: "float64" } },
  { name: "note", type: { kind: "string" } },
]);

export function sampleView(given: {
  readonly project?: string;
  readonly view?: string;
  readonly generation?: number;
  readonly schema?: RowSchema;
  readonly older?: readonly RowSchema[];
}): OnlineView {
  const schema = given.schema ?? orderSchema;
  return {
    project: given.project ?? "shop",
    view: given.view ?? "orders",
    generation: given.generation ?? 1,
    schema,
    schemas: new Map([...(given.older ?? []), schema].map((known) => [known.fingerprint, known])),
  };
}

export function textKey(text: string): KeyBytes {
  const key = encodeEntityKey([{ kind: "string" }], [text]);
  if (key === null) throw new Error("a text key is never null");
  return key;
}

export function numberKey(n: number): KeyBytes {
  const key = encodeEntityKey([{ kind: "int64", as: "number" }], [n]);
  if (key === null) throw new Error("a number key is never null");
  return key;
}

/** A row of the view's current schema with its order key. */
export function sampleRow(
  view: OnlineView,
  key: KeyBytes,
  eventTimeUs: number,
  createdTimeUs: number | null,
  values: readonly Value[],
): OnlineRow {
  const columns = orderColumns(view.schema.features);
  const encode = compileOrderKey(columns.map((column) => column.type));
  const inOrder = columns.map((column) => values[view.schema.features.indexOf(column)] ?? null);
  return { key, eventTimeUs, createdTimeUs, orderKey: encode(inOrder), values };
}

/** Reads rows by key; all features of the current schema unless named. */
export async function readRows(
  store: OnlineStore,
  view: OnlineView,
  keys: readonly (KeyBytes | null)[],
  features: readonly string[] = view.schema.features.map((feature) => feature.name),
): Promise<readonly (StoredRow | null)[]> {
  const [result] = await store.read([{ form: "row", view, features, keys }]);
  if (result?.form !== "row") throw new Error("a request for rows was answered with something else");
  return result.rows;
}

/** The values of one row, null when there is none. */
export async function readValues(store: OnlineStore, view: OnlineView, key: KeyBytes): Promise<readonly (Value | undefined)[] | null> {
  const [row] = await readRows(store, view, [key]);
  return row?.values ?? null;
}

export async function readStates(
  store: OnlineStore,
  view: OnlineView,
  keys: readonly (KeyBytes | null)[],
): Promise<readonly (StoredState | null)[]> {
  const [result] = await store.read([{ form: "state", view, keys }]);
  if (result?.form !== "state") throw new Error("a request for states was answered with something else");
  return result.states;
}

export async function readState(store: OnlineStore, view: OnlineView, key: KeyBytes): Promise<StoredState | null> {
  const [state] = await readStates(store, view, [key]);
  return state ?? null;
}

export async function listAllKeys(store: OnlineStore, view: OnlineView): Promise<KeyBytes[]> {
  const keys: KeyBytes[] = [];
  for await (const page of store.listKeys(view)) keys.push(...page);
  return keys;
}

/** Keys as sortable text, for comparing sets of keys. */
export function keyTexts(keys: readonly KeyBytes[]): string[] {
  return keys.map((key) => Buffer.from(key).toString("hex")).toSorted();
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : new TextDecoder().decode(bytes);
}

/** A state's parts as plain text. */
export function partTexts(state: StoredState | null): Record<string, string | null> | null {
  if (state === null) return null;
  return Object.fromEntries([...state.parts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([part, bytes]) => [part, textOf(bytes)]));
}

/** All orders of a few things. */
export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, i) => permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]));
}

const bigint64: ValueType = { kind: "int64", as: "bigint" };

/** {@link hardValues} as fine as a store keeps them. */
export function hardValuesFor(store: OnlineStore): typeof hardValues {
  if (store.capabilities.timestamps === "microseconds") return hardValues;
  return hardValues.map((sample) => ({ ...sample, values: sample.values.map((value) => inSeconds(sample.type, value)) }));
}

/** The instants that seconds in a signed 53-bit number of microseconds reach. */
const lastSecond = Math.floor(Number.MAX_SAFE_INTEGER / 1_000_000);

/** A value with its timestamps cut to whole seconds. Sets and maps of the samples hold none. */
function inSeconds(type: ValueType, value: Value): Value {
  if (type.kind === "timestamp" && typeof value === "number")
    return Math.max(-lastSecond, Math.min(lastSecond, Math.floor(value / 1_000_000))) * 1_000_000;
  if (type.kind === "list" && isValueList(value)) return value.map((element) => inSeconds(type.of, element));
  if (type.kind !== "struct" || value === null) return value;
  return Object.fromEntries(type.fields.map((field) => [field.name, inSeconds(field.type, fieldOf(value, field.name))]));
}

/** For every value type the values that are easily got wrong. */
const hardValues: readonly { readonly name: string; readonly type: ValueType; readonly values: readonly Value[] }[] = [
  { name: "bool", type: { kind: "bool" }, values: [true, false] },
  { name: "int32", type: { kind: "int32" }, values: [0, -1, 2 ** 31 - 1, -(2 ** 31)] },
  { name: "int64", type: bigint64, values: [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n] },
  { name: "int64_number", type: { kind: "int64", as: "number" }, values: [0, -1, 2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 32, -(2 ** 32) - 1] },
  { name: "float32", type: { kind: "float32" }, values: [0, 1.5, Math.fround(0.1), NaN, Infinity, -Infinity, 1.401298464324817e-45] },
  {
    name: "float64",
    type: { kind: "float64" },
    values: [0, 0.1, NaN, Infinity, -Infinity, Number.MIN_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 53],
  },
  { name: "string", type: { kind: "string" }, values: ["", "a", "\0", "x\0y", "é", "日本語", "👩‍🚀", "\ufffd", "x".repeat(100_000)] },
  {
    name: "bytes",
    type: { kind: "bytes" },
    values: [new Uint8Array(), new Uint8Array([0]), new Uint8Array([255, 0, 1]), new Uint8Array(70_000).fill(7)],
  },
  { name: "timestamp", type: { kind: "timestamp" }, values: [0, -1, 1_700_000_000_123_456, -62_135_596_800_000_000, 2 ** 53 - 1] },
  { name: "date", type: { kind: "date" }, values: ["1970-01-01", "2024-02-29", "1969-12-31", "0001-01-01", "9999-12-31"] },
  { name: "decimal", type: { kind: "decimal", precision: 10, scale: 2 }, values: ["0.00", "-0.01", "99999999.99", "-99999999.99"] },
  {
    name: "decimal_wide",
    type: { kind: "decimal", precision: 38, scale: 10 },
    values: ["0.0000000000", "9999999999999999999999999999.9999999999", "-9999999999999999999999999999.9999999999"],
  },
  { name: "uuid", type: { kind: "uuid" }, values: ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"] },
  { name: "list_int64", type: { kind: "list", of: bigint64 }, values: [[], [null], [1n, null, -(2n ** 63n)]] },
  { name: "list_string", type: { kind: "list", of: { kind: "string" } }, values: [[], [""], ["a", null, "", "日本"]] },
  {
    name: "list_list",
    type: { kind: "list", of: { kind: "list", of: { kind: "float64" } } },
    values: [[], [[]], [[1, null, NaN], null, []]],
  },
  { name: "set_string", type: { kind: "set", of: { kind: "string" } }, values: [[], [""], ["", "Z", "a", "é", "日本"]] },
  { name: "set_float64", type: { kind: "set", of: { kind: "float64" } }, values: [[], [-Infinity, 0, NaN]] },
  {
    name: "map_string",
    type: { kind: "map", key: { kind: "string" }, value: { kind: "float64" } },
    values: [
      new Map(),
      new Map([
        ["", null],
        ["a", NaN],
      ]),
    ],
  },
  {
    name: "map_int64",
    type: { kind: "map", key: bigint64, value: { kind: "list", of: { kind: "string" } } },
    values: [
      new Map(),
      new Map<Value, Value>([
        [-(2n ** 63n), null],
        [2n ** 53n + 1n, ["a", null]],
      ]),
    ],
  },
  { name: "json", type: { kind: "json" }, values: ["null", " 1", '"é\\u0000"', '{"b":[1,2.50],"a":{"b":null}}'] },
  {
    name: "vector",
    type: { kind: "vector", length: 3 },
    values: [
      [0, 1.5, Math.fround(0.1)],
      [NaN, Infinity, -Infinity],
    ],
  },
  {
    name: "struct",
    type: structType([
      { name: "city", type: { kind: "string" }, nullable: false },
      { name: "zip", type: { kind: "string" }, nullable: true },
      { name: "seen", type: { kind: "timestamp" }, nullable: true },
      {
        name: "a b",
        type: { kind: "list", of: structType([{ name: "x", type: { kind: "decimal", precision: 10, scale: 2 }, nullable: true }]) },
        nullable: true,
      },
    ]),
    values: [
      { "a b": null, city: "", seen: null, zip: null },
      { "a b": [], city: "日本", seen: -1, zip: "" },
      { "a b": [null, { x: null }, { x: "-0.01" }], city: "\0", seen: 2 ** 53 - 1, zip: "1" },
    ],
  },
];
