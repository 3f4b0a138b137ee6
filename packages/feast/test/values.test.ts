import assert from "node:assert/strict";
import { test } from "node:test";
import { equalValues, printType, structType, type Value, type ValueType } from "@asof/core";
import { anyValue, chance, everyType, seededRandom } from "@asof/testkit";
import { compileFeastValueReader, compileFeastValueWriter, convertFeastValue, readFeastValue } from "../src/index.ts";
import { list, map, storedTypes } from "./every-type.test.support.ts";
import { fromHex, hex } from "./golden.test.support.ts";

const int64 = { kind: "int64", as: "bigint" } as const;
const text = { kind: "string" } as const;
const timestamp = { kind: "timestamp" } as const;

/** Reads bytes as a type. */
const read = (type: ValueType, bytesHex: string): Value => compileFeastValueReader(type)(fromHex(bytesHex));
const write = (type: ValueType, value: Value): string => hex(compileFeastValueWriter(type)(value));

test("values of every type are read back exactly", () => {
  for (const type of storedTypes) {
    const [toBytes, toValue] = [compileFeastValueWriter(type), compileFeastValueReader(type)];
    for (let seed = 0; seed < 100; seed++) {
      const random = seededRandom(`${printType(type)} ${seed}`);
      const value = chance(random, 0.1) ? null : anyValue(random, type);
      const bytes = toBytes(value);
      const message = `${printType(type)}, seed ${seed}`;
      assert.ok(equalValues(type, toValue(bytes), value), message);
      assert.ok(equalValues(type, convertFeastValue(type, readFeastValue(bytes), "v"), value), `${message}, converted`);
      const again = toBytes(toValue(bytes));
      assert.deepEqual(toBytes(toValue(again)), again, `${message}, written again`);
    }
  }
});

test("null is no bytes; NaN and empty bytes, which Feast would drop, are real values", () => {
  for (const type of everyType) {
    assert.equal(write(type, null), "");
    assert.equal(read(type, ""), null);
  }
  assert.equal(write({ kind: "float64" }, Number.NaN), "29000000000000f87f");
  assert.equal(write({ kind: "float32" }, Number.NaN), "350000c07f");
  assert.equal(write({ kind: "bytes" }, new Uint8Array()), "0a00");
  assert.deepEqual(read({ kind: "bytes" }, "0a00"), new Uint8Array());
  assert.ok(Number.isNaN(read({ kind: "float64" }, "29000000000000f87f")));
});

test("−0 is read as 0, as asof has only one zero", () => {
  assert.ok(Object.is(read({ kind: "float64" }, "290000000000000080"), 0));
  assert.ok(Object.is(read({ kind: "float32" }, "3500000080"), 0));
});

test("a timestamp finer than a second is refused, NaT is null", () => {
  const message = /\[ASOF_VALUE_INVALID\] v:at is 1000001 µs since 1970, finer than the whole seconds that Feast keeps/;
  assert.throws(() => compileFeastValueWriter(timestamp, "v:at")(1_000_001), { code: "ASOF_VALUE_INVALID", message });
  assert.throws(() => compileFeastValueWriter({ kind: "list", of: timestamp })([-1]), { code: "ASOF_VALUE_INVALID" });
  assert.equal(read(timestamp, "4080808080808080808001"), null);
  assert.throws(() => read(timestamp, "40ffffffffffffffff7f"), { code: "ASOF_VALUE_INVALID", message: /1684 to 2255/ });
});

test("lists with nulls become lists of values; among timestamps a null is Feast's NaT", () => {
  assert.equal(write({ kind: "list", of: int64 }, [1n, null]), "d202060a0220010a00");
  assert.deepEqual(read({ kind: "list", of: int64 }, "d202060a0220010a00"), [1n, null]);
  const withNull = write({ kind: "list", of: timestamp }, [0, null]);
  assert.equal(withNull, "92010d0a0b0080808080808080808001");
  assert.deepEqual(read({ kind: "list", of: timestamp }, withNull), [0, null]);
});

test("a date is the timestamp of its midnight", () => {
  assert.equal(write({ kind: "date" }, "1970-01-02"), write(timestamp, 86_400_000_000));
  assert.equal(read({ kind: "date" }, write(timestamp, -86_400_000_000)), "1969-12-31");
  assert.throws(() => read({ kind: "date" }, write(timestamp, 1_000_000)), { code: "ASOF_VALUE_INVALID", message: /midnight/ });
});

const pair = structType([
  { name: "a", type: text, nullable: true },
  { name: "b", type: { kind: "int32" }, nullable: false },
]);

/** Stored type and value, the type they are read as, what is read; an error's code where nothing may be. */
const conversions: readonly (readonly [ValueType, Value, ValueType, Value | { readonly code: string }])[] = [
  [{ kind: "int32" }, -7, int64, -7n],
  [int64, 7n, { kind: "int32" }, 7],
  [int64, 2n ** 31n, { kind: "int32" }, { code: "ASOF_VALUE_INVALID" }],
  [int64, 2n ** 53n, { kind: "int64", as: "number" }, { code: "ASOF_VALUE_INVALID" }],
  [{ kind: "float64" }, 3, int64, 3n],
  [{ kind: "float64" }, 3.5, int64, { code: "ASOF_VALUE_INVALID" }],
  [{ kind: "float32" }, 0.5, { kind: "float64" }, 0.5],
  [{ kind: "float64" }, 0.1, { kind: "float32" }, Math.fround(0.1)],
  [{ kind: "float64" }, 1e300, { kind: "float32" }, { code: "ASOF_VALUE_INVALID" }],
  [{ kind: "int32" }, 3, { kind: "float64" }, 3],
  [text, "1", int64, { code: "ASOF_VALUE_INVALID" }],
  [int64, 1n, text, { code: "ASOF_VALUE_INVALID" }],
  [int64, 1n, { kind: "bool" }, { code: "ASOF_VALUE_INVALID" }],
  [int64, 1n, timestamp, { code: "ASOF_VALUE_INVALID" }],
  [timestamp, 1_000_000, int64, { code: "ASOF_VALUE_INVALID" }],
  [text, "12.5", { kind: "decimal", precision: 10, scale: 2 }, "12.50"],
  [text, "12.555", { kind: "decimal", precision: 10, scale: 2 }, { code: "ASOF_VALUE_INVALID" }],
  [{ kind: "decimal", precision: 10, scale: 2 }, "12.50", { kind: "decimal", precision: 10, scale: 1 }, "12.5"],
  [{ kind: "decimal", precision: 10, scale: 2 }, "12.50", text, "12.50"],
  [text, "12345678-1234-5678-1234-567812345678", { kind: "uuid" }, "12345678-1234-5678-1234-567812345678"],
  [text, "2024-02-29", { kind: "date" }, "2024-02-29"],
  [text, "text", { kind: "bytes" }, { code: "ASOF_VALUE_INVALID" }],
  [list({ kind: "int32" }), [1, null], list(int64), [1n, null]],
  [list(int64), [1n], int64, { code: "ASOF_VALUE_INVALID" }],
  [list(int64), [3n, 1n, 3n], { kind: "set", of: int64 }, [1n, 3n]],
  [list(int64), [3n, null], { kind: "set", of: int64 }, { code: "ASOF_VALUE_INVALID" }],
  [{ kind: "set", of: int64 }, [1n, 3n], list({ kind: "int32" }), [1, 3]],
  [list({ kind: "float64" }), [0.5, 0.1], { kind: "vector", length: 2 }, [0.5, Math.fround(0.1)]],
  [list({ kind: "float32" }), [0.5], { kind: "vector", length: 2 }, { code: "ASOF_VALUE_INVALID" }],
  [{ kind: "vector", length: 1 }, [0.5], list({ kind: "float64" }), [0.5]],
  [map(text, int64), new Map([["a", 1n]]), map(text, { kind: "float64" }), new Map([["a", 1]])],
  [map(int64, text), new Map([[7n, "a"]]), map({ kind: "int32" }, text), new Map([[7, "a"]])],
  [map(int64, text), new Map([[7n, "a"]]), map(text, text), { code: "ASOF_VALUE_INVALID" }],
  [map(text, int64), new Map([["b", 1n]]), pair, { a: null, b: 1 }],
  [map(text, int64), new Map([["a", 1n]]), pair, { code: "ASOF_VALUE_INVALID" }],
  [
    map(text, int64),
    new Map([
      ["b", 1n],
      ["c", 2n],
    ]),
    pair,
    { a: null, b: 1 },
  ],
  [pair, { a: "x", b: 2 }, map(text, int64), { code: "ASOF_VALUE_INVALID" }],
  [list(map(text, int64)), [new Map([["b", 1n]])], list(pair), [{ a: null, b: 1 }]],
  [list(list({ kind: "int32" })), [[1], null], list(list(int64)), [[1n], null]],
  [text, '{"a":1}', { kind: "json" }, '{"a":1}'],
  [text, "{a}", { kind: "json" }, { code: "ASOF_VALUE_INVALID" }],
  [{ kind: "json" }, "[]", text, "[]"],
  [int64, 1n, { kind: "list", of: int64 }, { code: "ASOF_VALUE_INVALID" }],
];

test("what was stored as another type is converted where it means the same, else refused", () => {
  let refused = 0;
  for (const [stored, value, type, expected] of conversions) {
    const bytes = compileFeastValueWriter(stored)(value);
    const title = `${printType(stored)} ${JSON.stringify(value, (_k, v) => (typeof v === "bigint" ? String(v) : v))} as ${printType(type)}`;
    const isRefusal = typeof expected === "object" && expected !== null && "code" in expected;
    if (isRefusal) assert.throws(() => compileFeastValueReader(type, "v:f")(bytes), { ...expected, path: /v:f/ }, title);
    else assert.deepEqual(compileFeastValueReader(type)(bytes), expected, title);
    if (isRefusal) refused++;
  }
  assert.ok(refused > 15 && refused < conversions.length - 20);
});

test("a value of a newer Feast is an error, not null, and the last of several members counts", () => {
  assert.throws(() => read(int64, "9206021234"), { code: "ASOF_STORE_VERSION" });
  assert.equal(read(int64, "2001" + "2002"), 2n);
  assert.equal(read(int64, "1203616263" + "2002"), 2n);
  assert.equal(read(int64, "2002" + "9206021234"), 2n);
  assert.equal(read(int64, "980100"), null, "null_val");
});

test("damaged bytes are refused, not misread", () => {
  for (const type of storedTypes) {
    const random = seededRandom(`damage ${printType(type)}`);
    const bytes = compileFeastValueWriter(type)(anyValue(random, type));
    for (let length = 1; length < bytes.length; length++)
      assert.throws(
        () => compileFeastValueReader(type)(bytes.slice(0, length)),
        { code: "ASOF_STORE_FAILED" },
        `${printType(type)} ${length}`,
      );
  }
  for (const bad of ["20ffffffffffffffffffff01", "2300", "0b", "0aff", "2a0100", "7a020a07"])
    assert.throws(() => read(int64, bad), { code: "ASOF_STORE_FAILED" }, bad);
});

test("a value inside a larger buffer is read in place, and owned by the reader", () => {
  const large = Buffer.alloc(40, 0xee);
  large.set(fromHex("0a03616263"), 7);
  const value = compileFeastValueReader({ kind: "bytes" })(large.subarray(7, 12));
  large.fill(0);
  assert.deepEqual(value, new Uint8Array([0x61, 0x62, 0x63]));
});
