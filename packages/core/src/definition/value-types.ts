import type { ValueKind, ValueType } from "../value/type.ts";
import type { Meta } from "./model.ts";
import { type Fault, makeHandle, payloadOf, type ValuePayload } from "./payload.ts";
import { readMetaFaults } from "./read.ts";

/**
 * Value types as users write them. Members that begin with `~` exist for the compiler only. One small interface per type, so
 * that hovers, errors and declaration files print names.
 */
export interface AnyValueType {
  readonly kind: "type";
  /** The type as printed, without null, or a {@link NestedTag}: what must agree between a feature and its source's column. */
  readonly "~tag": unknown;
  /** The JavaScript form. */
  readonly "~js": unknown;
  readonly "~class": ValueClass;
  readonly "~null": null;
}

/** Groups of types that expressions and aggregates treat alike. `int` is int32 and int64 as number, `nested` what is no scalar. */
export type ValueClass = "int" | "bigint" | "float" | "decimal" | "bool" | "text" | "bytes" | "time" | "date" | "uuid" | "nested";

/** Tells types apart that cannot be printed, because fields have no sequence for the compiler. `Parts` must agree exactly. */
export interface NestedTag<out Kind extends string, in out Parts> {
  readonly "~kind": Kind;
  readonly "~parts"?: (parts: Parts) => Parts;
}

/** A tag as messages name it: in full, or by its kind. */
export type TagText<Tag, Article extends string = "a"> = Tag extends string
  ? Tag
  : Tag extends { readonly "~kind": infer Kind extends string }
    ? `${Article} ${Kind}`
    : "another type";

/** The tag of a type that holds others. */
type TagOf<Kind extends string, Tag> = Tag extends string ? `${Kind}(${Tag})` : NestedTag<Kind, Tag>;

interface NotNull<Tag, Js, Class extends ValueClass> {
  readonly kind: "type";
  readonly "~tag": Tag;
  readonly "~js": Js;
  readonly "~class": Class;
  readonly "~null": never;
}

export interface Bool extends NotNull<"bool", boolean, "bool"> {}
export interface Int32 extends NotNull<"int32", number, "int"> {}
export interface Int64<Js extends bigint | number = bigint> extends NotNull<"int64", Js, Js extends number ? "int" : "bigint"> {}
export interface Float32 extends NotNull<"float32", number, "float"> {}
export interface Float64 extends NotNull<"float64", number, "float"> {}
export interface Text extends NotNull<"string", string, "text"> {}
export interface Bytes extends NotNull<"bytes", Uint8Array, "bytes"> {}
export interface Timestamp<Tag extends "timestamp" | "timestamp(s)" = "timestamp"> extends NotNull<Tag, number, "time"> {}
export interface CalendarDate extends NotNull<"date", string, "date"> {}
export interface Decimal<P extends number = number, S extends number = number> extends NotNull<`decimal(${P}, ${S})`, string, "decimal"> {}
export interface Uuid extends NotNull<"uuid", string, "uuid"> {}
export interface List<T extends AnyNotNull> extends NotNull<TagOf<"list", T["~tag"]>, readonly (T["~js"] | null)[], "nested"> {}
export interface SetOf<T extends AnyScalar> extends NotNull<TagOf<"set", T["~tag"]>, readonly T["~js"][], "nested"> {}
export interface MapOf<K extends AnyMapKey, V extends AnyNotNull>
  extends NotNull<NestedTag<"map", [K["~tag"], V["~tag"]]>, ReadonlyMap<K["~js"], V["~js"] | null>, "nested"> {}
export interface Struct<F extends StructFields>
  extends NotNull<
    NestedTag<"struct", { readonly [N in keyof F]: [F[N]["~tag"], F[N]["~null"]] }>,
    { readonly [N in keyof F]: F[N]["~js"] },
    "nested"
  > {}
export interface JsonText extends NotNull<"json", string, "nested"> {}
export interface Vector<N extends number = number> extends NotNull<`vector(${N})`, readonly number[], "nested"> {}

/** The fields of a struct. */
export interface StructFields {
  readonly [name: string]: AnyValueType;
}

export interface Nullable<out T extends AnyNotNull> {
  readonly kind: "type";
  readonly "~tag": T["~tag"];
  readonly "~js": T["~js"] | null;
  readonly "~class": T["~class"];
  readonly "~null": null;
}

/** Any type but `nullable(…)`. */
export interface AnyNotNull extends AnyValueType {
  readonly "~null": never;
}

/** Any scalar type without `nullable(…)`. */
export interface AnyScalar extends AnyNotNull {
  readonly "~class": Exclude<ValueClass, "nested">;
}

/** Types of entity keys: floats and nested types have no exact key form. */
export interface AnyKeyType extends AnyNotNull {
  readonly "~class": Exclude<ValueClass, "nested" | "float">;
}

/** Types of the keys of maps: those whose JavaScript values are identical when they are equal. */
export interface AnyMapKey extends AnyNotNull {
  readonly "~class": "int" | "bigint" | "bool" | "text" | "time" | "date" | "uuid";
}

/** Owner, description and tags: allowed on every object, feature and column. */
export interface MetaOptions {
  readonly owner?: string;
  readonly description?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

const ownOptions: Readonly<Partial<Record<ValueKind, readonly string[]>>> = { int64: ["as"], timestamp: ["precision"] };

/** A value type from its plain form; `options` may hold meta data and the type's own options. */
export function makeType<T extends AnyValueType>(type: ValueType, options: unknown, faults: readonly Fault[] = []): T {
  const { meta, faults: metaFaults } = readMetaFaults(options, ownOptions[type.kind] ?? []);
  return makeHandle(
    { kind: "type" },
    { of: "value", type: Object.freeze(type), nullable: false, meta, faults: [...faults, ...metaFaults] },
  );
}

export function bool(options?: MetaOptions): Bool {
  return makeType({ kind: "bool" }, options);
}

/** 32-bit integer. */
export function int32(options?: MetaOptions): Int32 {
  return makeType({ kind: "int32" }, options);
}

/** 64-bit integer: a `bigint` by default; `{ as: "number" }` gives a `number` and refuses values beyond ±(2⁵³−1). */
export function int64<As extends "bigint" | "number" = "bigint">(
  options?: MetaOptions & { readonly as?: As },
): Int64<As extends "number" ? number : bigint> {
  const as: unknown = options?.as ?? "bigint";
  const faults: Fault[] =
    as === "bigint" || as === "number"
      ? []
      : [
          {
            code: "ASOF_DEFINITION_INVALID",
            at: "as",
            value: as,
            message: "int64 is read as a bigint or as a number.",
            fix: 'Write int64() or int64({ as: "number" }).',
          },
        ];
  return makeType({ kind: "int64", as: as === "number" ? "number" : "bigint" }, options, faults);
}

/** 32-bit IEEE 754 number; values are rounded to it. */
export function float32(options?: MetaOptions): Float32 {
  return makeType({ kind: "float32" }, options);
}

/** 64-bit IEEE 754 number. */
export function float64(options?: MetaOptions): Float64 {
  return makeType({ kind: "float64" }, options);
}

/** Well-formed Unicode text. */
export function string(options?: MetaOptions): Text {
  return makeType({ kind: "string" }, options);
}

export function bytes(options?: MetaOptions): Bytes {
  return makeType({ kind: "bytes" }, options);
}

/**
 * An instant: UTC microseconds since the epoch, as a `number`. Finer source times are floored; with `{ precision: "s" }` to whole
 * seconds, offline and online alike, which is what Feast's formats can hold.
 */
export function timestamp<P extends "s" = never>(
  options?: MetaOptions & { readonly precision?: P },
): Timestamp<[P] extends [never] ? "timestamp" : "timestamp(s)"> {
  const precision: unknown = options?.precision;
  const faults: Fault[] =
    precision === undefined || precision === "s"
      ? []
      : [
          {
            code: "ASOF_DEFINITION_INVALID",
            at: "precision",
            value: precision,
            message: "A timestamp has microseconds, or whole seconds.",
            fix: 'Write timestamp() or timestamp({ precision: "s" }).',
          },
        ];
  return makeType(precision === "s" ? { kind: "timestamp", precision } : { kind: "timestamp" }, options, faults);
}

/** A calendar date, as text `YYYY-MM-DD`. */
export function date(options?: MetaOptions): CalendarDate {
  return makeType({ kind: "date" }, options);
}

/** An exact decimal number of `precision` digits (1 to 38), `scale` of them after the point; text with exactly `scale` decimals. */
export function decimal<P extends number, S extends number>(precision: P, scale: S, options?: MetaOptions): Decimal<P, S> {
  const fits =
    Number.isInteger(precision) && precision >= 1 && precision <= 38 && Number.isInteger(scale) && scale >= 0 && scale <= precision;
  const faults: Fault[] = fits
    ? []
    : [
        {
          code: "ASOF_DEFINITION_INVALID",
          value: `decimal(${precision}, ${scale})`,
          message: "A decimal has 1 to 38 digits, and between 0 and all of them after the point.",
          fix: "Write decimal(precision, scale), for example decimal(12, 2).",
        },
      ];
  return makeType({ kind: "decimal", precision: fits ? precision : 38, scale: fits ? scale : 0 }, options, faults);
}

/** A UUID, as 36 lowercase characters. */
export function uuid(options?: MetaOptions): Uuid {
  return makeType({ kind: "uuid" }, options);
}

/**
 * Allows null: in source columns (expressions then give null too), request fields and request-view outputs. Features need no
 * `nullable`: every retrieved feature may be null.
 */
export function nullable<T extends AnyNotNull>(of: T, options?: MetaOptions): Nullable<T> {
  const inner = valuePayload(of);
  const { meta, faults } = readMetaFaults(options, []);
  const merged: Meta = { ...inner?.meta, ...meta };
  const broken = inner === null ? [wrongElement(of)] : inner.faults;
  return makeHandle(
    { kind: "type" },
    { of: "value", type: inner?.type ?? { kind: "string" }, nullable: true, meta: merged, faults: [...broken, ...faults] },
  );
}

/** The plain type behind a value type: `valueTypeOf(int32())` is `{ kind: "int32" }`. Null for anything else. */
export function valueTypeOf(value: unknown): ValueType | null {
  return valuePayload(value)?.type ?? null;
}

/** The plain data behind a value type, or null for anything else. */
export function valuePayload(value: unknown): ValuePayload | null {
  const payload = payloadOf(value);
  return payload?.of === "value" ? payload : null;
}

function wrongElement(value: unknown): Fault {
  return {
    code: "ASOF_DEFINITION_INVALID",
    value,
    message: "nullable(…) takes a type.",
    fix: "Write nullable(string()).",
  };
}
