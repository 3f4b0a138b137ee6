import type { ExpressionNode } from "../expression/node.ts";
import { isOrderable, printType, type Value, type ValueType } from "../value/type.ts";
import { expressionOf, expressionPayload, makeExpression, operandOf } from "./expr.ts";
import { boolType, castNode, commonType, freeLiteralType, literalNode, poisoned, wrongOperand } from "./expr-coerce.ts";
import type { AnyExpr, Condition, ExprByClass, InstantLiteral, NumberClass, OfKind } from "./expr-types.ts";
import type { ExpressionPayload, Fault } from "./payload.ts";
import type { AnyScalar, Bool, Bytes, Float64, Int64, Text, Timestamp } from "./value-types.ts";
import { valuePayload } from "./value-types.ts";

/** What may stand beside an expression of a kind: literals and expressions of that kind. */
interface Operands {
  readonly number: number | bigint | (OfKind<"number", null> & { readonly "~class": NumberClass });
  readonly decimal: string | number | bigint | OfKind<"decimal", null>;
  readonly bool: boolean | OfKind<"bool", null>;
  readonly text: string | OfKind<"text", null>;
  readonly time: InstantLiteral | OfKind<"time", null>;
  readonly date: string | OfKind<"date", null>;
  readonly uuid: string | OfKind<"uuid", null>;
  readonly bytes: Uint8Array | OfKind<"bytes", null>;
}

type Kind = keyof Operands;

/** An expression that can be compared and chosen: any but lists. */
export interface AnyScalarExpr extends AnyExpr {
  readonly "~kind": Kind;
}

/** The class of an operand; literals take that of what they stand beside. */
type ClassOf<O, Beside> = O extends { readonly "~class": infer C } ? C : Beside;

/** The widest of several numeric classes; other kinds have only one. */
type Widest<C> = "float" extends C ? "float" : "bigint" extends C ? "bigint" : C;

type NullOf<O> = O extends { readonly "~null": infer N } ? N : never;

/** Whether an operand is never null. */
type IsPresent<O> = O extends { readonly "~null": infer N } ? ([N] extends [never] ? true : false) : true;

type ExprOf<C, N> = ExprByClass<never, N & null>[Widest<C> & keyof ExprByClass<never, null>];

/** A literal that stands alone: number is float64, bigint int64, `Date` a timestamp. */
export type FreeLiteral = boolean | number | bigint | string | Date | Uint8Array;

export type FreeType<L> = L extends number
  ? Float64
  : L extends bigint
    ? Int64
    : L extends string
      ? Text
      : L extends boolean
        ? Bool
        : L extends Date
          ? Timestamp
          : Bytes;

/** The first operand that is not null. */
export function coalesce<A extends AnyScalarExpr, const R extends readonly [Operands[A["~kind"]], ...Operands[A["~kind"]][]]>(
  first: A,
  ...others: R
): ExprOf<A["~class"] | ClassOf<R[number], A["~class"]>, true extends IsPresent<A> | IsPresent<R[number]> ? never : null>;
export function coalesce(...operands: readonly unknown[]): unknown {
  return chooseFrom("coalesce", operands);
}

/** The smallest operand (NaN is greatest); null if any is null. */
export function least<A extends AnyScalarExpr, const R extends readonly [Operands[A["~kind"]], ...Operands[A["~kind"]][]]>(
  first: A,
  ...others: R
): ExprOf<A["~class"] | ClassOf<R[number], A["~class"]>, A["~null"] | NullOf<R[number]>>;
export function least(...operands: readonly unknown[]): unknown {
  return chooseFrom("least", operands);
}

/** The greatest operand (NaN is greatest); null if any is null. */
export function greatest<A extends AnyScalarExpr, const R extends readonly [Operands[A["~kind"]], ...Operands[A["~kind"]][]]>(
  first: A,
  ...others: R
): ExprOf<A["~class"] | ClassOf<R[number], A["~class"]>, A["~null"] | NullOf<R[number]>>;
export function greatest(...operands: readonly unknown[]): unknown {
  return chooseFrom("greatest", operands);
}

/** A constant: `literal(0.5)`, or of a given type, `literal(1, int32())`. */
export function literal<L extends FreeLiteral, T extends AnyScalar = FreeType<L>>(
  value: L,
  type?: T,
): ExprByClass<T["~js"], never>[T["~class"]];
export function literal(value: unknown, type?: unknown): unknown {
  const payload = type === undefined ? null : valuePayload(type);
  const chosen = type === undefined ? freeLiteralType(value) : (payload?.type ?? null);
  if (chosen === null) return makeExpression(poisoned([wrongOperand(type === undefined ? value : type, "a literal and a scalar type")]));
  const node = value === null || value === undefined ? wrongOperand(value, "a value that is not null") : literalNode(value, chosen);
  return makeExpression("node" in node ? expressionOf(node, payload?.faults) : poisoned([node]));
}

/** A choice under construction. End it with `otherwise`. */
export interface CaseBuilder<K extends Kind, out C, out N> {
  /** The value where no earlier condition is true and this one is. A condition that is null counts as false. */
  when<O extends Operands[K]>(condition: Condition<null>, then: O): CaseBuilder<K, C | ClassOf<O, C>, N | NullOf<O>>;
  /** The value where no condition is true; may be null. */
  otherwise<O extends Operands[K] | null>(value: O): ExprOf<C | ClassOf<NonNullable<O>, C>, N | NullOf<O> | Extract<O, null>>;
}

type KindOf<O> = O extends { readonly "~kind": infer K }
  ? K & Kind
  : O extends number | bigint
    ? "number"
    : O extends string
      ? "text"
      : O extends boolean
        ? "bool"
        : "time";

type FirstClass<O> = O extends { readonly "~class": infer C } ? C : FreeType<O>["~class"];

/** `case when condition then … end`: `caseWhen(b.spend.gt(100), "high").when(b.spend.gt(10), "middle").otherwise("low")`. */
export function caseWhen<O extends AnyScalarExpr | boolean | number | bigint | string | Date>(
  condition: Condition<null>,
  then: O,
): CaseBuilder<KindOf<O>, FirstClass<O>, NullOf<O>>;
export function caseWhen(condition: unknown, then: unknown): unknown {
  return new CaseHandle([{ when: condition, then }]);
}

class CaseHandle {
  readonly #branches: readonly { readonly when: unknown; readonly then: unknown }[];

  constructor(branches: readonly { readonly when: unknown; readonly then: unknown }[]) {
    this.#branches = branches;
    Object.freeze(this);
  }

  when(condition: unknown, then: unknown): CaseHandle {
    return new CaseHandle([...this.#branches, { when: condition, then }]);
  }

  otherwise(value: unknown): unknown {
    const choices = [...this.#branches.map((b) => b.then), ...(value === null || value === undefined ? [] : [value])];
    const common = bringTogether(choices);
    const conditions = this.#branches.map((b) => conditionOf(b.when));
    const faults = [...new Set([...conditions.flatMap((c) => c.faults), ...common.faults])];
    const { type } = common;
    if (type === null || conditions.some((c) => c.poisoned)) return makeExpression(poisoned(faults));
    // biome-ignore lint/suspicious/noThenProperty: a case's branch is data with a when and a then; nobody awaits it.
    const branches = conditions.map((c, i) => Object.freeze({ when: c.node, then: common.nodes[i] ?? nothing(type) }));
    const otherwise = common.nodes[branches.length] ?? nothing(type);
    return makeExpression(expressionOf(Object.freeze({ node: "case", branches: Object.freeze(branches), otherwise, type }), faults));
  }
}

function nothing(type: ValueType): ExpressionNode {
  const value: Value = null;
  return Object.freeze({ node: "literal", type, value });
}

function conditionOf(value: unknown): ExpressionPayload {
  const payload = expressionPayload(value);
  if (payload === null) return poisoned([wrongOperand(value, "a condition")]);
  return payload.poisoned || payload.node.type.kind === "bool" ? payload : poisoned([wrongOperand(value, "a condition")]);
}

function chooseFrom(op: "coalesce" | "least" | "greatest", operands: readonly unknown[]): unknown {
  const { type, nodes, faults } = bringTogether(operands);
  if (type === null) return makeExpression(poisoned(faults));
  return makeExpression(expressionOf(Object.freeze({ node: "call", op, args: Object.freeze(nodes), type }), faults));
}

interface Together {
  /** Null where a fault was found. */
  readonly type: ValueType | null;
  readonly nodes: readonly ExpressionNode[];
  readonly faults: readonly Fault[];
}

/** Brings operands to one type. Literals take the type of the first expression, or stand alone where there is none. */
function bringTogether(operands: readonly unknown[]): Together {
  const first = operands.map(expressionPayload).find((p) => p !== null && !p.poisoned);
  const beside = first?.node.type ?? freeLiteralType(operands[0]) ?? boolType;
  const parts = operands.map((o) => operandOf(o, beside, "arithmetic"));
  const faults = [...new Set(parts.flatMap((p) => p.faults))];
  if (parts.some((p) => p.poisoned)) return { type: null, nodes: [], faults };
  let type: ValueType | null = parts[0]?.node.type ?? null;
  for (const [i, part] of parts.entries()) {
    const next: ValueType | null = type === null ? null : commonType(type, part.node.type);
    if (next === null || !isOrderable(next)) {
      const wanted = type === null ? "a value" : `a value of type ${printType(type)}`;
      return { type: null, nodes: [], faults: [...faults, wrongOperand(operands[i], wanted)] };
    }
    type = next;
  }
  const common = type ?? boolType;
  return { type, nodes: parts.map((p) => castNode(p.node, common)), faults };
}
