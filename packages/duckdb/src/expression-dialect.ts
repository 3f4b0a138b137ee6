import {
  decimalToUnscaled,
  type ExpressionDialect,
  fieldOf,
  isValueList,
  isValueMap,
  type TimePart,
  unscaledToDecimal,
  type Value,
  type ValueType,
} from "@asof/core";
import { storageTypeOf } from "./column-types.ts";
import { quoteName } from "./quote.ts";

const timeFunctions: Readonly<Record<TimePart, string>> = {
  year: "year",
  month: "month",
  day: "day",
  hour: "hour",
  minute: "minute",
  second: "second",
  dayOfWeek: "isodow",
  dayOfYear: "dayofyear",
};

/**
 * The functions, not the operators: DuckDB rewrites `x + 1 > 10` into `x > 9`, which hides an overflow, and knows the rewriting by
 * the operator's name.
 */
const checkedFunctions = { add: "add", sub: "subtract", mul: "multiply" } as const;

/** How DuckDB prints expressions. */
export const duckDbExpressionDialect: ExpressionDialect = {
  name: "duckdb",
  typeName: storageTypeOf,
  literal: printLiteral,
  checkedArithmetic: (op, left, right) => `${checkedFunctions[op]}(${left}, ${right})`,
  // LEAST of one argument is that argument, and hides the cast: DuckDB 1.5 calculates `TRY_CAST(x AS INTEGER) < 5` as `x < 5`.
  tryCast: (sql, to) => `least(TRY_CAST(${sql} AS ${storageTypeOf(to)}))`,
  truncate: (sql) => `trunc(${sql})`,
  onlyMatching: (sql, pattern) => `regexp_extract(${sql}, ${printText(`^(?:${pattern})$`)})`,
  decimalToText: (sql, type) => {
    const text = `CAST(${sql} AS VARCHAR)`;
    // DuckDB leaves out the zero before the point when the type has no digits there.
    return type.scale === type.precision ? `regexp_replace(${text}, '^(-?)[.]', '\\10.')` : text;
  },
  textToBytes: (sql) => `encode(${sql})`,
  translate: (sql, from, to) => `translate(${sql}, ${printText(from)}, ${printText(to)})`,
  trimSpaces: (sql) => `trim(${sql}, ' ')`,
  countCodePoints: (sql) => `CAST(length(${sql}) AS INTEGER)`,
  substring: (sql, start, count) => `substring(${sql}, ${start}${count === null ? "" : `, ${count}`})`,
  startsWith: (sql, part) => `starts_with(${sql}, ${part})`,
  endsWith: (sql, part) => `ends_with(${sql}, ${part})`,
  contains: (sql, part) => `contains(${sql}, ${part})`,
  replace: (sql, search, by) => `replace(${sql}, ${search}, ${by})`,
  timePart: (part, sql, of) => `CAST(${timeFunctions[part]}(${of === "date" ? sql : `make_timestamp(${sql})`}) AS INTEGER)`,
  timestampToDate: (sql) => `CAST(make_timestamp(${sql}) AS DATE)`,
  dateToTimestamp: (sql) => `((${sql} - DATE '1970-01-01') * 86400000000)`,
};

/** Text between quotes; U+0000, which would end the statement, by its function. */
function printText(text: string): string {
  const quoted = (part: string) => `'${part.replaceAll("'", "''")}'`;
  return text.includes("\0") ? `(${text.split("\0").map(quoted).join(" || chr(0) || ")})` : quoted(text);
}

function printLiteral(type: ValueType, value: Exclude<Value, null>): string {
  switch (type.kind) {
    case "bool":
      return value === true ? "TRUE" : "FALSE";
    case "string":
    case "json":
      return printText(String(value));
    case "bytes":
      return `unhex('${value instanceof Uint8Array ? Buffer.from(value).toString("hex") : ""}')`;
    case "list":
    case "set":
      return printList(type, type.of, isValueList(value) ? value : []);
    case "vector":
      return printList(type, { kind: "float32" }, isValueList(value) ? value : []);
    case "map": {
      const pairs = isValueMap(value) ? [...value] : [];
      const printed = pairs.map(([k, v]) => `struct_pack("key" := ${printPart(type.key, k)}, "value" := ${printPart(type.value, v)})`);
      return `CAST([${printed.join(", ")}] AS ${storageTypeOf(type)})`;
    }
    case "struct": {
      const fields = type.fields.map(({ name, type: of }) => `${quoteName(name)} := ${printPart(of, fieldOf(value, name))}`);
      return `CAST(struct_pack(${fields.join(", ")}) AS ${storageTypeOf(type)})`;
    }
    case "decimal":
      return `CAST('${unscaledToDecimal(decimalToUnscaled(String(value)), type.scale)}' AS ${storageTypeOf(type)})`;
    default:
      // Quoted, because a bare number has a type of its own and, with a point, is a decimal.
      return `CAST('${String(value)}' AS ${storageTypeOf(type)})`;
  }
}

function printList(type: ValueType, of: ValueType, elements: readonly Value[]): string {
  return `CAST([${elements.map((element) => printPart(of, element)).join(", ")}] AS ${storageTypeOf(type)})`;
}

function printPart(type: ValueType, value: Value): string {
  return value === null ? "NULL" : printLiteral(type, value);
}
