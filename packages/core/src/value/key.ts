import { assert } from "../error/error.ts";
import { asBuffer, ByteWriter } from "./bytes.ts";
import { sortableReader, sortableWriter } from "./sortable.ts";
import { isEntityKey, printType, type Value, type ValueType } from "./type.ts";

/**
 * Bytes of an entity key: equal for equal keys, different for different ones, sorted as the keys are. Null when any part is null.
 * The types are those of the entity's keys (never floats, where equality is not identity, nor lists and other nested types); keys of different
 * types may have equal bytes.
 */
export function encodeEntityKey(types: readonly ValueType[], values: readonly Value[]): Uint8Array | null {
  return compileKeyEncoder(types)(values);
}

/** {@link encodeEntityKey} for many keys of the same types. */
export function compileKeyEncoder(types: readonly ValueType[]): (values: readonly Value[]) => Uint8Array | null {
  assertKeyTypes(types);
  const writers = types.map(sortableWriter);
  const writer = new ByteWriter();
  return (values) => {
    writer.reset();
    for (let i = 0; i < writers.length; i++) {
      const value = values[i] ?? null;
      if (value === null) return null;
      writers[i]?.(writer, value);
    }
    return writer.take();
  };
}

/** The key that the bytes were made of. */
export function decodeEntityKey(types: readonly ValueType[], bytes: Uint8Array): Value[] {
  return compileKeyDecoder(types)(bytes);
}

/** {@link decodeEntityKey} for many keys of the same types. */
export function compileKeyDecoder(types: readonly ValueType[]): (bytes: Uint8Array) => Value[] {
  assertKeyTypes(types);
  const readers = types.map(sortableReader);
  return (bytes) => {
    const buffer = asBuffer(bytes);
    const cursor = { at: 0 };
    const values = readers.map((read) => read(buffer, cursor));
    assert(
      cursor.at === bytes.length,
      `an entity key of ${types.map(printType).join(", ")} has ${bytes.length - cursor.at} bytes too many`,
    );
    return values;
  };
}

function assertKeyTypes(types: readonly ValueType[]): void {
  for (const type of types) assert(isEntityKey(type), `${printType(type)} cannot be part of an entity key`);
}
