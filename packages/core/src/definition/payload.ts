import type { ErrorCode } from "../error/codes.ts";
import type { Issue } from "../error/error.ts";
import type { ExpressionNode } from "../expression/node.ts";
import type { ValueType } from "../value/type.ts";
import type { Meta, ObjectModel, StreamModel, ViewReference } from "./model.ts";

/** An issue before its place is known. `at` continues the path of what contains it, for example `window`. */
export interface Fault {
  readonly code: ErrorCode;
  readonly at?: string;
  readonly value?: unknown;
  readonly message: string;
  readonly fix: string;
}

/** Plain data behind a value type. */
export interface ValuePayload {
  readonly of: "value";
  readonly type: ValueType;
  readonly nullable: boolean;
  readonly meta: Meta;
  readonly faults: readonly Fault[];
}

/** Plain data behind an expression. `poisoned`: a fault was found inside, so its type means nothing. */
export interface ExpressionPayload {
  readonly of: "expression";
  readonly node: ExpressionNode;
  readonly poisoned: boolean;
  readonly faults: readonly Fault[];
}

/** An aggregate as written; it is resolved where the view gives it a source. */
export interface AggregatePayload {
  readonly of: "aggregate";
  readonly fn: string;
  readonly column: unknown;
  readonly options: unknown;
  /** firstN and lastN only. */
  readonly n: unknown;
}

export interface DerivedPayload {
  readonly of: "derived";
  readonly compute: unknown;
  readonly options: unknown;
}

/** A stream side, as given to a source. */
export interface StreamPayload {
  readonly of: "stream";
  readonly model: StreamModel;
  readonly faults: readonly Fault[];
}

/** The model behind an entity, source or service, or the reference behind a view, with the faults found while building it. */
export interface DefinitionPayload {
  readonly of: "definition";
  readonly model: ObjectModel;
  readonly reference: ViewReference | null;
  readonly issues: readonly Issue[];
}

export type Payload = ValuePayload | ExpressionPayload | AggregatePayload | DerivedPayload | StreamPayload | DefinitionPayload;

/** Registered, so that definitions made by another installed copy of the package are still recognised. */
const payloadKey: unique symbol = Symbol.for("asof.payload");

/** Attaches plain data to an object that users hold; it does not show in completions, logs or JSON. */
export function attachPayload<T extends object>(target: T, payload: Payload): T {
  return Object.defineProperty(target, payloadKey, { value: payload });
}

/**
 * Makes what users hold: the members that exist at run time, frozen, with plain data behind them. The other members of `T`
 * begin with `~` and exist for the compiler only.
 */
export function makeHandle<V extends object, T extends V>(visible: V, payload: Payload): T {
  return Object.freeze(attachPayload(visible, payload)) as T;
}

/** The plain data behind an object, or null for anything that no builder made. */
export function payloadOf(value: unknown): Payload | null {
  if ((typeof value !== "object" && typeof value !== "function") || value === null || !(payloadKey in value)) return null;
  return isPayload(value[payloadKey]) ? value[payloadKey] : null;
}

function isPayload(value: unknown): value is Payload {
  return typeof value === "object" && value !== null && "of" in value;
}
