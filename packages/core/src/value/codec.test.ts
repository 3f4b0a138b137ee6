import assert from "node:assert/strict";
import { test } from "node:test";
import { anyValue, chance, choose, everyType, int, seededRandom, shuffle, times } from "@asof/testkit";
import { compileRowCodec } from "./codec.ts";
import { equalValues } from "./equality.ts";
import { printType, type Value, type ValueType } from "./type.ts";

function randomRow(seed: string): { types: ValueType[]; values: Value[] } {
  const random = seededRandom(seed);
  const types = times(int(random, 0, 20), () => choose(random, everyType));
  return { types, values: types.map((type) => (chance(random, 0.2) ? null : anyValue(random, type))) };
}

test("rows of every type are read back exactly, whole and in parts, behind a header", () => {
  for (let seed = 0; seed < 2000; seed++) {
    const { types, values } = randomRow(`row ${seed}`);
    const codec = compileRowCodec(types);
    const header = seed % 3 === 0 ? 17 : 0;
    const bytes = codec.encode(values, header);
    const message = `seed ${seed}: ${types.map(printType).join(", ")}`;
    assert.equal(codec.encodedLength(bytes, header), bytes.length - header, message);
    const decoded = codec.decode(bytes, header);
    assert.equal(decoded.length, types.length);
    for (const [i, type] of types.entries()) assert.ok(equalValues(type, decoded[i] ?? null, values[i] ?? null), `${message}, column ${i}`);
    const indexes = [...shuffle(seededRandom(seed), [...types.keys()]), -1].slice(0, 5);
    assert.deepEqual(
      codec.select(indexes)(bytes, header),
      indexes.map((i) => decoded[i]),
      message,
    );
  }
});

test("a row inside a larger buffer is read in place", () => {
  const { types, values } = randomRow("row 12");
  const codec = compileRowCodec(types);
  const bytes = codec.encode(values);
  const large = Buffer.alloc(bytes.length + 200, 0xee);
  large.set(bytes, 100);
  assert.deepEqual(codec.decode(large, 100), codec.decode(bytes));
  assert.deepEqual(codec.decode(large.subarray(100)), codec.decode(bytes));
});

test("what was encoded does not change when the next row is", () => {
  const codec = compileRowCodec([{ kind: "string" }, { kind: "bytes" }]);
  const first = codec.encode(["one", new Uint8Array([1])]);
  const [, bytes] = codec.decode(first);
  codec.encode(["other, longer", new Uint8Array([9, 9, 9])]);
  first.fill(0);
  assert.deepEqual(bytes, new Uint8Array([1]));
});

test("−0 is stored as 0", () => {
  for (const kind of ["float32", "float64"] as const) {
    const codec = compileRowCodec([{ kind }]);
    assert.ok(Object.is(codec.decode(codec.encode([-0]))[0], 0));
  }
});

test("int64 honours its declared form, and refuses what does not fit it", () => {
  const asBigint = compileRowCodec([{ kind: "int64", as: "bigint" }]);
  const asNumber = compileRowCodec([{ kind: "int64", as: "number" }]);
  for (const value of [0, -1, 2 ** 32, -(2 ** 32), -(2 ** 32) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
    assert.deepEqual(asNumber.decode(asBigint.encode([BigInt(value)])), [value]);
    assert.deepEqual(asBigint.decode(asNumber.encode([value])), [BigInt(value)]);
  }
  for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)])
    assert.throws(() => asNumber.decode(asBigint.encode([value])), { code: "ASOF_VALUE_INVALID" }, String(value));
});

test("damaged rows are refused, not misread", () => {
  const types = [{ kind: "int32" }, { kind: "string" }, { kind: "list", of: { kind: "string" } }] as const;
  const codec = compileRowCodec(types);
  const bytes = codec.encode([1, "some text", ["a", null, "b"]]);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => codec.decode(bytes.slice(0, length)), { code: "ASOF_STORE_FAILED", message: /damaged/ }, `cut at ${length}`);
  }
});

test("rows are stored: their bytes never change", () => {
  const types = [
    { kind: "bool" },
    { kind: "int32" },
    { kind: "string" },
    { kind: "timestamp" },
    { kind: "decimal", precision: 10, scale: 2 },
    { kind: "list", of: { kind: "int32" } },
  ] as const;
  const bytes = compileRowCodec(types).encode([true, null, "é", 1, "-0.01", [7, null]]);
  assert.equal(
    Buffer.from(bytes).toString("hex"),
    [
      "02", // bitmap: column 1 is null
      "01",
      "00000000",
      "02000000", // end of the text
      "000000000000f03f",
      "ffffffffffffffffffffffffffffffff",
      "0f000000", // end of the list
      "c3a9",
      "02000000" + "02" + "07000000" + "00000000",
    ].join(""),
  );
});
