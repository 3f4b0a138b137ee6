import assert from "node:assert/strict";
import { test } from "node:test";
import type { Value, ValueType } from "@asof/core";
import {
  compileFeastKeyDecoder,
  compileFeastKeyEncoder,
  entityless,
  type FeastJoinKey,
  feastEntityId,
  feastKeyPrefix,
  feastRedisField,
  feastRedisKey,
  feastRedisTimestampField,
} from "../src/index.ts";
import { murmur32 } from "../src/key/murmur.ts";
import { fromHex, hex, readGolden } from "./golden.test.support.ts";

interface KeyCase {
  readonly name: string;
  readonly join_keys: readonly string[];
  readonly values: readonly { readonly field: string | null; readonly value: string | number | boolean | null }[];
  readonly hex_v3?: string;
  readonly prefix_hex_v3?: string;
  readonly entity_id_mmh3_128?: string;
  readonly error?: string;
}

const { cases } = readGolden<{ cases: readonly KeyCase[] }>("entity_keys.json");

/** The type and value of asof that stand for a member of Feast's `Value`. */
function partOf({ field, value }: KeyCase["values"][number]): { type: ValueType; value: Value } {
  switch (field) {
    case "int64_val":
      return { type: { kind: "int64", as: "bigint" }, value: BigInt(String(value)) };
    case "int32_val":
      return { type: { kind: "int32" }, value: Number(value) };
    case "string_val":
      return { type: { kind: "string" }, value: String(value) };
    case "bytes_val":
      return { type: { kind: "bytes" }, value: new Uint8Array(Buffer.from(String(value), "base64")) };
    case "unix_timestamp_val":
      return { type: { kind: "timestamp" }, value: Number(value) * 1_000_000 };
    case "bool_val":
      return { type: { kind: "bool" }, value: value === true };
    case "double_val":
      return { type: { kind: "float64" }, value: Number(value) };
    case "float_val":
      return { type: { kind: "float32" }, value: Number(value) };
    case "uuid_val":
      return { type: { kind: "uuid" }, value: String(value) };
    case "decimal_val":
      return { type: { kind: "decimal", precision: 10, scale: 1 }, value: String(value) };
    case "json_val":
      return { type: { kind: "list", of: { kind: "string" } }, value: [] };
    case "null_val":
    case null:
      return { type: { kind: "int64", as: "bigint" }, value: null };
    default:
      throw new Error(`the vectors have a field ${field} that this test does not know`);
  }
}

function keyOf(golden: KeyCase): { keys: FeastJoinKey[]; values: Value[] } {
  const parts = golden.values.map(partOf);
  return {
    keys: parts.map(({ type }, i) => ({ name: golden.join_keys[i] ?? "", type })),
    values: parts.map(({ value }) => value),
  };
}

/** What asof does where Feast raises. */
const refusals: Readonly<Record<string, string | null>> = {
  duplicate_join_key: "ASOF_NAME_DUPLICATE",
  bool_rejected: "ASOF_COLUMN_TYPE",
  double_rejected: "ASOF_COLUMN_TYPE",
  float_rejected: "ASOF_COLUMN_TYPE",
  uuid_rejected: "ASOF_COLUMN_TYPE",
  decimal_rejected: "ASOF_COLUMN_TYPE",
  json_rejected: "ASOF_COLUMN_TYPE",
  // A null part names no row: no bytes, in all of asof's stores.
  null_val_rejected: null,
  unset_rejected: null,
  second_unset_rejected: null,
};

test("all 51 entity keys are written, cut to their prefix, hashed and read back as Feast does, or refused", () => {
  const outcomes = cases.map((golden) => {
    const { keys, values } = keyOf(golden);
    if (golden.error !== undefined) {
      const code = refusals[golden.name];
      assert.notEqual(code, undefined, `no refusal is declared for ${golden.name}`);
      if (code === null) assert.equal(compileFeastKeyEncoder(keys)(values), null, golden.name);
      else assert.throws(() => compileFeastKeyEncoder(keys), { code }, golden.name);
      return "refused";
    }
    const bytes = compileFeastKeyEncoder(keys)(values);
    assert.ok(bytes !== null);
    assert.equal(hex(bytes), golden.hex_v3, golden.name);
    assert.equal(hex(feastKeyPrefix(golden.join_keys)), golden.prefix_hex_v3, golden.name);
    assert.equal(feastEntityId(bytes), golden.entity_id_mmh3_128, golden.name);
    assert.deepEqual(compileFeastKeyDecoder(keys)(bytes), values, golden.name);
    return "written";
  });
  assert.equal(outcomes.filter((outcome) => outcome === "written").length, 41);
  assert.equal(outcomes.filter((outcome) => outcome === "refused").length, Object.keys(refusals).length);
});

test("all Redis keys, hash fields and timestamp fields are Feast's", () => {
  const golden = readGolden<{
    keys: readonly { entity: string; project: string; redis_key_hex: string }[];
    field_hash: readonly { name: string; mmh3_x86_32_seed0_le_hex: string }[];
    timestamp_fields: readonly { view: string; hex: string }[];
  }>("redis_keys.json");
  assert.deepEqual([golden.keys.length, golden.field_hash.length, golden.timestamp_fields.length], [164, 26, 4]);
  for (const { entity, project, redis_key_hex } of golden.keys) {
    const found = cases.find(({ name }) => name === entity);
    assert.ok(found?.hex_v3 !== undefined, entity);
    assert.equal(hex(feastRedisKey(fromHex(found.hex_v3), project)), redis_key_hex, `${entity} of ${project}`);
  }
  for (const { name, mmh3_x86_32_seed0_le_hex } of golden.field_hash) {
    const colon = name.indexOf(":");
    const [view, feature] = colon < 0 ? [name, null] : [name.slice(0, colon), name.slice(colon + 1)];
    const field = feature === null ? hashField(name) : feastRedisField(view, feature);
    assert.equal(hex(field), mmh3_x86_32_seed0_le_hex, name);
  }
  for (const { view, hex: expected } of golden.timestamp_fields) assert.equal(hex(feastRedisTimestampField(view)), expected);
});

function hashField(text: string): Uint8Array {
  const field = Buffer.alloc(4);
  field.writeUInt32LE(murmur32(Buffer.from(text)));
  return field;
}

test("the key of views without entities is the dummy one", () => {
  const golden = cases.find(({ name }) => name === "dummy_entityless");
  const bytes = compileFeastKeyEncoder([{ name: entityless.joinKey, type: { kind: "string" } }])([entityless.value]);
  assert.equal(bytes === null ? null : hex(bytes), golden?.hex_v3);
});

const int64Key: FeastJoinKey = { name: "driver_id", type: { kind: "int64", as: "bigint" } };

test("what was written does not change when the next key is", () => {
  const encode = compileFeastKeyEncoder([{ name: "k", type: { kind: "string" } }]);
  const first = encode(["a".repeat(1000)]);
  const copy = first?.slice();
  encode(["b".repeat(2000)]);
  encode(["c"]);
  assert.deepEqual(first, copy);
});

test("bytes that are not a key of the entity are refused, not misread", () => {
  const decode = compileFeastKeyDecoder([int64Key]);
  const bytes = compileFeastKeyEncoder([int64Key])([1001n]) ?? new Uint8Array();
  for (let length = 0; length < bytes.length; length++)
    assert.throws(() => decode(bytes.slice(0, length)), { code: "ASOF_STORE_FAILED" }, `cut at ${length}`);
  assert.throws(() => decode(Buffer.concat([bytes, Buffer.alloc(1)])), { code: "ASOF_STORE_FAILED" });
  const other = compileFeastKeyEncoder([{ name: "driver_id", type: { kind: "string" } }])(["12345678"]);
  assert.throws(() => decode(other ?? new Uint8Array()), { code: "ASOF_STORE_FAILED", message: /type 2, not 4/ });
  const named = compileFeastKeyEncoder([{ ...int64Key, name: "driver_ix" }])([1n]);
  assert.throws(() => decode(named ?? new Uint8Array()), { code: "ASOF_STORE_FAILED", message: /driver_id/ });
});

test("a timestamp finer than a second is no key in Feast's form", () => {
  const encode = compileFeastKeyEncoder([{ name: "at", type: { kind: "timestamp" } }]);
  assert.throws(() => encode([1_700_000_000_000_001]), { code: "ASOF_VALUE_INVALID", path: "at" });
});

test("an int64 declared as a number keeps within safe integers", () => {
  const asNumber = compileFeastKeyDecoder([{ name: "driver_id", type: { kind: "int64", as: "number" } }]);
  const encode = compileFeastKeyEncoder([int64Key]);
  for (const value of [0n, -1n, 2n ** 53n - 1n]) assert.deepEqual(asNumber(encode([value]) ?? new Uint8Array()), [Number(value)]);
  assert.throws(() => asNumber(encode([2n ** 53n]) ?? new Uint8Array()), { code: "ASOF_VALUE_INVALID" });
});
