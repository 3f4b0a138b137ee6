import { compileExpression, compileFilter } from "../expression/evaluate.ts";
import { compileOrderKey } from "../value/order.ts";
import type { Value } from "../value/type.ts";
import { hashEventId } from "./event-ids.ts";
import type { RowOrder } from "./row-order.ts";
import type { Series, Slot, WindowLayout } from "./window-layout.ts";

/** A row of a source as it enters a window. */
export interface WindowEvent {
  /** UTC µs. */
  readonly eventTimeUs: number;
  readonly createdTimeUs: number | null;
  /** By which it is folded once; null = it has no identity, and equal rows count each. */
  readonly eventId: string | null;
  /** In the order of the program's `columns`. */
  readonly values: readonly Value[];
  /** Whether the row could be new since the last materialization; see `touchedOnly`. */
  readonly isNew?: boolean;
}

/** An event in the form in which state keeps it: expressions evaluated, so that a read only folds. */
export interface RawEvent extends RowOrder {
  /** {@link hashEventId} of its id. */
  readonly id: string | null;
  /** One per filter of the layout. */
  readonly passes: readonly boolean[];
  /** One per argument of the layout; null also where no condition that needs it is met. */
  readonly inputs: readonly Value[];
  /** Generation of the state's layout that evaluated it; see `KeyState.generation`. */
  readonly generation: number;
}

const emptyKey = new Uint8Array();

/** Makes raw events of a view's rows. Expressions may throw ASOF_EXPRESSION_FAILED. */
export function compilePrepare(layout: WindowLayout): (event: WindowEvent, generation: number) => RawEvent {
  const places = new Map(layout.columns.map((column, i) => [column.name, i]));
  const filters = layout.filters.map(({ node }) => compileFilter(node, places));
  const inputs = layout.arguments.map(({ node }) => compileExpression(node, places));
  // An argument is evaluated only where some feature folds it: SQL does not look at it in other rows either.
  const users = layout.arguments.map((_, i) => filtersUsing(layout.series, i));
  const orderPlaces = layout.orderColumns.map((column) => places.get(column.name) ?? 0);
  const encodeOrder = compileOrderKey(layout.orderColumns.map((column) => column.type));
  return (event, generation) => {
    const { values } = event;
    const passes = filters.map((filter) => filter(values));
    const isUsed = (i: number): boolean => users[i]?.some((filter) => filter < 0 || passes[filter] === true) ?? false;
    return {
      eventTimeUs: event.eventTimeUs,
      createdTimeUs: orderPlaces.length === 0 ? null : event.createdTimeUs,
      orderKey: orderPlaces.length === 0 ? emptyKey : encodeOrder(orderPlaces.map((place) => values[place] ?? null)),
      id: event.eventId === null ? null : hashEventId(event.eventId),
      passes,
      inputs: inputs.map((input, i) => (isUsed(i) ? input(values) : null)),
      generation,
    };
  };
}

function filtersUsing(series: readonly Series[], argument: number): readonly number[] {
  return series.flatMap(({ slots }) => slots.filter((slot) => slot.argument === argument).map((slot) => slot.filter));
}

/** Folds an event into a state of a slot, where it passes and has a value. */
export function foldInto(slot: Slot, state: unknown, event: RawEvent): unknown {
  if (slot.filter >= 0 && event.passes[slot.filter] !== true) return state;
  if (slot.argument < 0) return slot.algebra.update(state, null, event);
  const value = event.inputs[slot.argument] ?? null;
  return value === null ? state : slot.algebra.update(state, value, event);
}
