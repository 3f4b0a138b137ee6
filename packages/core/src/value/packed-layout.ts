import { assert } from "../error/error.ts";
import type { ByteWriter } from "./bytes.ts";
import { type FixedForm, fixedForm, isNull, setNull, tooShort, type VariableForm } from "./codec-forms.ts";
import { compileStruct, fieldOf, isValueList, isValueMap } from "./struct.ts";
import { printType, type StructField, type Value, type ValueType } from "./type.ts";

/** Where the columns of a packed row lie; see `RowCodec` for the form as a whole. */
export interface PackedLayout {
  readonly slots: readonly PackedSlot[];
  readonly tailAt: number;
  /** Slot of the last variable column; −1 when there is none. */
  readonly lastEndAt: number;
}

export interface PackedSlot {
  readonly type: ValueType;
  readonly at: number;
  readonly fixed: FixedForm | null;
  readonly variable: VariableForm | null;
  /** Where the end of the variable column before this one is kept; −1 for the first. */
  readonly startAt: number;
}

export function packedLayout(types: readonly ValueType[]): PackedLayout {
  let at = Math.ceil(types.length / 8);
  let lastEndAt = -1;
  const slots = types.map((type): PackedSlot => {
    const fixed = fixedForm(type);
    const slot = { type, at, fixed, variable: fixed === null ? variableForm(type) : null, startAt: lastEndAt };
    if (fixed === null) lastEndAt = at;
    at += fixed?.size ?? 4;
    return slot;
  });
  return { slots, tailAt: at, lastEndAt };
}

/** Appends a row; `valueAt` gives the value of each slot. */
export function appendPacked(layout: PackedLayout, writer: ByteWriter, valueAt: (index: number) => Value): void {
  const start = writer.reserve(layout.tailAt);
  writer.buffer.fill(0, start, start + layout.tailAt);
  const tail = start + layout.tailAt;
  layout.slots.forEach((slot, i) => {
    const value = valueAt(i);
    if (value === null) setNull(writer.buffer, start, i);
    else if (slot.fixed !== null) slot.fixed.write(writer.buffer, start + slot.at, value);
    else slot.variable?.write(writer, value);
    if (slot.fixed === null) writer.buffer.writeUInt32LE(writer.length - tail, start + slot.at);
  });
}

/** Reads one column of the row at `offset`, whose bytes end at `limit` or before. The slots must lie within the limit. */
export type SlotReader = (buffer: Buffer, offset: number, limit: number) => Value | undefined;

/** The reader of a column; of one that the layout lacks (−1), undefined. */
export function slotReader(layout: PackedLayout, index: number): SlotReader {
  const slot = layout.slots[index];
  if (slot === undefined) return () => undefined;
  const { at, fixed, variable, startAt } = slot;
  if (fixed !== null) return (buffer, offset) => (isNull(buffer, offset, index) ? null : fixed.read(buffer, offset + at));
  return (buffer, offset, limit) => {
    if (variable === null || isNull(buffer, offset, index)) return null;
    const tail = offset + layout.tailAt;
    const start = startAt < 0 ? tail : tail + buffer.readUInt32LE(offset + startAt);
    const end = tail + buffer.readUInt32LE(offset + at);
    if (end < start || end > limit) throw tooShort(limit, end);
    return variable.read(buffer, start, end);
  };
}

/** The form of a type in the tail; for types without a fixed size. */
export function variableForm(type: ValueType): VariableForm {
  switch (type.kind) {
    case "string":
    case "json":
      return {
        write: (writer, value) => void writer.writeText(String(value)),
        read: (buffer, start, end) => buffer.toString("utf8", start, end),
      };
    case "bytes":
      return {
        write: (writer, value) => {
          if (value instanceof Uint8Array) writer.writeBytes(value);
        },
        read: (buffer, start, end) => new Uint8Array(buffer.subarray(start, end)),
      };
    case "list":
    case "set":
      return listForm(type.of);
    case "vector":
      return vectorForm(type.length);
    case "map":
      return mapForm(type.key, type.value);
    case "struct":
      return structForm(type.fields);
    default:
      assert(false, `${printType(type)} has a fixed size`);
      throw new Error("unreachable");
  }
}

function listForm(of: ValueType): VariableForm {
  const elements = sequenceForm(of);
  return {
    write: (writer, value) => elements.write(writer, isValueList(value) ? value : []),
    read: (buffer, start, end) => elements.read(buffer, start, end).values,
  };
}

/** The keys and then the values, each as a list. */
function mapForm(key: ValueType, mapped: ValueType): VariableForm {
  const keys = sequenceForm(key);
  const values = sequenceForm(mapped);
  return {
    write: (writer, value) => {
      if (!isValueMap(value)) return;
      keys.write(writer, [...value.keys()]);
      values.write(writer, [...value.values()]);
    },
    read: (buffer, start, end) => {
      const first = keys.read(buffer, start, end);
      const second = values.read(buffer, first.next, end);
      return new Map(first.values.map((k, i): [Value, Value] => [k, second.values[i] ?? null]));
    },
  };
}

/** A row within the row. */
function structForm(fields: readonly StructField[]): VariableForm {
  const layout = packedLayout(fields.map((field) => field.type));
  const readers = fields.map((_, i) => slotReader(layout, i));
  const names = fields.map((field) => field.name);
  const make = compileStruct(fields);
  return {
    write: (writer, value) => appendPacked(layout, writer, (i) => fieldOf(value, names[i] ?? "")),
    read: (buffer, start, end) => {
      if (start + layout.tailAt > end) throw tooShort(end, start + layout.tailAt);
      return make(readers.map((read) => read(buffer, start, end) ?? null));
    },
  };
}

function vectorForm(length: number): VariableForm {
  return {
    write: (writer, value) => {
      const numbers = isValueList(value) ? value : [];
      const at = writer.reserve(length * 4);
      for (let i = 0; i < length; i++) writer.buffer.writeFloatLE(Number(numbers[i]) + 0, at + i * 4);
    },
    read: (buffer, start, end) => {
      if (start + length * 4 > end) throw tooShort(end, start + length * 4);
      const numbers: number[] = new Array(length);
      for (let i = 0; i < length; i++) numbers[i] = buffer.readFloatLE(start + i * 4);
      return numbers;
    },
  };
}

/** Values one after the other. `read` also tells where they end. */
interface SequenceForm {
  write(writer: ByteWriter, values: readonly Value[]): void;
  read(buffer: Buffer, start: number, end: number): { readonly values: Value[]; readonly next: number };
}

function sequenceForm(of: ValueType): SequenceForm {
  const fixed = fixedForm(of);
  const variable = fixed === null ? variableForm(of) : null;
  return {
    write: (writer, elements) => {
      const countAt = writer.reserve(4);
      writer.buffer.writeUInt32LE(elements.length, countAt);
      const bitmapBytes = Math.ceil(elements.length / 8);
      const bitmapAt = writer.reserve(bitmapBytes);
      writer.buffer.fill(0, bitmapAt, bitmapAt + bitmapBytes);
      elements.forEach((element, i) => {
        if (element === null) setNull(writer.buffer, bitmapAt, i);
        writeElement(writer, fixed, variable, element);
      });
    },
    read: (buffer, start, end) => {
      if (end - start < 4) throw tooShort(end - start, 4);
      const count = buffer.readUInt32LE(start);
      const bitmapAt = start + 4;
      let at = bitmapAt + Math.ceil(count / 8);
      if (at + count * (fixed?.size ?? 4) > end) throw tooShort(end, at + count * (fixed?.size ?? 4));
      const values: Value[] = new Array(count);
      for (let i = 0; i < count; i++) {
        const next = at + (fixed?.size ?? (at + 4 > end ? 4 : 4 + buffer.readUInt32LE(at)));
        if (next > end) throw tooShort(end, next);
        values[i] = isNull(buffer, bitmapAt, i) ? null : readElement(buffer, at, next, fixed, variable);
        at = next;
      }
      return { values, next: at };
    },
  };
}

function writeElement(writer: ByteWriter, fixed: FixedForm | null, variable: VariableForm | null, element: Value): void {
  if (fixed !== null) {
    const at = writer.reserve(fixed.size);
    if (element === null) writer.buffer.fill(0, at, at + fixed.size);
    else fixed.write(writer.buffer, at, element);
    return;
  }
  const at = writer.reserve(4);
  if (element !== null) variable?.write(writer, element);
  writer.buffer.writeUInt32LE(writer.length - at - 4, at);
}

function readElement(buffer: Buffer, at: number, next: number, fixed: FixedForm | null, variable: VariableForm | null): Value {
  return fixed === null ? (variable?.read(buffer, at + 4, next) ?? null) : fixed.read(buffer, at);
}
