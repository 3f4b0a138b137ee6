import { floorTo, type Random, type Value, type ValueType } from "@asof/core";
import { chance, choose, int, times } from "../random/seeded-random.ts";
import { canonicalMap, canonicalSet } from "./canonical.ts";

const text = ["", "a", "A", "b", "ab", "é", "e\u0301", "\uFB01", "😀", "ÿ", "日本", "it's", "\\", " a", "a\n"];
const bytes = [[], [0], [0, 255], [255], [1, 2], [0x61]].map((list) => Uint8Array.from(list));
const int64s = [0n, 1n, -1n, 7n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 53n + 2n, -(2n ** 53n) - 1n, 2n ** 60n + 1n, -(2n ** 60n) - 1n];
const safeIntegers = [0, 1, -1, 7, 2 ** 40, 2 ** 47 + 1, -(2 ** 47) - 1];
const int32s = [0, 1, -1, 2, 100, 2 ** 31 - 1, -(2 ** 31)];
const floats = [0, -0, 1, -1, 0.1, 0.2, 0.3, -2.25, 1e16, -1e16, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const dates = ["1970-01-01", "1969-12-31", "2024-02-29", "2023-12-31", "0001-01-01", "9999-12-31"];
const uuids = [
  "00000000-0000-0000-0000-000000000000",
  "7fffffff-ffff-4fff-bfff-ffffffffffff",
  "80000000-0000-4000-8000-000000000001",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
];
const jsonTexts = ["null", "0", " 0", '"a"', "[]", '{"a":[1, null]}', '{ "a":[1, null]}'];
const instants = [0, -1, 1, 1_704_067_200_000_000, 1_704_067_200_000_001, -62_135_596_800_000_000];

/** A value of a type from a small domain full of edges, so that ties happen. Never null (elements of lists may be). */
export function randomValue(random: Random, type: ValueType): Value {
  switch (type.kind) {
    case "bool":
      return chance(random, 0.5);
    case "int32":
      return choose(random, int32s);
    case "int64":
      return type.as === "bigint" ? choose(random, int64s) : choose(random, safeIntegers);
    case "float32":
      return Math.fround(choose(random, floats));
    case "float64":
      return choose(random, floats);
    case "string":
      return choose(random, text);
    case "bytes":
      return choose(random, bytes);
    case "timestamp": {
      const us = choose(random, instants);
      return type.precision === undefined ? us : floorTo(us, 1_000_000);
    }
    case "date":
      return choose(random, dates);
    case "decimal":
      return randomDecimal(random, type.precision, type.scale);
    case "uuid":
      return choose(random, uuids);
    case "list":
      return times(int(random, 0, 3), () => (chance(random, 0.2) ? null : randomValue(random, type.of)));
    case "set":
      return canonicalSet(
        type.of,
        times(int(random, 0, 3), () => randomValue(random, type.of)),
      );
    case "map": {
      const pairs = times(int(random, 0, 3), () => [randomValue(random, type.key), maybe(random, type.value)] as const);
      return canonicalMap(type.key, pairs);
    }
    case "struct":
      return Object.freeze(
        Object.fromEntries(type.fields.map((f) => [f.name, f.nullable ? maybe(random, f.type) : randomValue(random, f.type)])),
      );
    case "json":
      return choose(random, jsonTexts);
    case "vector":
      return times(type.length, () => Math.fround(choose(random, floats)));
  }
}

function maybe(random: Random, type: ValueType): Value {
  return chance(random, 0.2) ? null : randomValue(random, type);
}

/** As often as it takes for each to decide something: a zero's sign decides only where a later column disagrees with it. */
const floatPairs: readonly (readonly number[])[] = [
  ...Array.from({ length: 7 }, () => [0, -0]),
  [Number.NaN, 1],
  [Number.NaN, 1],
  [Number.NaN, Number.POSITIVE_INFINITY],
  [0.1, 0.3],
  [1, 2.5],
  [-1, 4],
];

/** Values that a careless comparison confuses or puts the wrong way round. */
const pairs: Readonly<Partial<Record<ValueType["kind"], readonly (readonly Value[])[]>>> = {
  int64: [
    [2n ** 53n, 2n ** 53n + 1n],
    [-(2n ** 53n), -(2n ** 53n) - 1n],
    [2n ** 60n, 2n ** 60n + 1n],
    [2n ** 63n - 1n, -(2n ** 63n)],
    [3n, 8n],
  ],
  float32: floatPairs.map((pair) => pair.map(Math.fround)),
  float64: floatPairs,
  string: [
    ["\uFB01", "😀"],
    ["\uFB01", "😀"],
    ["\uFB01", "😀"],
    ["a", "B"],
    ["é", "z"],
    ["é", "e\u0301"],
    ["", "a"],
  ],
};

/** A few values that the rows of one case share in a column: often a pair that is easily confused. Never null. */
export function randomDomain(random: Random, type: ValueType): readonly Value[] {
  const special = type.kind === "int64" && type.as === "number" ? undefined : pairs[type.kind];
  return special !== undefined && chance(random, 0.85) ? choose(random, special) : times(4, () => randomValue(random, type));
}

/** A plain value, for literals of expressions: no NaN, no infinity, nothing near an overflow. */
export function ordinaryValue(type: ValueType): Value {
  switch (type.kind) {
    case "int64":
      return type.as === "bigint" ? 1n : 1;
    case "int32":
    case "float32":
    case "float64":
      return 1;
    case "string":
      return "a";
    case "bool":
      return true;
    default:
      return simplestValue(type);
  }
}

/** The least interesting value of a type: what shrinking replaces others with. */
export function simplestValue(type: ValueType): Value {
  switch (type.kind) {
    case "bool":
      return false;
    case "int64":
      return type.as === "bigint" ? 0n : 0;
    case "string":
      return "";
    case "bytes":
      return new Uint8Array();
    case "date":
      return "1970-01-01";
    case "decimal":
      return type.scale === 0 ? "0" : `0.${"0".repeat(type.scale)}`;
    case "uuid":
      return "00000000-0000-0000-0000-000000000000";
    case "list":
    case "set":
      return [];
    case "map":
      return new Map();
    case "struct":
      return Object.freeze(Object.fromEntries(type.fields.map((f) => [f.name, f.nullable ? null : simplestValue(f.type)])));
    case "json":
      return "null";
    case "vector":
      return times(type.length, () => 0);
    default:
      return 0;
  }
}

function randomDecimal(random: Random, precision: number, scale: number): string {
  const nines = "9".repeat(precision);
  const digits = choose(random, ["0", "1", "50", "100", nines.slice(0, Math.max(1, precision - 3))]).padStart(scale + 1, "0");
  const point = digits.length - scale;
  const number = `${digits.slice(0, point)}${scale === 0 ? "" : `.${digits.slice(point)}`}`;
  return /[1-9]/.test(number) && chance(random, 0.3) ? `-${number}` : number;
}
