import type { ByteWriter } from "../value/bytes.ts";
import { valueComparison } from "../value/order.ts";
import type { Value, ValueType } from "../value/type.ts";
import type { Aggregate } from "./algebra.ts";
import {
  type Cursor,
  formChange,
  readByte,
  readNumber,
  readOptional,
  readSized,
  readUnsigned,
  type ValueForm,
  valueForm,
  writeInteger,
  writeOptional,
  writeSized,
  writeUnsigned,
} from "./compact-bytes.ts";
import { compareRowOrder, type RowOrder } from "./row-order.ts";

/** A value with its place in the row order. Never changed, so states share them. */
interface Entry extends RowOrder {
  readonly value: Value;
}

type EntryComparison = (a: Entry, b: Entry) => number;

/** The value that is first or last in the row order. Null is the state of no events. */
export function firstOrLastOf(fn: "first" | "last", argument: ValueType): Aggregate<Entry | null> {
  const form = valueForm(argument);
  const change = formChange(argument);
  const compare = entryComparison(argument);
  const sign = fn === "first" ? -1 : 1;
  const better = (state: Entry | null, entry: Entry): Entry => (state === null || compare(entry, state) * sign > 0 ? entry : state);
  return {
    init: () => null,
    update: (state, value, order) => better(state, entryOf(value, order)),
    merge: (state, other) => (other === null ? state : better(state, other)),
    finalize: (state) => change(state?.value ?? null),
    write: (writer, state) => {
      writer.writeByte(state === null ? 0 : 1);
      if (state !== null) writeEntry(writer, form, state);
    },
    read: (buffer, cursor) => (readByte(buffer, cursor) === 0 ? null : readEntry(buffer, cursor, form)),
  };
}

/** The first or last `n` values in the row order, oldest first. */
export function firstOrLastSeveralOf(fn: "firstN" | "lastN", n: number, argument: ValueType): Aggregate<Entry[]> {
  const form = valueForm(argument);
  const change = formChange(argument);
  const compare = entryComparison(argument);
  const trim = (entries: Entry[]): Entry[] => {
    if (entries.length > n) entries.splice(fn === "firstN" ? n : 0, entries.length - n);
    return entries;
  };
  return {
    init: () => [],
    update: (state, value, order) => {
      insert(state, entryOf(value, order), compare);
      return trim(state);
    },
    merge: (state, other) => (other.length === 0 ? state : trim([...state, ...other].sort(compare))),
    finalize: (state) => state.map((entry) => change(entry.value)),
    write: (writer, state) => {
      writeUnsigned(writer, state.length);
      for (const entry of state) writeEntry(writer, form, entry);
    },
    read: (buffer, cursor) => {
      const entries: Entry[] = [];
      for (let rest = readUnsigned(buffer, cursor); rest > 0; rest--) entries.push(readEntry(buffer, cursor, form));
      return entries;
    },
  };
}

/** Rows that are equal in every orderable column may still differ in a list: the value decides, so that the result stays one. */
function entryComparison(argument: ValueType): EntryComparison {
  const compareValues = valueComparison(argument);
  return (a, b) => compareRowOrder(a, b) || compareValues(a.value, b.value);
}

function entryOf(value: Value, order: RowOrder): Entry {
  const { eventTimeUs, createdTimeUs, orderKey } = order;
  return { eventTimeUs, createdTimeUs, orderKey, value: Object.is(value, -0) ? 0 : value };
}

/** Events mostly come in order, so the place is looked for from the end. */
function insert(entries: Entry[], entry: Entry, compare: EntryComparison): void {
  let at = entries.length;
  for (let before = entries[at - 1]; before !== undefined && compare(before, entry) > 0; before = entries[at - 1]) at--;
  entries.splice(at, 0, entry);
}

function writeEntry(writer: ByteWriter, form: ValueForm, entry: Entry): void {
  writeInteger(writer, entry.eventTimeUs);
  writeOptional(writer, entry.createdTimeUs);
  writeSized(writer, entry.orderKey);
  form.write(writer, entry.value);
}

function readEntry(buffer: Buffer, cursor: Cursor, form: ValueForm): Entry {
  const eventTimeUs = readNumber(buffer, cursor);
  const createdTimeUs = readOptional(buffer, cursor);
  const orderKey = readSized(buffer, cursor);
  return { eventTimeUs, createdTimeUs, orderKey, value: form.read(buffer, cursor) };
}
