import { floorTo, type Random, structType, type Value, type ValueType } from "@asof/core";
import { chance, choose, int, times } from "../random/seeded-random.ts";
import { canonicalMap, canonicalSet } from "./canonical.ts";

/** One of each type, with the variants that are stored differently. */
export const everyType: readonly ValueType[] = [
  { kind: "bool" },
  { kind: "int32" },
  { kind: "int64", as: "bigint" },
  { kind: "int64", as: "number" },
  { kind: "float32" },
  { kind: "float64" },
  { kind: "string" },
  { kind: "bytes" },
  { kind: "timestamp" },
  { kind: "date" },
  { kind: "decimal", precision: 10, scale: 2 },
  { kind: "decimal", precision: 18, scale: 18 },
  { kind: "decimal", precision: 38, scale: 0 },
  { kind: "decimal", precision: 38, scale: 9 },
  { kind: "uuid" },
  { kind: "list", of: { kind: "int64", as: "bigint" } },
  { kind: "list", of: { kind: "string" } },
  { kind: "list", of: { kind: "list", of: { kind: "float64" } } },
  { kind: "timestamp", precision: "s" },
  { kind: "set", of: { kind: "string" } },
  { kind: "set", of: { kind: "float64" } },
  { kind: "set", of: { kind: "decimal", precision: 10, scale: 2 } },
  { kind: "map", key: { kind: "string" }, value: { kind: "float64" } },
  { kind: "map", key: { kind: "timestamp" }, value: { kind: "list", of: { kind: "bytes" } } },
  { kind: "map", key: { kind: "int64", as: "bigint" }, value: { kind: "json" } },
  { kind: "json" },
  { kind: "vector", length: 3 },
  structType([
    { name: "b", type: { kind: "timestamp" }, nullable: true },
    { name: "a", type: { kind: "float64" }, nullable: false },
    {
      name: "inner",
      type: structType([
        { name: "tags", type: { kind: "set", of: { kind: "int64", as: "number" } }, nullable: true },
        { name: "A name", type: { kind: "vector", length: 2 }, nullable: true },
      ]),
      nullable: true,
    },
  ]),
  {
    kind: "list",
    of: structType([
      { name: "at", type: { kind: "timestamp" }, nullable: false },
      { name: "scores", type: { kind: "map", key: { kind: "date" }, value: { kind: "set", of: { kind: "bool" } } }, nullable: true },
    ]),
  },
];

const MAX = Number.MAX_SAFE_INTEGER;
const floats = [0, -0, 1, -1, 0.1, -2.5, 1.5, 5e-324, -5e-324, 2 ** 53, 2 ** 63, -(2 ** 63), 1.7976931348623157e308, -1e308];
const specialFloats = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const characters = [..."aAzZ09 '\"\\%_-+.eé\u0301ßßİıΣ\uFB01\uE000\uFFFD日\t\n\0", "😀", "\u{10FFFF}", "\u{10000}"];
const words = ["", " ", "a", "1", "-12", "+7", "3.25", "1e3", "true", "false", "2024-02-29", "NaN", "Straße", "e\u0301", "  x "];

/**
 * A value from the whole range of a type, edges far more often than their share. Never null; elements of lists may be.
 * Unlike `randomValue`, which draws from few values so that ties happen.
 */
export function anyValue(random: Random, type: ValueType): Value {
  switch (type.kind) {
    case "bool":
      return chance(random, 0.5);
    case "int32":
      return chance(random, 0.5) ? choose(random, [0, 1, -1, 2147483647, -2147483648, 46341]) : int(random, -2147483648, 2147483647);
    case "int64":
      return type.as === "number" ? anySafeInteger(random) : anyInt64(random);
    case "float32":
      return Math.fround(anyFloat(random, 3.4028234663852886e38));
    case "float64":
      return anyFloat(random, Number.MAX_VALUE);
    case "string":
      return chance(random, 0.3) ? choose(random, words) : times(int(random, 0, 8), () => choose(random, characters)).join("");
    case "bytes":
      return Uint8Array.from(times(int(random, 0, 6), () => choose(random, [0, 0, 1, 254, 255, int(random, 0, 255)])));
    case "timestamp": {
      const us = chance(random, 0.3)
        ? choose(random, [0, -1, 1, MAX, -MAX, -86_400_000_000, 1_709_164_799_999_999])
        : int(random, -MAX, MAX);
      return type.precision === undefined ? us : Math.max(floorTo(us, 1_000_000), floorTo(1_000_000 - MAX, 1_000_000));
    }
    case "date":
      return anyDate(random);
    case "decimal":
      return anyDecimal(random, type.precision, type.scale);
    case "uuid":
      return anyUuid(random);
    case "list":
      return times(int(random, 0, 4), () => (chance(random, 0.2) ? null : anyValue(random, type.of)));
    case "json":
      return anyJson(random);
    case "set":
    case "map":
    case "struct":
    case "vector":
      return anyNested(random, type);
  }
}

/** In canonical form, which is what the normalizer makes; that it makes the right one is tested elsewhere. */
function anyNested(random: Random, type: ValueType & { readonly kind: "set" | "map" | "struct" | "vector" }): Value {
  const some = (of: ValueType, nulls: number): Value => (chance(random, nulls) ? null : anyValue(random, of));
  switch (type.kind) {
    case "set":
      return canonicalSet(
        type.of,
        times(int(random, 0, 5), () => some(type.of, 0)),
      );
    case "map": {
      const pairs = times(int(random, 0, 4), () => [anyValue(random, type.key), some(type.value, 0.2)] as const);
      return canonicalMap(type.key, pairs);
    }
    case "struct":
      return Object.freeze(Object.fromEntries(type.fields.map((f) => [f.name, some(f.type, f.nullable ? 0.3 : 0)])));
    case "vector":
      return times(type.length, () => Math.fround(anyFloat(random, 3.4028234663852886e38)));
  }
}

/** Texts that say the same in another way are different values. */
function anyJson(random: Random): string {
  return choose(random, [
    "null",
    "true",
    "0",
    " 1 ",
    "-1.50e+2",
    '""',
    '"NaN, ]"',
    '"\\u00e9"',
    '"é😀\\ud83d\\ude00"',
    "[]",
    "[ 1, [null] ]",
    "{}",
    '{"b":1,"a":[{}],"a":"\\\\"}',
    JSON.stringify({ [String(anyValue(random, { kind: "string" }))]: anyValue(random, { kind: "string" }) }),
  ]);
}

function anySafeInteger(random: Random): number {
  if (chance(random, 0.4)) return choose(random, [0, 1, -1, MAX, -MAX, 2 ** 31, -(2 ** 31) - 1, 2 ** 32]);
  return chance(random, 0.5) ? int(random, -100, 100) : int(random, -MAX, MAX);
}

function anyInt64(random: Random): bigint {
  if (chance(random, 0.4))
    return choose(random, [0n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 3037000500n]);
  return chance(random, 0.5) ? BigInt(anySafeInteger(random)) : BigInt.asIntN(64, BigInt(`0x${random.id().slice(0, 16)}`));
}

function anyFloat(random: Random, max: number): number {
  if (chance(random, 0.15)) return choose(random, specialFloats);
  if (chance(random, 0.3)) return choose(random, [...floats.filter((x) => Math.abs(x) <= max), max, -max]);
  if (chance(random, 0.5)) return int(random, -400, 400) / 4;
  return (random.next() - 0.5) * 10 ** int(random, -30, 30);
}

function anyDate(random: Random): string {
  if (chance(random, 0.4))
    return choose(random, ["1970-01-01", "1969-12-31", "2024-02-29", "2000-12-31", "1900-03-01", "0001-01-01", "9999-12-31"]);
  const pad = (value: number, digits: number) => String(value).padStart(digits, "0");
  return `${pad(int(random, 1, 9999), 4)}-${pad(int(random, 1, 12), 2)}-${pad(int(random, 1, 28), 2)}`;
}

function anyDecimal(random: Random, precision: number, scale: number): string {
  const length = choose(random, [1, Math.min(scale + 1, precision), precision, int(random, 1, precision)]);
  const digits = chance(random, 0.3) ? "9".repeat(length) : times(length, () => int(random, 0, 9)).join("");
  const padded = digits.replace(/^0+/, "").padStart(scale + 1, "0");
  const text = scale === 0 ? padded : `${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
  return /[1-9]/.test(text) && chance(random, 0.5) ? `-${text}` : text;
}

function anyUuid(random: Random): string {
  const hex = chance(random, 0.2) ? choose(random, ["0", "f", "7f", "80"]).padEnd(32, "0") : random.id();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
