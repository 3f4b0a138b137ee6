import { isMapKey, isOrderable, type Random, structType, type ValueType } from "@asof/core";
import { choose, chooseWeighted, int, times } from "../random/seeded-random.ts";
import { everyType } from "./any-value.ts";

const scalars = everyType.filter(isOrderable);
const fieldNames = ["a", "b", "key", "value", "A name", 'say "hi"', "x,y", "é", "select"];

/** A type of any kind; `depth` bounds how far it nests. */
export function anyType(random: Random, depth: number): ValueType {
  const inner = (): ValueType => anyType(random, depth - 1);
  const kind = depth <= 0 ? "scalar" : chooseWeighted(random, kinds);
  switch (kind) {
    case "scalar":
      return choose(random, scalars);
    case "json":
      return { kind };
    case "vector":
      return { kind, length: int(random, 1, 4) };
    case "list":
      return { kind, of: inner() };
    case "set":
      return { kind, of: choose(random, scalars) };
    case "map":
      return { kind, key: choose(random, scalars.filter(isMapKey)), value: inner() };
    case "struct":
      return structType(someNames(random).map((name) => ({ name, type: inner(), nullable: random.next() < 0.5 })));
  }
}

const kinds = [
  [2, "scalar"],
  [1, "json"],
  [1, "vector"],
  [3, "list"],
  [2, "set"],
  [3, "map"],
  [4, "struct"],
] as const;

function someNames(random: Random): readonly string[] {
  return [...new Set(times(int(random, 1, 4), () => choose(random, fieldNames)))];
}
