import type { TypeMessage } from "./type-message.ts";
import type { AnyScalar, AnyValueType, ValueClass } from "./value-types.ts";

/**
 * Typed expressions over the columns of one row. `N` is `null` where the value may be null, else `never`. Members that begin
 * with `~` exist for the compiler only.
 */
export interface Expr<out Js, out N extends null = never> {
  readonly kind: "expression";
  readonly "~js": Js;
  readonly "~null": N;
  /** True where the value is null; never null itself. */
  isNull(): BoolExpr;
  isNotNull(): BoolExpr;
}

/** A type that an expression can be cast to. */
export interface CastTarget<out Class extends ValueClass> extends AnyScalar {
  readonly "~class": Class & Exclude<ValueClass, "nested">;
}

/** An expression of any scalar type; `Targets` are the classes it can be cast to. */
export interface ScalarExpr<out Js, Targets extends ValueClass, out N extends null = never> extends Expr<Js, N> {
  /** Gives null where the value has no counterpart in the type. */
  cast<T extends CastTarget<Targets>>(to: T): ExprByClass<T["~js"], null>[T["~class"]];
}

export type NumberClass = "int" | "bigint" | "float";

/** JavaScript forms of numeric classes. */
export interface NumberJs {
  readonly int: number;
  readonly bigint: bigint;
  readonly float: number;
}

/** Result of arithmetic: any float gives float64, else int64 (a bigint if either is). */
export interface Promotion {
  readonly int: { readonly int: "int"; readonly bigint: "bigint"; readonly float: "float" };
  readonly bigint: { readonly int: "bigint"; readonly bigint: "bigint"; readonly float: "float" };
  readonly float: { readonly int: "float"; readonly bigint: "float"; readonly float: "float" };
}

/** Casts that every engine agrees on: none from floats to text, none between timestamps and text. */
interface NumberTargets {
  readonly int: NumberClass | "decimal" | "text" | "time";
  readonly bigint: NumberClass | "decimal" | "text" | "time";
  readonly float: NumberClass;
}

/** What arithmetic takes. For other kinds of expressions `~numeric` says in a sentence why they do not fit. */
export interface Numeric<out Class extends NumberClass, out N extends null> {
  readonly "~numeric": true;
  readonly "~class": Class;
  readonly "~null": N;
}

/** What `and`, `or` and `where` take. */
export interface Condition<out N extends null> {
  readonly "~condition": true;
  readonly "~null": N;
}

/** An operand of a comparison: something of the same kind. */
export interface OfKind<out Kind extends string, out N extends null> {
  readonly "~kind": Kind;
  readonly "~null": N;
}

export interface Ordered<Kind extends string, Literal, N extends null> {
  readonly "~kind": Kind;
  eq<M extends null = never>(other: Literal | OfKind<Kind, M>): BoolExpr<N | M>;
  ne<M extends null = never>(other: Literal | OfKind<Kind, M>): BoolExpr<N | M>;
  lt<M extends null = never>(other: Literal | OfKind<Kind, M>): BoolExpr<N | M>;
  le<M extends null = never>(other: Literal | OfKind<Kind, M>): BoolExpr<N | M>;
  gt<M extends null = never>(other: Literal | OfKind<Kind, M>): BoolExpr<N | M>;
  ge<M extends null = never>(other: Literal | OfKind<Kind, M>): BoolExpr<N | M>;
  /** `low ≤ this ≤ high`. */
  between<A extends null = never, B extends null = never>(
    low: Literal | OfKind<Kind, A>,
    high: Literal | OfKind<Kind, B>,
  ): BoolExpr<N | A | B>;
  /** Whether the value is one of these; null where it is null. */
  in(values: readonly Literal[]): BoolExpr<N>;
}

type NotACondition = "this is not a condition: compare it first, for example with .eq(…), .gt(…) or .isNotNull()";

/** Integers and floats. A literal takes the type of the other side in arithmetic, so a fraction needs `literal(0.5)` beside an integer. */
export interface NumberExpr<out Class extends NumberClass = NumberClass, out N extends null = never>
  extends ScalarExpr<NumberJs[Class], NumberTargets[Class], N>,
    Ordered<"number", number | bigint, N> {
  readonly "~class": Class;
  readonly "~numeric": true;
  readonly "~condition": TypeMessage<NotACondition>;
  /** Integer overflow is an error in every engine. */
  plus<U extends NumberClass = Class, M extends null = never>(
    other: number | bigint | Numeric<U, M>,
  ): NumberExpr<Promotion[Class][U], N | M>;
  minus<U extends NumberClass = Class, M extends null = never>(
    other: number | bigint | Numeric<U, M>,
  ): NumberExpr<Promotion[Class][U], N | M>;
  times<U extends NumberClass = Class, M extends null = never>(
    other: number | bigint | Numeric<U, M>,
  ): NumberExpr<Promotion[Class][U], N | M>;
  /** Division in float64; null for a zero divisor. */
  div<U extends NumberClass = Class, M extends null = never>(other: number | bigint | Numeric<U, M>): NumberExpr<"float", null>;
  /** Remainder with the sign of the dividend; null for a zero divisor. */
  mod<U extends NumberClass = Class, M extends null = never>(other: number | bigint | Numeric<U, M>): NumberExpr<Promotion[Class][U], null>;
  neg(): NumberExpr<Class, N>;
  abs(): NumberExpr<Class, N>;
  floor(): NumberExpr<Class, N>;
  ceil(): NumberExpr<Class, N>;
}

/** Exact decimals: compared and cast; arithmetic needs a cast. */
export interface DecimalExpr<out N extends null = never>
  extends ScalarExpr<string, NumberClass | "decimal" | "text", N>,
    Ordered<"decimal", string | number | bigint, N> {
  readonly "~class": "decimal";
  readonly "~numeric": TypeMessage<"decimals take no arithmetic in expressions: use .cast(float64()) first">;
  readonly "~condition": TypeMessage<NotACondition>;
}

export interface BoolExpr<out N extends null = never> extends ScalarExpr<boolean, "bool" | NumberClass | "text", N> {
  readonly "~kind": "bool";
  readonly "~class": "bool";
  readonly "~numeric": TypeMessage<"a bool is not a number: use .cast(int32()) first">;
  readonly "~condition": true;
  eq<M extends null = never>(other: boolean | OfKind<"bool", M>): BoolExpr<N | M>;
  ne<M extends null = never>(other: boolean | OfKind<"bool", M>): BoolExpr<N | M>;
  /** SQL logic: false if either is false, else null if either is null. */
  and<M extends null = never>(other: boolean | Condition<M>): BoolExpr<N | M>;
  /** SQL logic: true if either is true, else null if either is null. */
  or<M extends null = never>(other: boolean | Condition<M>): BoolExpr<N | M>;
  not(): BoolExpr<N>;
}

/** Text; compared bytewise (UTF-8), counted and cut in code points. */
export interface TextExpr<out N extends null = never>
  extends ScalarExpr<string, "text" | "bool" | NumberClass | "decimal" | "bytes" | "date" | "uuid", N>,
    Ordered<"text", string, N> {
  readonly "~class": "text";
  readonly "~numeric": TypeMessage<"text takes no arithmetic: use .cast(float64()) first">;
  readonly "~condition": TypeMessage<NotACondition>;
  /** Changes the letters A–Z only: engines differ in all others. */
  lower(): TextExpr<N>;
  /** Changes the letters a–z only: engines differ in all others. */
  upper(): TextExpr<N>;
  /** Without spaces (U+0020) at both ends. */
  trim(): TextExpr<N>;
  /** In code points. */
  length(): NumberExpr<"int", N>;
  concat<M extends null = never>(...others: readonly (string | OfKind<"text", M>)[]): TextExpr<N | M>;
  /** Code points from `start` (the first is 1), at most `length` of them. */
  substring<A extends null = never, B extends null = never>(
    start: number | Numeric<"int", A>,
    length?: number | Numeric<"int", B>,
  ): TextExpr<N | A | B>;
  startsWith<M extends null = never>(prefix: string | OfKind<"text", M>): BoolExpr<N | M>;
  endsWith<M extends null = never>(suffix: string | OfKind<"text", M>): BoolExpr<N | M>;
  contains<M extends null = never>(part: string | OfKind<"text", M>): BoolExpr<N | M>;
  /** Replaces every occurrence. */
  replace<A extends null = never, B extends null = never>(
    search: string | OfKind<"text", A>,
    by: string | OfKind<"text", B>,
  ): TextExpr<N | A | B>;
}

/** Year to day; Monday is 1 and Sunday 7; the first day of the year is 1. */
export interface DateParts<N extends null> {
  year(): NumberExpr<"int", N>;
  month(): NumberExpr<"int", N>;
  day(): NumberExpr<"int", N>;
  dayOfWeek(): NumberExpr<"int", N>;
  dayOfYear(): NumberExpr<"int", N>;
}

/** An instant: microseconds, a `Date`, or ISO text. */
export type InstantLiteral = number | string | Date;

/** An instant; its parts are those of UTC. */
export interface TimeExpr<out N extends null = never>
  extends ScalarExpr<number, "time" | "int" | "bigint" | "date", N>,
    Ordered<"time", InstantLiteral, N>,
    DateParts<N> {
  readonly "~class": "time";
  readonly "~numeric": TypeMessage<"a timestamp takes no arithmetic: use .microsBetween(…) for a difference">;
  readonly "~condition": TypeMessage<NotACondition>;
  hour(): NumberExpr<"int", N>;
  minute(): NumberExpr<"int", N>;
  second(): NumberExpr<"int", N>;
  toDate(): DateExpr<N>;
  /** Microseconds from this instant to `other`: positive where `other` is later. */
  microsBetween<M extends null = never>(other: InstantLiteral | OfKind<"time", M>): NumberExpr<"int", N | M>;
}

export interface DateExpr<out N extends null = never>
  extends ScalarExpr<string, "date" | "text" | "time", N>,
    Ordered<"date", string, N>,
    DateParts<N> {
  readonly "~class": "date";
  readonly "~numeric": TypeMessage<"a date takes no arithmetic: use .dayOfYear() or another part">;
  readonly "~condition": TypeMessage<NotACondition>;
}

export interface UuidExpr<out N extends null = never> extends ScalarExpr<string, "uuid" | "text", N>, Ordered<"uuid", string, N> {
  readonly "~class": "uuid";
  readonly "~numeric": TypeMessage<"a uuid is not a number">;
  readonly "~condition": TypeMessage<NotACondition>;
}

export interface BytesExpr<out N extends null = never> extends ScalarExpr<Uint8Array, "bytes", N>, Ordered<"bytes", Uint8Array, N> {
  readonly "~class": "bytes";
  readonly "~numeric": TypeMessage<"bytes are not a number">;
  readonly "~condition": TypeMessage<NotACondition>;
}

/** Lists, sets, maps, structs, json and vectors can be tested for null and passed on, nothing else. */
export interface NestedExpr<out Js, out N extends null = never> extends Expr<Js, N> {
  readonly "~class": "nested";
  readonly "~kind": "nested";
  readonly "~numeric": TypeMessage<"a nested value is not a number">;
  readonly "~condition": TypeMessage<NotACondition>;
}

/** The expression for each class of value types. */
export interface ExprByClass<Js, N extends null> {
  readonly int: NumberExpr<"int", N>;
  readonly bigint: NumberExpr<"bigint", N>;
  readonly float: NumberExpr<"float", N>;
  readonly decimal: DecimalExpr<N>;
  readonly bool: BoolExpr<N>;
  readonly text: TextExpr<N>;
  readonly bytes: BytesExpr<N>;
  readonly time: TimeExpr<N>;
  readonly date: DateExpr<N>;
  readonly uuid: UuidExpr<N>;
  readonly nested: NestedExpr<Js, N>;
}

/** Any expression. */
export interface AnyExpr {
  readonly kind: "expression";
  readonly "~js": unknown;
  readonly "~null": null;
  readonly "~class": ValueClass;
  readonly "~kind": string;
}

/** A source's row as `where` and `derive` see it: one expression per column. */
export type RowOf<C> = {
  readonly [K in keyof C]: C[K] extends AnyValueType ? ExprByClass<NonNullable<C[K]["~js"]>, C[K]["~null"]>[C[K]["~class"]] : never;
};
