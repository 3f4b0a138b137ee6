import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { anyValue, chance, choose, everyType, int, seededRandom, times } from "@asof/testkit";
import { compareBytes } from "./bytes.ts";
import { equalValues } from "./equality.ts";
import { compareText, compareValue, encodeOrderKey, orderColumns } from "./order.ts";
import { isOrderable, printType, type Value, type ValueType } from "./type.ts";

const scalars = everyType.filter(isOrderable);

describe("compareValue", () => {
  const sorted: readonly (readonly [ValueType, readonly Value[]])[] = [
    [{ kind: "bool" }, [null, false, true]],
    [{ kind: "int32" }, [null, -2147483648, -1, 0, 1, 2147483647]],
    [{ kind: "int64", as: "bigint" }, [null, -(2n ** 63n), -(2n ** 53n) - 1n, -(2n ** 53n), 0n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n]],
    [{ kind: "int64", as: "number" }, [null, -(2 ** 53) + 1, -1, 0, 1, 2 ** 32, 2 ** 53 - 1]],
    [{ kind: "float64" }, [null, Number.NEGATIVE_INFINITY, -1e308, -5e-324, 0, 5e-324, 1, Number.POSITIVE_INFINITY, Number.NaN]],
    [{ kind: "float32" }, [null, Number.NEGATIVE_INFINITY, -1.5, 0, 1e-45, 1.5, Number.POSITIVE_INFINITY, Number.NaN]],
    [
      { kind: "string" },
      [null, "", "\0", "\0a", "A", "a", "a\0", "ab", "b", "é", "\uD7FF", "\uE000", "\uFFFD", "\u{10000}", "😀", "\u{10FFFF}"],
    ],
    [
      { kind: "bytes" },
      [null, [], [0], [0, 0], [0, 1], [0, 255], [1], [255], [255, 255]].map((b) => (b === null ? null : Uint8Array.from(b))),
    ],
    [{ kind: "timestamp" }, [null, -9007199254740991, -1, 0, 1, 9007199254740991]],
    [{ kind: "date" }, [null, "0001-01-01", "1969-12-31", "1970-01-01", "9999-12-31"]],
    [{ kind: "decimal", precision: 5, scale: 2 }, [null, "-999.99", "-10.00", "-9.99", "-0.01", "0.00", "0.01", "9.99", "10.00", "999.99"]],
    [
      { kind: "decimal", precision: 38, scale: 1 },
      [
        null,
        "-9999999999999999999999999999999999999.9",
        "-18446744073709551616.0",
        "0.0",
        "1844674407370955161.6",
        "9999999999999999999999999999999999999.9",
      ],
    ],
    [
      { kind: "uuid" },
      [null, "00000000-0000-0000-0000-000000000000", "7fffffff-0000-0000-0000-000000000000", "80000000-0000-0000-0000-000000000000"],
    ],
    [{ kind: "list", of: { kind: "int32" } }, [null, [], [null], [null, 1], [1], [1, null], [1, 2], [2]]],
  ];
  for (const [type, values] of sorted) {
    test(`puts ${printType(type)} in order`, () => {
      for (const [i, a] of values.entries()) {
        for (const [j, b] of values.entries()) {
          assert.equal(Math.sign(compareValue(type, a, b)), Math.sign(i - j), `${i} ${j}`);
          if (!isOrderable(type)) continue;
          assert.equal(
            Math.sign(compareBytes(encodeOrderKey([type], [a]), encodeOrderKey([type], [b]))),
            Math.sign(i - j),
            `key ${i} ${j}`,
          );
        }
      }
    });
  }

  test("takes −0 as 0, in keys too", () => {
    for (const type of [{ kind: "float32" }, { kind: "float64" }] as const) {
      assert.equal(compareValue(type, -0, 0), 0);
      assert.deepEqual(encodeOrderKey([type], [-0]), encodeOrderKey([type], [0]));
    }
  });

  test("is one order for int64 in either form", () => {
    const type = { kind: "int64", as: "bigint" } as const;
    assert.equal(compareValue(type, 5, 5n), 0);
    assert.equal(compareValue(type, 5, 6n), -1);
    assert.deepEqual(encodeOrderKey([type], [-5]), encodeOrderKey([type], [-5n]));
  });
});

test("text is ordered as its UTF-8 bytes are", () => {
  const random = seededRandom("text");
  for (let i = 0; i < 3000; i++) {
    const [a, b] = times(2, () => String(anyValue(random, { kind: "string" })));
    assert.equal(
      Math.sign(compareText(a ?? "", b ?? "")),
      compareBytes(Buffer.from(a ?? ""), Buffer.from(b ?? "")),
      JSON.stringify([a, b]),
    );
  }
});

test("bytewise order of keys is the order of rows, and equal rows alone have equal keys", () => {
  let ties = 0;
  for (let seed = 0; seed < 4000; seed++) {
    const random = seededRandom(`rows ${seed}`);
    const types = times(int(random, 1, 4), () => choose(random, scalars));
    const a = types.map((type) => (chance(random, 0.15) ? null : anyValue(random, type)));
    // Often equal up to a column, so that later ones decide.
    const b = types.map((type, i) => (chance(random, 0.6) ? (a[i] ?? null) : chance(random, 0.15) ? null : anyValue(random, type)));
    const expected = types.map((type, i) => Math.sign(compareValue(type, a[i] ?? null, b[i] ?? null))).find((order) => order !== 0) ?? 0;
    const equal = types.every((type, i) => equalValues(type, a[i] ?? null, b[i] ?? null));
    const message = `seed ${seed}: ${types.map(printType).join(", ")}`;
    assert.equal(Math.sign(compareBytes(encodeOrderKey(types, a), encodeOrderKey(types, b))), expected, message);
    assert.equal(expected === 0, equal, message);
    if (equal) ties++;
  }
  assert.ok(ties > 100, `only ${ties} ties`);
});

test("what is no scalar has no order key", () => {
  for (const type of everyType.filter((t) => !isOrderable(t))) {
    assert.throws(() => encodeOrderKey([type], [null]), /has no order and no sortable form/, printType(type));
  }
});

test("order columns are the scalars by name in code-point order", () => {
  const names = ["b", "\u{1F600}", "a", "B", "\uFFFD", "_"];
  const columns = [
    ...names.map((name) => ({ name, type: { kind: "bool" } as ValueType })),
    { name: "a1", type: { kind: "list", of: { kind: "bool" } } as ValueType },
  ];
  assert.deepEqual(
    orderColumns(columns).map((c) => c.name),
    ["B", "_", "a", "b", "\uFFFD", "\u{1F600}"],
  );
});
