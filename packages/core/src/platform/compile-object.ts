import { internName } from "./intern-name.ts";

/** Makes an object from the values at its properties' places; a place without a value is null. */
export type ObjectMaker<T> = (values: readonly (T | undefined)[]) => Record<string, T | null>;

/** Makers by their source: the engine compiles a function the better the longer it is used, and every registry version asks anew. */
const known = new Map<string, unknown>();

/** Far more than a registry has of views that are asked for at once. */
const knownMax = 10_000;

/**
 * Compiles the making of objects with these properties, in this order, each from its place among the values given. As an object literal
 * that is put together once, it takes a quarter of the time of assigning one property after the other. Where the process may not make
 * code from text (`--disallow-code-generation-from-strings`), properties are assigned.
 */
export function compileObject<T>(names: readonly string[], places: readonly number[]): ObjectMaker<T> {
  // In brackets, `__proto__` is a property like any other.
  const properties = names.map((name, i) => `${name === "__proto__" ? `["${name}"]` : JSON.stringify(name)}: values[${places[i]}] ?? null`);
  const source = `return (values) => ({ ${properties.join(", ")} });`;
  const found = known.get(source);
  if (found !== undefined) return found as ObjectMaker<T>;
  if (known.size >= knownMax) known.clear();
  const maker = makerFrom<T>(source) ?? assigningMaker<T>(names, places);
  known.set(source, maker);
  return maker;
}

/** The source has nothing but texts in JSON and numbers from outside. */
function makerFrom<T>(source: string): ObjectMaker<T> | null {
  try {
    return new Function(source)();
  } catch (error) {
    if (error instanceof EvalError) return null;
    throw error;
  }
}

function assigningMaker<T>(names: readonly string[], places: readonly number[]): ObjectMaker<T> {
  const interned = names.map(internName);
  // A copy has all properties, so that assigning to `__proto__` does not set the prototype.
  const empty: Readonly<Record<string, T | null>> = Object.fromEntries(interned.map((name) => [name, null]));
  return (values) => {
    const object = { ...empty };
    for (let i = 0; i < interned.length; i++) object[interned[i] ?? ""] = values[places[i] ?? -1] ?? null;
    return object;
  };
}
