import { isMapKey, isOrderable, printType, type StructField, structType, type ValueType } from "../value/type.ts";
import { type Fault, payloadOf } from "./payload.ts";
import { asRecord } from "./read.ts";
import {
  type AnyMapKey,
  type AnyNotNull,
  type AnyScalar,
  type AnyValueType,
  type JsonText,
  type List,
  type MapOf,
  type MetaOptions,
  makeType,
  type SetOf,
  type Struct,
  type StructFields,
  type Vector,
  valuePayload,
} from "./value-types.ts";

/** Far more than an embedding has, and fewer than the engine's arrays hold. */
const vectorMax = 65_536;

/** Deeper types serve nobody, and every reader recurses over them. */
const depthMax = 32;

const placeholder: ValueType = { kind: "string" };

/** A list of values of any type, in their order; each may be null. */
export function list<T extends AnyNotNull>(of: T, options?: MetaOptions): List<T> {
  const { type, faults } = partOf(of, "list(…) takes a type; its elements may be null anyway.", "Write list(float64()).");
  return makeNested({ kind: "list", of: type }, options, faults);
}

/** A set of scalars: distinct, never null, sorted. What is given with duplicates is kept without them. */
export function set<T extends AnyScalar>(of: T, options?: MetaOptions): SetOf<T> {
  const { type, faults } = partOf(of, "set(…) takes a scalar type; its elements are never null.", "Write set(string()).", isOrderable);
  return makeNested({ kind: "set", of: type }, options, faults);
}

/** A map, sorted by key: `map(string(), float64())`. Keys are texts, integers, bools, uuids, dates or timestamps; values may be null. */
export function map<K extends AnyMapKey, V extends AnyNotNull>(key: K, value: V, options?: MetaOptions): MapOf<K, V> {
  const fix = "Write map(string(), float64()).";
  const keys = "Keys of a map are strings, integers, bools, uuids, dates or timestamps, never null.";
  const keyPart = partOf(key, keys, fix, isMapKey);
  const valuePart = partOf(value, "The values of a map have a type; they may be null anyway.", fix);
  return makeNested({ kind: "map", key: keyPart.type, value: valuePart.type }, options, [...keyPart.faults, ...valuePart.faults]);
}

/** Named values: `struct({ city: string(), zip: nullable(string()) })`. Every field must be given; only nullable ones may be null. */
export function struct<F extends StructFields>(fields: F, options?: MetaOptions): Struct<F> {
  const given = Object.entries(asRecord(fields) ?? {});
  const read: StructField[] = [];
  const faults: Fault[] =
    given.length === 0 ? [fault(fields, "A struct has at least one field.", "Write struct({ city: string() }).")] : [];
  const names = new Map<string, string>();
  for (const [name, of] of given) {
    const twin = names.get(name.toLowerCase());
    faults.push(...nameFaults(name, twin));
    names.set(name.toLowerCase(), name);
    const payload = valuePayload(of);
    if (payload === null)
      faults.push(fault(of, `Field "${name}" has no value type.`, "Write a type such as float64() or nullable(string())."));
    else {
      faults.push(...payload.faults);
      read.push({ name, type: payload.type, nullable: payload.nullable });
    }
  }
  return makeNested(structType(read), options, faults);
}

/** JSON as text, kept as it was given; it must parse. Two texts are equal only if they are the same text. */
export function json(options?: MetaOptions): JsonText {
  return makeType({ kind: "json" }, options);
}

/** Exactly `length` float32 numbers (1 to 65,536), none null, for example an embedding. */
export function vector<N extends number>(length: N, options?: MetaOptions): Vector<N> {
  const fits = Number.isInteger(length) && length >= 1 && length <= vectorMax;
  const message = `A vector has 1 to ${vectorMax.toLocaleString("en")} numbers.`;
  const faults = fits ? [] : [fault(`vector(${length})`, message, "Write vector(length), for example vector(128).")];
  return makeType({ kind: "vector", length: fits ? length : 1 }, options, faults);
}

function nameFaults(name: string, twin: string | undefined): readonly Fault[] {
  const bad = name === "" || name === "__proto__";
  const faults: Fault[] = bad ? [fault(name, `A field of a struct cannot be named ${JSON.stringify(name)}.`, "Give it another name.")] : [];
  if (twin !== undefined && twin !== name) {
    const message = `Fields "${twin}" and "${name}" of a struct differ in case only, which files written by DuckDB cannot hold.`;
    faults.push(fault(name, message, "Rename one of them."));
  }
  return faults;
}

/** The type of a part, or a placeholder with a fault. Parts say by their place whether they may be null. */
function partOf(
  value: unknown,
  message: string,
  fix: string,
  fits: (type: ValueType) => boolean = () => true,
): { readonly type: ValueType; readonly faults: readonly Fault[] } {
  const payload = valuePayload(value);
  if (payload === null || payload.nullable || !fits(payload.type)) return { type: placeholder, faults: [fault(value, message, fix)] };
  return { type: payload.type, faults: payload.faults };
}

function makeNested<T extends AnyValueType>(type: ValueType, options: unknown, faults: readonly Fault[]): T {
  const tooDeep = depthOf(type) > depthMax;
  const message = `The type nests more than ${depthMax} levels.`;
  return makeType(
    tooDeep ? placeholder : type,
    options,
    tooDeep ? [...faults, fault(undefined, message, "Flatten it, or store json().")] : faults,
  );
}

function depthOf(type: ValueType): number {
  switch (type.kind) {
    case "list":
    case "set":
      return 1 + depthOf(type.of);
    case "map":
      return 1 + depthOf(type.value);
    case "struct":
      return 1 + Math.max(0, ...type.fields.map((field) => depthOf(field.type)));
    default:
      return 0;
  }
}

function fault(value: unknown, message: string, fix: string): Fault {
  const payload = payloadOf(value);
  return { code: "ASOF_DEFINITION_INVALID", value: payload?.of === "value" ? printType(payload.type) : value, message, fix };
}
