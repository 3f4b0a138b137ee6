import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileRowCodec } from "./codec.ts";
import { valueFromJson, valueFromText, valueToJson } from "./json.ts";
import { normalizeValue } from "./normalize.ts";
import { printType, structType, type Value, type ValueType } from "./type.ts";

const string: ValueType = { kind: "string" };
const float64: ValueType = { kind: "float64" };
const int64: ValueType = { kind: "int64", as: "bigint" };
const json: ValueType = { kind: "json" };
const tags: ValueType = { kind: "set", of: string };
const scores: ValueType = { kind: "map", key: string, value: float64 };
const counts: ValueType = { kind: "map", key: int64, value: { kind: "bool" } };
const vector: ValueType = { kind: "vector", length: 3 };
const address = structType([
  { name: "zip", type: string, nullable: true },
  { name: "city", type: string, nullable: false },
]);
const profile = structType([
  { name: "address", type: address, nullable: false },
  { name: "rows", type: { kind: "list", of: structType([{ name: "x", type: float64, nullable: false }]) }, nullable: true },
]);

describe("the normal form", () => {
  const sound: readonly (readonly [string, ValueType, unknown, Value])[] = [
    ["a set of an array", tags, ["b", "a", "b"], ["a", "b"]],
    ["a set of a Set", tags, new Set(["é", "Z"]), ["Z", "é"]],
    ["a set with zeros and NaN", { kind: "set", of: float64 }, [Number.NaN, 0, -0, Number.NaN, -1], [-1, 0, Number.NaN]],
    ["a set of a typed array", { kind: "set", of: { kind: "int32" } }, Int32Array.of(3, 1, 3), [1, 3]],
    [
      "a map of a Map",
      scores,
      new Map([
        ["b", 1],
        ["a", null],
      ]),
      new Map<Value, Value>([
        ["a", null],
        ["b", 1],
      ]),
    ],
    [
      "a map of pairs",
      counts,
      [
        [2, true],
        [1n, null],
      ],
      new Map<Value, Value>([
        [1n, null],
        [2n, true],
      ]),
    ],
    [
      "a map of an object",
      scores,
      { b: 1, a: 2 },
      new Map<Value, Value>([
        ["a", 2],
        ["b", 1],
      ]),
    ],
    ["a struct", address, { zip: null, city: "Oslo" }, { city: "Oslo", zip: null }],
    ["a struct without prototype", address, Object.assign(Object.create(null), { zip: undefined, city: "" }), { city: "", zip: null }],
    ["a vector of a typed array", vector, Float32Array.of(1, 0.1, -0), [1, Math.fround(0.1), 0]],
    ["a vector rounded", vector, [0.1, Number.NaN, Number.POSITIVE_INFINITY], [Math.fround(0.1), Number.NaN, Number.POSITIVE_INFINITY]],
    ["json as it is", json, ' {"b":1,"a": 1.50}', ' {"b":1,"a": 1.50}'],
    ["json with a pair of surrogates", json, '"\\ud83d\\ude00\\\\ud800"', '"\\ud83d\\ude00\\\\ud800"'],
    ["whole seconds", { kind: "timestamp", precision: "s" }, -1, -1_000_000],
  ];
  for (const [name, type, given, expected] of sound) {
    test(name, () => {
      const value = normalizeValue(type, false, given, "x");
      assert.deepEqual(value, expected);
      if (value instanceof Map && expected instanceof Map) assert.deepEqual([...value], [...expected]);
    });
  }

  test("a struct is frozen, its fields in code-point order", () => {
    const value = normalizeValue(address, false, { zip: "1", city: "x" }, "x");
    assert.ok(Object.isFrozen(value));
    assert.deepEqual(Object.keys(Object(value)), ["city", "zip"]);
  });

  const refused: readonly (readonly [string, ValueType, unknown, string, RegExp])[] = [
    ["a null in a set", tags, ["a", null], "x[1]", /x\[1\] is null/],
    ["a set of text", tags, "ab", "x", /Give an array or a Set/],
    [
      "a key twice",
      counts,
      [
        [1, true],
        [1n, false],
      ],
      "x",
      /has the key 1n? twice/,
    ],
    ["a null key", scores, [[null, 1]], "the key x[null]", /is null/],
    ["a map of numbers", scores, [1, 2], "x", /\[key, value\] pairs/],
    ["text for a number in a map", scores, { a: "1" }, 'x["a"]', /the text "1"/],
    ["an object where keys are integers", counts, { 1: true }, 'the key x["1"]', /the text "1"/],
    [
      "a missing field",
      profile,
      { address: { zip: "1" }, rows: null },
      "x.address.city",
      /x\.address has no field "city", but its struct has one of type string/,
    ],
    ["a missing nullable field", address, { city: "x" }, "x.zip", /Give zip: null/],
    ["an unknown field", address, { city: "x", zip: null, street: "y" }, "x.street", /has a field "street"/],
    [
      "a null where a field has none",
      profile,
      { address: { city: null, zip: null }, rows: null },
      "x.address.city",
      /x\.address\.city is null/,
    ],
    [
      "deep in a list",
      profile,
      { address: { city: "", zip: null }, rows: [{ x: 1 }, { x: "1" }] },
      "x.rows[1].x",
      /x\.rows\[1\]\.x is the text "1"/,
    ],
    ["an array for a struct", address, ["x"], "x", /an array of 1/],
    ["a Map for a struct", address, new Map(), "x", /an object \(Map\)/],
    ["too few numbers", vector, [1, 2], "x", /x has 2 numbers, but vector\(3\) has 3/],
    ["a null in a vector", vector, [1, null, 2], "x[1]", /x\[1\] is null/],
    ["a number beyond float32", vector, [1, 2, 1e300], "x[2]", /float32/],
    ["json that ends early", json, '{"a":', "x", /parses/],
    ["json of nothing", json, "", "x", /parses/],
    ["NaN as json", json, "[NaN]", "x", /parses/],
    ["half a pair in json", json, '"\\ud800"', "x", /lone surrogate/],
    ["data for json", json, { a: 1 }, "x", /JSON\.stringify/],
    ["an instant before all seconds", { kind: "timestamp", precision: "s" }, -Number.MAX_SAFE_INTEGER, "x", /1684/],
  ];
  for (const [name, type, given, path, message] of refused) {
    test(`${name} is refused`, () => {
      assert.throws(() => normalizeValue(type, false, given, "x"), { code: "ASOF_VALUE_INVALID", path, message });
    });
  }
});

describe("JSON", () => {
  test("has the documented forms", () => {
    assert.deepEqual(valueToJson(tags, ["a"]), ["a"]);
    assert.deepEqual(
      valueToJson(
        counts,
        new Map([
          [1n, true],
          [2n, null],
        ]),
      ),
      { 1: true, 2: null },
    );
    assert.deepEqual(valueToJson({ kind: "map", key: { kind: "timestamp" }, value: int64 }, new Map([[0, 1n]])), {
      "1970-01-01T00:00:00Z": "1",
    });
    assert.deepEqual(valueToJson(address, { city: "x", zip: null }), { city: "x", zip: null });
    assert.deepEqual(valueToJson(vector, [Number.NaN, 1, -0]), ["NaN", 1, 0]);
    assert.equal(valueToJson(json, '{"a": 1}'), '{"a": 1}');
  });

  test("is read with keys as text, as pairs, and as data", () => {
    assert.deepEqual(valueFromJson({ kind: "map", key: { kind: "bool" }, value: int64 }, true, { true: "5" }, "x"), new Map([[true, 5n]]));
    assert.deepEqual(valueFromJson(counts, true, [["1", true]], "x"), new Map([[1n, true]]));
    assert.equal(valueFromJson(json, true, { a: [1] }, "x"), '{"a":[1]}');
    assert.equal(valueFromJson(json, true, "null", "x"), "null");
    assert.equal(valueFromJson(json, true, null, "x"), null);
    assert.throws(() => valueFromJson(counts, true, { 1: true, "+1": true }, "x"), { code: "ASOF_VALUE_INVALID", message: /twice/ });
    assert.throws(() => valueFromJson(profile, true, { address: { city: "a", zip: 1 }, rows: null }, "x"), { path: "x.address.zip" });
    assert.deepEqual(valueFromText(address, '{"city":"x","zip":null}', "x"), { city: "x", zip: null });
    assert.deepEqual(valueFromText(vector, "[1, 2, 3]", "x"), [1, 2, 3]);
    assert.equal(valueFromText(json, "[1 ]", "x"), "[1 ]");
  });
});

test("packed rows are stored: their bytes never change", () => {
  const types = [
    vector,
    json,
    { kind: "map", key: { kind: "int32" }, value: string },
    { kind: "set", of: { kind: "int32" } },
    address,
  ] as const;
  const values: readonly Value[] = [
    [1, 0, -2],
    "[]",
    new Map([
      [7, "é"],
      [8, null],
    ]),
    [1, 2],
    { city: "ab", zip: null },
  ];
  const bytes = compileRowCodec(types).encode(values);
  assert.equal(
    Buffer.from(bytes).toString("hex"),
    [
      "00", // no column is null
      "0c000000" + "0e000000" + "2a000000" + "37000000" + "42000000", // ends of the five
      "0000803f" + "00000000" + "000000c0", // the vector's numbers
      "5b5d", // the json's text
      "02000000" + "00" + "07000000" + "08000000", // the map's keys
      "02000000" + "02" + "02000000" + "c3a9" + "00000000", // its values, the second null
      "02000000" + "00" + "01000000" + "02000000", // the set
      "02" + "02000000" + "02000000" + "6162", // the struct: zip is null, ends of both fields, the city
    ].join(""),
  );
  assert.deepEqual(compileRowCodec(types).decode(bytes), values);
});

test("damaged nested values are refused, not misread", () => {
  const codec = compileRowCodec([profile, scores, vector]);
  const bytes = codec.encode([{ address: { city: "x", zip: "1" }, rows: [null, { x: 1 }] }, new Map([["a", 1]]), [1, 2, 3]]);
  for (let length = 0; length < bytes.length; length++)
    assert.throws(() => codec.decode(bytes.slice(0, length)), { code: "ASOF_STORE_FAILED", message: /damaged/ }, `cut at ${length}`);
});

test("types print as they are written", () => {
  assert.equal(
    printType(profile),
    "struct({ address: struct({ city: string, zip: nullable(string) }), rows: nullable(list(struct({ x: float64 }))) })",
  );
  assert.equal(printType(structType([{ name: "a b", type: counts, nullable: false }])), 'struct({ "a b": map(int64, bool) })');
});
