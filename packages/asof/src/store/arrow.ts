import { type ColumnInfo, fieldOf, isValueList, isValueMap, type RecordBatch, type Value, type ValueType } from "@asof/core";
import * as arrow from "apache-arrow";

/** Builds an Arrow table of batches. Timestamps are microseconds UTC, int64 is exact, decimals are 128 bits wide. */
export async function toArrowTable(columns: readonly ColumnInfo[], batches: AsyncIterable<RecordBatch>): Promise<arrow.Table> {
  const builders = columns.map((column) => ({
    type: arrowType(column.type, "logical"),
    builder: arrow.makeBuilder({ type: arrowType(column.type, "storage"), nullValues: [null] }),
    convert: converter(column.type),
  }));
  for await (const batch of batches) {
    for (const [i, { builder, convert }] of builders.entries()) {
      const column = batch.columns[i];
      for (let row = 0; row < batch.rowCount; row++) {
        const value = column?.get(row) ?? null;
        builder.append(value === null ? null : convert(value));
      }
    }
  }
  const vectors: Record<string, arrow.Vector> = {};
  for (const [i, column] of columns.entries()) {
    const made = builders[i];
    if (made !== undefined)
      vectors[column.name] = new arrow.Vector(
        made.builder
          .finish()
          .toVector()
          .data.map((d) => retype(d, made.type)),
      );
  }
  return new arrow.Table(vectors);
}

/** The same buffers under another type, children included. */
function retype(data: arrow.Data, type: arrow.DataType): arrow.Data {
  const children = data.children.map((child, i) => {
    const wanted = (type.children as readonly arrow.Field[] | null)?.[i]?.type;
    return wanted === undefined ? child : retype(child, wanted);
  });
  return data.clone(type, data.offset, data.length, data.nullCount, undefined, children);
}

/**
 * The Arrow type of a value type. Its `storage` form is what is built: apache-arrow's microsecond builder takes milliseconds and
 * multiplies them as floats, so instants are built as int64 and typed afterwards.
 */
function arrowType(type: ValueType, form: "logical" | "storage"): arrow.DataType {
  switch (type.kind) {
    case "bool":
      return new arrow.Bool();
    case "int32":
      return new arrow.Int32();
    case "int64":
      return new arrow.Int64();
    case "float32":
      return new arrow.Float32();
    case "float64":
      return new arrow.Float64();
    case "string":
    case "uuid":
    case "json":
      return new arrow.Utf8();
    case "bytes":
      return new arrow.Binary();
    case "timestamp":
      return form === "storage" ? new arrow.Int64() : new arrow.TimestampMicrosecond("UTC");
    case "date":
      return new arrow.DateDay();
    case "decimal":
      return new arrow.Decimal(type.scale, type.precision, 128);
    case "list":
      return new arrow.List(new arrow.Field("item", arrowType(type.of, form), true));
    case "set":
      return new arrow.List(new arrow.Field("item", arrowType(type.of, form), false));
    case "vector":
      return new arrow.FixedSizeList(type.length, new arrow.Field("item", new arrow.Float32(), false));
    case "map":
      return new arrow.Map_(
        new arrow.Field(
          "entries",
          new arrow.Struct<{ key: arrow.DataType; value: arrow.DataType }>([
            new arrow.Field("key", arrowType(type.key, form), false),
            new arrow.Field("value", arrowType(type.value, form), true),
          ]),
          false,
        ),
      );
    case "struct":
      return new arrow.Struct(type.fields.map((field) => new arrow.Field(field.name, arrowType(field.type, form), field.nullable)));
  }
}

/** From a value's JavaScript form to what Arrow's builder of that type takes. */
function converter(type: ValueType): (value: Value) => unknown {
  switch (type.kind) {
    case "int64":
      return (value) => BigInt(value as bigint | number);
    case "timestamp":
      return (value) => BigInt(value as number);
    case "date":
      return (value) => new Date(`${String(value)}T00:00:00Z`);
    case "decimal":
      return (value) => decimalWords(String(value));
    case "list":
    case "set": {
      const convert = nullableConverter(type.of);
      return (value) => (isValueList(value) ? value.map(convert) : null);
    }
    case "map": {
      const [convertKey, convertMapped] = [nullableConverter(type.key), nullableConverter(type.value)];
      return (value) =>
        isValueMap(value) ? new Map(Array.from(value, ([key, mapped]) => [convertKey(key), convertMapped(mapped)])) : null;
    }
    case "struct": {
      const fields = type.fields.map((field) => ({ name: field.name, convert: nullableConverter(field.type) }));
      return (value) => Object.fromEntries(fields.map(({ name, convert }) => [name, convert(fieldOf(value, name))]));
    }
    default:
      return (value) => value;
  }
}

function nullableConverter(type: ValueType): (value: Value) => unknown {
  const convert = converter(type);
  return (value) => (value === null ? null : convert(value));
}

/** Two's complement of an unscaled decimal in four little-endian words. */
function decimalWords(text: string): Uint32Array {
  const unscaled = BigInt.asUintN(128, BigInt(text.replace(".", "")));
  return Uint32Array.from([0n, 32n, 64n, 96n].map((shift) => Number((unscaled >> shift) & 0xffffffffn)));
}
