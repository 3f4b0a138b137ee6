import assert from "node:assert/strict";
import { test } from "node:test";
import { anyValue, chance, choose, everyType, int, seededRandom, times } from "@asof/testkit";
import { compareBytes } from "./bytes.ts";
import { decodeEntityKey, encodeEntityKey } from "./key.ts";
import { compareValue } from "./order.ts";
import { isEntityKey, printType } from "./type.ts";

const keyTypes = everyType.filter((type) => isEntityKey(type));

test("keys are injective, keep the order of their parts, and are read back", () => {
  let equalKeys = 0;
  for (let seed = 0; seed < 4000; seed++) {
    const random = seededRandom(`key ${seed}`);
    const types = times(int(random, 1, 3), () => choose(random, keyTypes));
    const a = types.map((type) => anyValue(random, type));
    const b = types.map((type, i) => (chance(random, 0.7) ? (a[i] ?? null) : anyValue(random, type)));
    const [keyA, keyB] = [encodeEntityKey(types, a), encodeEntityKey(types, b)];
    assert.ok(keyA !== null && keyB !== null);
    const message = `seed ${seed}: ${types.map(printType).join(", ")}`;
    assert.deepEqual(decodeEntityKey(types, keyA), a, message);
    const order = types.map((type, i) => Math.sign(compareValue(type, a[i] ?? null, b[i] ?? null))).find((sign) => sign !== 0) ?? 0;
    assert.equal(Math.sign(compareBytes(keyA, keyB)), order, message);
    if (order === 0) equalKeys++;
  }
  assert.ok(equalKeys > 500, `only ${equalKeys} equal keys`);
});

test("parts cannot run into each other", () => {
  const text = { kind: "string" } as const;
  const pairs = [
    [
      ["a", "b"],
      ["ab", ""],
    ],
    [
      ["a\0", "b"],
      ["a", "\0b"],
    ],
    [
      ["", "\0"],
      ["\0", ""],
    ],
  ];
  for (const [a, b] of pairs) assert.notDeepEqual(encodeEntityKey([text, text], a ?? []), encodeEntityKey([text, text], b ?? []));
});

test("a key with a null part is null", () => {
  const types = [{ kind: "int32" }, { kind: "string" }] as const;
  assert.equal(encodeEntityKey(types, [1, null]), null);
  assert.equal(encodeEntityKey(types, [null, "a"]), null);
  assert.equal(encodeEntityKey(types, [1]), null);
});

test("an int64 has one key in either form, and is read in the declared one", () => {
  const asBigint = { kind: "int64", as: "bigint" } as const;
  const asNumber = { kind: "int64", as: "number" } as const;
  for (const value of [0, 1, -1, 2 ** 32, -(2 ** 32) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
    const key = encodeEntityKey([asNumber], [value]);
    assert.deepEqual(key, encodeEntityKey([asBigint], [BigInt(value)]));
    assert.deepEqual(decodeEntityKey([asNumber], key ?? new Uint8Array()), [value]);
    assert.deepEqual(decodeEntityKey([asBigint], key ?? new Uint8Array()), [BigInt(value)]);
  }
  const unsafe = encodeEntityKey([asBigint], [2n ** 60n + 1n]) ?? new Uint8Array();
  assert.throws(() => decodeEntityKey([asNumber], unsafe), { code: "ASOF_VALUE_INVALID" });
});

test("keys are stored: their bytes never change", () => {
  const types = [
    { kind: "string" },
    { kind: "int64", as: "bigint" },
    { kind: "date" },
    { kind: "uuid" },
    { kind: "decimal", precision: 5, scale: 2 },
  ] as const;
  const key = encodeEntityKey(types, ["é\0", -2n, "1970-01-02", "123e4567-e89b-12d3-a456-426614174000", "-1.25"]);
  assert.equal(
    Buffer.from(key ?? []).toString("hex"),
    "c3a900ff0000" + "7ffffffffffffffe" + "80000001" + "123e4567e89b12d3a456426614174000" + "7fffffffffffff83",
  );
});

test("floats and lists are refused, and so are bytes that are left over", () => {
  assert.throws(() => encodeEntityKey([{ kind: "float64" }], [1]), /cannot be part of an entity key/);
  assert.throws(() => encodeEntityKey([{ kind: "list", of: { kind: "bool" } }], [[]]), /cannot be part of an entity key/);
  assert.throws(() => decodeEntityKey([{ kind: "bool" }], new Uint8Array([1, 0])), /too many/);
});
