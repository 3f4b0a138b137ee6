import { dateToDays, decimalToUnscaled, fieldOf, isValueList, isValueMap, type Value, type ValueType } from "@asof/core";
import {
  BIGINT,
  BLOB,
  BOOLEAN,
  blobValue,
  DATE,
  DECIMAL,
  DOUBLE,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  dateValue,
  decimalValue,
  FLOAT,
  INTEGER,
  LIST,
  listValue,
  MAP,
  mapValue,
  STRUCT,
  structValue,
  TIMESTAMPTZ,
  timestampTZValue,
  UUID,
  uuidValue,
  VARCHAR,
} from "@duckdb/node-api";

/** Rows in a data chunk of DuckDB, which has room for no more. */
const chunkRows = 2048;

/** DuckDB's type object for values of a type, as files hold them. */
function engineType(type: ValueType): DuckDBType {
  switch (type.kind) {
    case "bool":
      return BOOLEAN;
    case "int32":
      return INTEGER;
    case "int64":
      return BIGINT;
    case "float32":
      return FLOAT;
    case "float64":
      return DOUBLE;
    case "string":
    case "json":
      return VARCHAR;
    case "bytes":
      return BLOB;
    case "timestamp":
      return TIMESTAMPTZ;
    case "date":
      return DATE;
    case "decimal":
      return DECIMAL(type.precision, type.scale);
    case "uuid":
      return UUID;
    case "list":
    case "set":
      return LIST(engineType(type.of));
    case "map":
      return MAP(engineType(type.key), engineType(type.value));
    case "struct":
      return STRUCT(Object.fromEntries(type.fields.map((field) => [field.name, engineType(field.type)])));
    case "vector":
      return LIST(FLOAT);
  }
}

type Encoder = (value: Exclude<Value, null>) => DuckDBValue;

function encoderOf(type: ValueType): Encoder {
  switch (type.kind) {
    case "bool":
      return (value) => value === true;
    case "int32":
    case "float32":
    case "float64":
      return (value) => Number(value);
    case "int64":
      return (value) => (typeof value === "bigint" ? value : BigInt(Number(value)));
    case "string":
    case "json":
      return (value) => String(value);
    case "bytes":
      return (value) => blobValue(value instanceof Uint8Array ? value : new Uint8Array());
    case "timestamp":
      return (value) => timestampTZValue(BigInt(Number(value)));
    case "date":
      return (value) => dateValue(dateToDays(String(value)) ?? 0);
    case "decimal":
      return (value) => decimalValue(decimalToUnscaled(String(value)), type.precision, type.scale);
    case "uuid":
      return (value) => uuidValue(BigInt(`0x${String(value).replaceAll("-", "")}`));
    case "list":
    case "set": {
      const encode = nullableEncoder(type.of);
      return (value) => listValue(isValueList(value) ? value.map(encode) : []);
    }
    case "vector":
      return (value) => listValue(isValueList(value) ? value.map(Number) : []);
    case "map": {
      const [encodeKey, encodeMapped] = [nullableEncoder(type.key), nullableEncoder(type.value)];
      return (value) =>
        mapValue(isValueMap(value) ? Array.from(value, ([key, mapped]) => ({ key: encodeKey(key), value: encodeMapped(mapped) })) : []);
    }
    case "struct": {
      const fields = type.fields.map(({ name, type: of }) => ({ name, encode: nullableEncoder(of) }));
      return (value) => structValue(Object.fromEntries(fields.map(({ name, encode }) => [name, encode(fieldOf(value, name))])));
    }
  }
}

function nullableEncoder(type: ValueType): (value: Value) => DuckDBValue {
  const encode = encoderOf(type);
  return (value) => (value === null ? null : encode(value));
}

/** Appends values to a table whose columns have the types given, in their order. Columns come as arrays of equal length. */
export class RowAppender {
  readonly #appender: DuckDBAppender;
  readonly #types: readonly DuckDBType[];
  readonly #encoders: readonly Encoder[];

  private constructor(appender: DuckDBAppender, types: readonly ValueType[]) {
    this.#appender = appender;
    this.#types = types.map(engineType);
    this.#encoders = types.map(encoderOf);
  }

  static async open(connection: DuckDBConnection, schema: string, table: string, types: readonly ValueType[]): Promise<RowAppender> {
    return new RowAppender(await connection.createAppender(table, schema), types);
  }

  /** `valueAt(column, row)` gives the values. */
  append(rowCount: number, valueAt: (column: number, row: number) => Value): void {
    for (let start = 0; start < rowCount; start += chunkRows) {
      const count = Math.min(chunkRows, rowCount - start);
      const chunk = DuckDBDataChunk.create(this.#types, count);
      this.#encoders.forEach((encode, column) => {
        const values: DuckDBValue[] = [];
        for (let row = start; row < start + count; row++) {
          const value = valueAt(column, row);
          values.push(value === null ? null : encode(value));
        }
        chunk.setColumnValues(column, values);
      });
      this.#appender.appendDataChunk(chunk);
    }
  }

  /** Makes the rows visible. */
  close(): void {
    this.#appender.closeSync();
  }
}
