import { assert } from "../error/error.ts";
import { printType, sameType, type ValueType } from "../value/type.ts";
import { canCast, textForms, timestampDays } from "./cast.ts";
import type { ExpressionDialect } from "./dialect.ts";

const float64: ValueType = { kind: "float64" };
const date: ValueType = { kind: "date" };
const string: ValueType = { kind: "string" };
/** A double holds the digits of such a decimal exactly, so that one division rounds it correctly. */
const EXACT_PRECISION = 15;

/** Prints a cast with the meaning of `castFunction`: where engines would round or parse in their own way, it is spelled out. */
export function printCast(sql: string, from: ValueType, to: ValueType, dialect: ExpressionDialect): string {
  assert(canCast(from, to), `no cast from ${printType(from)} to ${printType(to)}`);
  if (sameType(from, to)) return sql;
  switch (from.kind) {
    case "string":
      return printFromText(sql, to, dialect);
    case "float32":
    case "float64":
      return printFromFloat(sql, to, dialect);
    case "decimal":
      return printFromDecimal(sql, from, to, dialect);
    case "timestamp":
      return to.kind === "date" ? dialect.timestampToDate(sql) : sql;
    case "date":
      return to.kind === "timestamp" ? printDateToTimestamp(sql, dialect) : widen(sql, to, dialect);
    case "int64":
      return printFromInt64(sql, to, dialect);
    case "int32":
      return to.kind === "decimal" ? dialect.tryCast(sql, to) : printToFloat32(sql, to, dialect);
    default:
      return widen(sql, to, dialect);
  }
}

function isInteger(type: ValueType): boolean {
  return type.kind === "int32" || type.kind === "int64";
}

/** A conversion that always has a result, of which optimizers may make what they like. */
function widen(sql: string, to: ValueType, dialect: ExpressionDialect): string {
  return `CAST(${sql} AS ${dialect.typeName(to)})`;
}

/** Integers reach float32 by way of float64, so that they are rounded twice in every engine. */
function printToFloat32(sql: string, to: ValueType, dialect: ExpressionDialect): string {
  return widen(to.kind === "float32" ? widen(sql, float64, dialect) : sql, to, dialect);
}

function printFromInt64(sql: string, to: ValueType, dialect: ExpressionDialect): string {
  if (to.kind === "int32" || to.kind === "decimal") return dialect.tryCast(sql, to);
  if (to.kind !== "timestamp") return printToFloat32(sql, to, dialect);
  const bound = (value: number) => dialect.literal({ kind: "int64", as: "number" }, value);
  return `CASE WHEN ${sql} BETWEEN ${bound(Number.MIN_SAFE_INTEGER)} AND ${bound(Number.MAX_SAFE_INTEGER)} THEN ${sql} END`;
}

function printFromFloat(sql: string, to: ValueType, dialect: ExpressionDialect): string {
  if (to.kind === "float64") return widen(sql, to, dialect);
  return dialect.tryCast(isInteger(to) ? dialect.truncate(sql) : sql, to);
}

function printFromDecimal(sql: string, from: ValueType & { kind: "decimal" }, to: ValueType, dialect: ExpressionDialect): string {
  if (isInteger(to)) return dialect.tryCast(dialect.truncate(sql), to);
  if (to.kind === "string") return dialect.decimalToText(sql, from);
  if (to.kind === "decimal") {
    const fits = to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale;
    return fits ? widen(sql, to, dialect) : dialect.tryCast(sql, to);
  }
  return printToFloat32(from.precision <= EXACT_PRECISION ? sql : dialect.decimalToText(sql, from), to, dialect);
}

function printFromText(sql: string, to: ValueType, dialect: ExpressionDialect): string {
  const parse = (form: keyof typeof textForms, type: ValueType) => dialect.tryCast(dialect.onlyMatching(sql, textForms[form]), type);
  switch (to.kind) {
    case "bool": {
      const [yes, no] = [dialect.literal(string, "true"), dialect.literal(string, "false")];
      return `CASE ${sql} WHEN ${yes} THEN TRUE WHEN ${no} THEN FALSE END`;
    }
    case "int32":
    case "int64":
      return parse("integer", to);
    case "float32":
    case "float64": {
      const [up, down] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => dialect.literal(float64, value));
      const finite = `NULLIF(NULLIF(${parse("float", float64)}, ${up}), ${down})`;
      return to.kind === "float64" ? finite : dialect.tryCast(finite, to);
    }
    case "decimal":
      return parse("decimal", to);
    case "date":
      return parse("date", to);
    case "uuid":
      return parse("uuid", to);
    default:
      return dialect.textToBytes(sql);
  }
}

function printDateToTimestamp(sql: string, dialect: ExpressionDialect): string {
  const [first, last] = [timestampDays.first, timestampDays.last].map((day) => dialect.literal(date, day));
  return `CASE WHEN ${sql} BETWEEN ${first} AND ${last} THEN ${dialect.dateToTimestamp(sql)} END`;
}
