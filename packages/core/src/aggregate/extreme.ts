import { valueComparison } from "../value/order.ts";
import type { Value, ValueType } from "../value/type.ts";
import type { Aggregate } from "./algebra.ts";
import { formChange, readNullable, valueForm, writeNullable } from "./compact-bytes.ts";

/** Least or greatest by the order of values: NaN is greatest, −0 equals 0 and is returned as 0. Null is the state of no events. */
export function extremeOf(fn: "min" | "max", argument: ValueType): Aggregate<Value> {
  const compare = valueComparison(argument);
  const form = valueForm(argument);
  const change = formChange(argument);
  const sign = fn === "min" ? -1 : 1;
  const better = (state: Value, value: Value): Value => (state === null || compare(value, state) * sign > 0 ? value : state);
  return {
    init: () => null,
    update: (state, value) => better(state, Object.is(value, -0) ? 0 : value),
    merge: (state, other) => (other === null ? state : better(state, other)),
    finalize: change,
    write: (writer, state) => writeNullable(writer, form, state),
    read: (buffer, cursor) => readNullable(buffer, cursor, form),
  };
}
