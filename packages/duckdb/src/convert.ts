import { type EngineColumn, type InstantRange, isOrderable, type ValueType } from "@asof/core";
import { familyOf, storageTypeOf } from "./column-types.ts";
import { convertNested } from "./convert-nested.ts";
import { keepOnly, type Misfit } from "./misfit.ts";
import { decimalOf } from "./type-text.ts";

export { presentValue } from "./present.ts";

/**
 * The value of a column in the storage form of a declared type, or null where the column's type does not fit. Numbers change their
 * type only where no digit is lost: 1.0 is an int64, 1.5 is not; integers and decimals become floats as they are declared. Text is
 * not parsed, except from media that have nothing else.
 */
export function convertColumn(column: EngineColumn, sql: string, type: ValueType, misfit: Misfit): string | null {
  const storage = storageTypeOf(type);
  const family = familyOf(column.type);
  const cast = (value: string): string => `${misfit === "fail" ? "CAST" : "TRY_CAST"}(${value} AS ${storage})`;
  if (family === "null") return `CAST(NULL AS ${storage})`;
  if (type.kind === "timestamp") return convertInstant(column, sql, type, misfit);
  // DuckDB 1.5.5 skips blocks of Parquet by the statistics of bytes as if they were text, and loses rows; a filter on an expression
  // is not taken to the file.
  if (type.kind === "bytes" && family === "bytes") return `${sql} || ''::BLOB`;
  if (!isOrderable(type)) return convertNested(column, sql, type, misfit, convertColumn);
  if (column.type === storage.replace(", ", ",")) return sql;
  if (family === "text" && column.medium !== "typed") return parseText(sql, type, cast, misfit);
  switch (type.kind) {
    case "bool":
      return null;
    case "int32":
    case "int64":
      return convertInteger(column.type, sql, cast, misfit);
    case "float32":
    case "float64":
      return ["integer", "float", "decimal"].includes(family) ? cast(sql) : null;
    case "string":
      if (family === "bytes") return misfit === "fail" ? `decode(${sql})` : `TRY(decode(${sql}))`;
      return family === "text" || family === "uuid" ? cast(sql) : null;
    case "bytes":
      return null;
    case "date":
      return null;
    case "uuid":
      return family === "text" ? cast(sql) : null;
    case "decimal":
      return convertDecimal(column, sql, type, cast, misfit);
    default:
      return null;
  }
}

/**
 * The value that a text of a csv file or partition folder writes. The engine's casts round "1.5" to a whole number, drop digits of a
 * decimal and the time of a date; such a text is a misfit.
 */
function parseText(sql: string, type: ValueType, cast: (value: string) => string, misfit: Misfit): string {
  const condition = exactText(sql, type);
  if (condition === null) return type.kind === "bytes" ? encode(sql) : cast(sql);
  return keepOnly(condition, sql, cast(sql), misfit);
}

function exactText(sql: string, type: ValueType): string | null {
  switch (type.kind) {
    case "int32":
    case "int64":
      return `regexp_full_match(trim(${sql}), '[+-]?[0-9]+([.]0*)?')`;
    case "decimal":
      return `regexp_full_match(trim(${sql}), '[+-]?([0-9]+([.]${digitsAfterPoint(type.scale)})?|[.]${digitsAfterPoint(type.scale, 1)})')`;
    case "date":
      return `regexp_full_match(trim(${sql}), '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}')`;
    default:
      return null;
  }
}

/** At most `scale` digits and then zeros, `least` of either. */
function digitsAfterPoint(scale: number, least = 0): string {
  return scale === 0 ? `0{${least},}` : `[0-9]{${least},${scale}}0*`;
}

function convertInteger(from: string, sql: string, cast: (value: string) => string, misfit: Misfit): string | null {
  const family = familyOf(from);
  if (family === "integer") return cast(sql);
  if (family !== "float" && family !== "decimal") return null;
  // A float from 2⁵³ on may stand for several integers: it is no exact key or count.
  const exact = family === "float" ? `${sql} = trunc(${sql}) AND abs(${sql}) < 9007199254740992` : `${sql} = trunc(${sql})`;
  return keepOnly(exact, sql, cast(sql), misfit);
}

function convertDecimal(
  column: EngineColumn,
  sql: string,
  type: ValueType & { readonly kind: "decimal" },
  cast: (value: string) => string,
  misfit: Misfit,
): string | null {
  const family = familyOf(column.type);
  if (family === "integer") return cast(sql);
  if (family !== "decimal") return null;
  return decimalOf(column.type).scale <= type.scale ? cast(sql) : keepOnly(`${cast(sql)} = ${sql}`, sql, cast(sql), misfit);
}

function convertInstant(
  column: EngineColumn,
  sql: string,
  type: ValueType & { readonly kind: "timestamp" },
  misfit: Misfit,
): string | null {
  const us = column.medium === "log" && column.type === "BIGINT" ? sql : instantOfColumn(column, sql, misfit);
  if (us === null || type.precision === undefined) return us;
  return `(${us} - ((${us} % 1000000) + 1000000) % 1000000)`;
}

function encode(sql: string): string {
  return `encode(${sql})`;
}

/** Microseconds of a time column, floored toward −∞; absent and infinite times give null. Null where the column holds no times. */
export function instantOfColumn(column: EngineColumn, sql: string, misfit: Misfit = "fail"): string | null {
  switch (familyOf(column.type)) {
    case "null":
      return "CAST(NULL AS BIGINT)";
    case "instant":
      // epoch_us rounds nanoseconds, which would let a row be seen before its time.
      if (column.type === "TIMESTAMP_NS") {
        const ns = `epoch_ns(${sql})`;
        return `CASE WHEN isfinite(${sql}) THEN (${ns} - ((${ns} % 1000) + 1000) % 1000) // 1000 END`;
      }
      return `epoch_us(${sql})`;
    case "date":
      return `epoch_us(${sql})`;
    case "text":
      if (column.medium === "typed") return null;
      return `epoch_us(${misfit === "fail" ? "CAST" : "TRY_CAST"}(${sql} AS TIMESTAMP WITH TIME ZONE))`;
    default:
      return null;
  }
}

/** A filter on a raw time column that Parquet row groups can be skipped by; null where a comparison needs a conversion. */
export function instantFilterOf(column: EngineColumn, sql: string, { fromUs, toUs }: InstantRange): string | null {
  const literal = literalMaker(column.type);
  if (literal === null) return null;
  const conditions: string[] = [];
  const from = fromUs === null ? null : literal(fromUs, "from");
  const to = toUs === null ? null : literal(toUs, "to");
  if (from !== null) conditions.push(`${sql} >= ${from}`);
  if (to !== null) conditions.push(`${sql} <= ${to}`);
  return conditions.length === 0 ? null : conditions.join(" AND ");
}

function literalMaker(type: string): ((us: number, end: "from" | "to") => string | null) | null {
  switch (type) {
    case "TIMESTAMP":
      return (us) => `make_timestamp(${us})`;
    case "TIMESTAMP WITH TIME ZONE":
      return (us) => `make_timestamptz(${us})`;
    case "TIMESTAMP_NS":
      return (us, end) => {
        // Nanoseconds reach from 1677 to 2262; outside there is nothing to skip by.
        if (Math.abs(us) > 9_000_000_000_000_000) return null;
        return `make_timestamp_ns(${BigInt(us) * 1000n + (end === "from" ? 0n : 999n)})`;
      };
    default:
      return null;
  }
}
