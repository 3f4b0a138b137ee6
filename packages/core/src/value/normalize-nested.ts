import { AsofError, printValue } from "../error/error.ts";
import { jsonFault } from "./json-text.ts";
import { valueComparison } from "./order.ts";
import { refuse } from "./refuse-value.ts";
import { compileStruct } from "./struct.ts";
import { printType, type Value, type ValueType } from "./type.ts";

/** Brings a value into the form of its type; `path` names it in errors. */
export type Normalizer = (value: unknown, path: string) => Value;

/** Makes the normalizer of the types within a type. */
export type CompileNormalizer = (type: ValueType, nullable: boolean) => Normalizer;

/** The normalizer of the present values of a type that is no scalar. */
export function nestedNormalizer(type: ValueType, compile: CompileNormalizer): Normalizer {
  switch (type.kind) {
    case "list":
      return listNormalizer(type, compile(type.of, true));
    case "set":
      return setNormalizer(type, compile(type.of, false));
    case "map":
      return mapNormalizer(type, compile(type.key, false), compile(type.value, true));
    case "struct":
      return structNormalizer(
        type,
        type.fields.map((field) => compile(field.type, field.nullable)),
      );
    case "vector":
      return (value, path) => normalizeVector(type, value, path);
    default:
      return (value, path) => normalizeJson(type, value, path);
  }
}

function listNormalizer(type: ValueType, normalize: Normalizer): Normalizer {
  return (value, path) => {
    if (!Array.isArray(value) && !isTypedArray(value)) return refuse(type, value, path, "Give an array.");
    const elements: ArrayLike<unknown> = value;
    return Array.from(elements, (element, i) => normalize(element, `${path}[${i}]`));
  };
}

function setNormalizer(type: ValueType & { readonly kind: "set" }, normalize: Normalizer): Normalizer {
  const compare = valueComparison(type.of);
  return (value, path) => {
    if (!Array.isArray(value) && !(value instanceof Set) && !isTypedArray(value))
      return refuse(type, value, path, "Give an array or a Set.");
    const elements = Array.from(value, (element: unknown, i) => normalize(element, `${path}[${i}]`)).sort(compare);
    return elements.filter((element, i) => i === 0 || compare(elements[i - 1] ?? null, element) !== 0);
  };
}

function mapNormalizer(type: ValueType & { readonly kind: "map" }, normalizeKey: Normalizer, normalizeMapped: Normalizer): Normalizer {
  const compare = valueComparison(type.key);
  return (value, path) => {
    const pairs =
      pairsOf(value) ?? refuse(type, value, path, "Give a Map, an array of [key, value] pairs, or an object with text as keys.");
    const entries = pairs.map(([key, mapped]): [Value, Value] => {
      const at = `${path}[${printValue(key)}]`;
      return [normalizeKey(key, `the key ${at}`), normalizeMapped(mapped, at)];
    });
    entries.sort(([a], [b]) => compare(a, b));
    const twice = entries.find(([key], i) => i > 0 && compare(entries[i - 1]?.[0] ?? null, key) === 0);
    if (twice === undefined) return new Map(entries);
    throw new AsofError("ASOF_VALUE_INVALID", `${path} has the key ${printValue(twice[0])} twice.`, {
      path,
      value: twice[0],
      fix: "Give each key once.",
    });
  };
}

/** Null for what is neither a Map, nor pairs, nor a plain object. */
function pairsOf(value: unknown): readonly (readonly [unknown, unknown])[] | null {
  if (value instanceof Map) return [...value];
  if (Array.isArray(value)) return value.every(isPair) ? value : null;
  return isPlainObject(value) ? Object.entries(value) : null;
}

function isPair(value: unknown): value is readonly [unknown, unknown] {
  return Array.isArray(value) && value.length === 2;
}

function structNormalizer(type: ValueType & { readonly kind: "struct" }, normalizers: readonly Normalizer[]): Normalizer {
  const make = compileStruct(type.fields);
  const names = type.fields.map((field) => field.name);
  const known = new Set(names);
  return (value, path) => {
    if (!isPlainObject(value)) return refuse(type, value, path, `Give an object with the fields ${names.join(", ")}.`);
    for (const name of Object.keys(value)) if (!known.has(name)) throw unknownField(type, name, path, names);
    return make(
      names.map((name, i) => {
        if (!Object.hasOwn(value, name)) throw missingField(type, name, path);
        return normalizers[i]?.(value[name], `${path}.${name}`) ?? null;
      }),
    );
  };
}

function missingField(type: ValueType & { readonly kind: "struct" }, name: string, path: string): AsofError {
  const field = type.fields.find((f) => f.name === name);
  const wanted = field === undefined ? "" : ` of type ${printType(field.type)}`;
  return new AsofError("ASOF_VALUE_INVALID", `${path} has no field "${name}", but its struct has one${wanted}.`, {
    path: `${path}.${name}`,
    fix: field?.nullable === true ? `Give ${name}: null where it is absent.` : `Give the field "${name}".`,
  });
}

function unknownField(type: ValueType, name: string, path: string, names: readonly string[]): AsofError {
  return new AsofError("ASOF_VALUE_INVALID", `${path} has a field "${name}", which ${printType(type)} does not have.`, {
    path: `${path}.${name}`,
    value: name,
    fix: `Leave it out, or correct its name. The fields are: ${names.join(", ")}.`,
  });
}

function normalizeVector(type: ValueType & { readonly kind: "vector" }, value: unknown, path: string): readonly number[] {
  const fix = `Give an array of exactly ${type.length} numbers.`;
  if (!Array.isArray(value) && !isTypedArray(value)) return refuse(type, value, path, fix);
  if (value.length !== type.length) {
    throw new AsofError("ASOF_VALUE_INVALID", `${path} has ${value.length} numbers, but ${printType(type)} has ${type.length}.`, {
      path,
      fix,
    });
  }
  const elements: ArrayLike<unknown> = value;
  const numbers: number[] = new Array(type.length);
  for (let i = 0; i < type.length; i++) {
    const element = elements[i];
    const rounded = typeof element === "number" ? Math.fround(element) + 0 : null;
    if (rounded === null || (!Number.isFinite(rounded) && Number.isFinite(element))) {
      return refuse({ kind: "float32" }, element, `${path}[${i}]`, "Give a number within the range of float32; a vector has no nulls.");
    }
    numbers[i] = rounded;
  }
  return numbers;
}

function normalizeJson(type: ValueType, value: unknown, path: string): string {
  if (typeof value !== "string") return refuse(type, value, path, "Give JSON text, for example JSON.stringify(value).");
  const fault = jsonFault(value);
  return fault === null ? value : refuse(type, value, path, fault);
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isTypedArray(value: unknown): value is Float64Array | BigInt64Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}
