import assert from "node:assert/strict";
import { test } from "node:test";
import { AsofError, normalizeValue, structType, type Value, type ValueType } from "@asof/core";
import {
  coerceLikeFeast,
  compileFeastKeyEncoder,
  compileFeastValueReader,
  compileFeastValueWriter,
  feastTypes,
  guessedType,
  readFeastValue,
} from "../src/index.ts";
import { fromHex, hex, readGolden } from "./golden.test.support.ts";

interface ValueCase {
  readonly type: string;
  readonly python: unknown;
  readonly python_type: string;
  readonly field?: string | null;
  readonly hex?: string;
  readonly sdk_python?: unknown;
  readonly error?: string;
  readonly order_not_guaranteed?: boolean;
}

const int64: ValueType = { kind: "int64", as: "bigint" };
const text: ValueType = { kind: "string" };
const seconds: ValueType = { kind: "timestamp", precision: "s" };
const list = (of: ValueType): ValueType => ({ kind: "list", of });
const set = (of: ValueType): ValueType => ({ kind: "set", of });
const map = (key: ValueType, value: ValueType): ValueType => ({ kind: "map", key, value });
const decimal = (scale: number): ValueType => ({ kind: "decimal", precision: 20, scale });

/** asof's type for one of Feast's; by the value where Feast's says less. Null where asof has none. */
function typeOf(name: string, python: unknown): ValueType | null {
  const scalars: Readonly<Record<string, ValueType>> = {
    BOOL: { kind: "bool" },
    INT32: { kind: "int32" },
    INT64: int64,
    FLOAT: { kind: "float32" },
    DOUBLE: { kind: "float64" },
    STRING: text,
    BYTES: { kind: "bytes" },
    IMAGE_BYTES: { kind: "bytes" },
    PDF_BYTES: { kind: "bytes" },
    UNIX_TIMESTAMP: seconds,
    ZONED_TIMESTAMP: seconds,
    JSON: { kind: "json" },
    UUID: { kind: "uuid" },
    TIME_UUID: { kind: "uuid" },
  };
  const scalar = scalars[name] ?? (name === "DECIMAL" ? decimal(scaleOf(python)) : undefined);
  if (scalar !== undefined) return scalar;
  const element = name.replace(/_(LIST|SET)$/, "");
  const inner = element === name ? undefined : (scalars[element] ?? (element === "DECIMAL" ? decimal(scaleOf(python)) : undefined));
  if (inner !== undefined) return name.endsWith("_LIST") ? list(inner) : set(inner);
  if (["MAP", "STRUCT", "MAP_LIST", "STRUCT_LIST", "VALUE_LIST", "VALUE_SET"].includes(name))
    return shapeOf(python, name.startsWith("STRUCT"));
  if (name === "SCALAR_MAP")
    return python !== null && JSON.stringify(python).includes("true") ? map({ kind: "bool" }, int64) : map(int64, text);
  return null;
}

/** Digits behind the point of the longest of the decimals in a value. */
function scaleOf(python: unknown): number {
  return Math.max(...[...JSON.stringify(python).matchAll(/"-?\d+(?:\.(\d+))?"/g)].map(([, fraction]) => fraction?.length ?? 0));
}

/** A dict is a map where its values have one type, and a struct where Feast says so or where they differ. */
function shapeOf(python: unknown, isStruct: boolean): ValueType {
  if (typeof python === "number") return Number.isInteger(python) ? int64 : { kind: "float64" };
  if (typeof python === "string") return text;
  if (Array.isArray(python)) return list(shapeOf(python[0], isStruct));
  const fields = Object.entries(python ?? {}).map(([name, value]) => ({ name, type: shapeOf(value, false), nullable: false }));
  const [first] = fields;
  const isMixed = fields.some(({ type }) => type.kind !== first?.type.kind);
  return isStruct || isMixed ? structType(fields) : map(text, first?.type ?? text);
}

/** A Python value of the vectors as a plain JavaScript one. */
function plain(python: unknown): unknown {
  if (Array.isArray(python)) return python.map(plain);
  if (typeof python !== "object" || python === null) return python;
  const [[tag, content] = ["", null], ...others] = Object.entries(python);
  if (others.length > 0 || tag === "") return Object.fromEntries(Object.entries(python).map(([key, value]) => [key, plain(value)]));
  switch (tag) {
    case "int":
      return BigInt(String(content));
    case "float":
      return Number(String(content).replace("inf", "Infinity"));
    case "bytes_b64":
      return new Uint8Array(Buffer.from(String(content), "base64"));
    case "datetime":
      return new Date(/[+Z]|-\d\d:\d\d$/.test(String(content).slice(10)) ? String(content) : `${content}Z`);
    case "uuid":
    case "decimal":
      return content;
    case "set":
      return plain(content);
    case "map":
      return new Map(plain(content) as [unknown, unknown][]);
    default:
      return Object.fromEntries([[tag, plain(content)]]);
  }
}

/** Vectors that asof reads, and of which it writes other bytes of the same meaning. */
const writtenDifferently: Readonly<Record<string, string>> = {
  "DOUBLE 0": "asof has one zero: −0 is read as 0",
  'ZONED_TIMESTAMP {"datetime":"2024-01-02T03:04:05-07:00"}': "a timestamp has no zone",
  'ZONED_TIMESTAMP {"datetime":"2024-01-02T00:00:00+00:00"}': "a timestamp has no zone",
  'TIME_UUID {"uuid":"00000000-0000-0000-0000-000000000001"}': "every UUID is a UUID",
  'MAP {"a":1,"b":"x"}': "a map of values of several types is a struct",
  "VALUE_SET [[1,2],[3]]": "sets have scalars; a set of lists is read as a list of lists",
  'DECIMAL_LIST [{"decimal":"1"},{"decimal":"-2.50"}]': "decimals of one type have as many digits behind the point",
};

const { cases } = readGolden<{ cases: readonly ValueCase[] }>("values.json");

/** What the vector's value is in asof, as Feast's SDK takes it. */
function valueOfCase({ type: name, python, python_type }: ValueCase): { type: ValueType | null; value: Value } {
  const native = python_type === "NaTType" ? new Date(Number.NaN) : plain(python);
  if (name === "UNKNOWN") return { type: null, value: coerceLikeFeast(null, native, name) };
  const type = typeOf(name, python);
  if (type === null) throw new AsofError("ASOF_COLUMN_TYPE", `asof has no type for ${name}.`);
  return { type, value: coerceLikeFeast(type, native, name) };
}

test("all 97 values are read and written as Feast does, or refused", () => {
  const outcomes = cases.map((golden, i) => {
    const title = `${i} ${golden.type} ${JSON.stringify(golden.python)}`;
    if (golden.error !== undefined) {
      assert.throws(() => valueOfCase(golden), { name: "AsofError" }, title);
      return "refused";
    }
    const bytes = golden.hex ?? "";
    const { type, value } = valueOfCase(golden);
    const field = readFeastValue(fromHex(bytes))?.type;
    assert.equal(field === undefined ? null : fieldName(field), golden.field, title);
    const known = type ?? (value === null ? text : guessedType(plain(golden.python), title));
    assert.deepEqual(compileFeastValueReader(known)(fromHex(bytes)), normalized(known, value), title);
    const written = hex(compileFeastValueWriter(known)(value));
    if (written === bytes) return "the same bytes";
    assert.deepEqual(compileFeastValueReader(known)(fromHex(written)), normalized(known, value), title);
    return `${golden.type} ${JSON.stringify(golden.python)}`;
  });
  const count = (outcome: string): number => outcomes.filter((each) => each === outcome).length;
  assert.deepEqual([count("the same bytes"), count("refused"), outcomes.length], [86, 4, 97]);
  const different = outcomes.filter((outcome) => outcome !== "the same bytes" && outcome !== "refused");
  assert.deepEqual(different.sort(), Object.keys(writtenDifferently).sort());
});

/** −0 is 0, and a set is sorted. */
function normalized(type: ValueType, value: Value): Value {
  return normalizeValue(type, true, value, "v");
}

function fieldName(type: string): string {
  const names: Readonly<Record<string, string>> = { VALUE_LIST: "list_val", VALUE_SET: "set_val" };
  return names[type] ?? `${type.toLowerCase()}_val`;
}

interface Coercion {
  readonly declared: string;
  readonly value: unknown;
  readonly field: string | null;
  readonly hex_v3?: string;
  readonly error?: string;
}

test("all 19 plain values become entity keys as the SDK makes them, or are refused", () => {
  const { native_value_coercion: coercions } = readGolden<{ native_value_coercion: readonly Coercion[] }>("entity_keys.json");
  const outcomes = coercions.map(({ declared, value, hex_v3, error }) => {
    const title = `${declared} ${JSON.stringify(value)}`;
    const native = plain(value);
    const encode = (): Uint8Array | null => {
      const type = declared === "UNKNOWN" ? guessedType(native, "k") : typeOf(declared, value);
      assert.ok(type !== null, title);
      return compileFeastKeyEncoder([{ name: "k", type }])([coerceLikeFeast(type, native, "k")]);
    };
    if (error === undefined) {
      const bytes = encode();
      assert.equal(bytes === null ? null : hex(bytes), hex_v3, title);
      return "written";
    }
    if (native === null) assert.equal(encode(), null, title);
    else assert.throws(encode, { code: "ASOF_COLUMN_TYPE" }, title);
    return "refused";
  });
  assert.deepEqual([outcomes.length, outcomes.filter((outcome) => outcome === "refused").length], [19, 6]);
});

test("the table of Feast's types is the one of its protos", () => {
  const protos = readGolden<Record<string, { enums?: Record<string, Record<string, number>> }>>("proto_fields.json");
  assert.deepEqual(feastTypes, protos["feast/types/Value.proto"]?.enums?.["feast.types.ValueType.Enum"]);
});
