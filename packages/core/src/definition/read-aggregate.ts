import type { ExpressionNode } from "../expression/node.ts";
import { printType } from "../value/type.ts";
import { acceptsArgument, aggregateResultType } from "./aggregate-type.ts";
import { expressionOf } from "./expr.ts";
import { poisoned } from "./expr-coerce.ts";
import type { AggregateFunction, FeatureModel } from "./model.ts";
import type { AggregatePayload, ExpressionPayload } from "./payload.ts";
import { OptionReader } from "./read.ts";
import { type FeatureContext, readExpression } from "./read-expression.ts";
import { unknownColumn } from "./row.ts";
import { checkWindow, defaultHopUs } from "./window.ts";

const defaultDistinctBound = 10_000;
const maxDistinctBound = 1_000_000;
const maxListLength = 1_000;

/** Reads an aggregate against its view's source. Null after adding issues. */
export function readAggregate(name: string, given: AggregatePayload, path: string, context: FeatureContext): FeatureModel | null {
  const { list } = context;
  const before = list.issues.length;
  const reader = new OptionReader(given.options, path, list, ["window", "where", ...ownOptions(given.fn)]);
  const fn = readFunction(given, reader, context);
  const argument = fn === null || fn.fn === "count" ? null : readArgument(fn, given.column, path, context);
  const where = readWhere(reader, context);
  const { windowUs, hopUs } = readWindow(reader, context);
  const meta = reader.meta();
  if (fn === null || list.issues.length > before) return null;
  const type = aggregateResultType(fn, argument?.type ?? null);
  const aggregate = Object.freeze({ function: Object.freeze(fn), argument, windowUs, hopUs, where });
  return Object.freeze({ kind: "aggregate", name, type, nullable: true, meta, aggregate });
}

function ownOptions(fn: string): readonly string[] {
  if (fn === "variance" || fn === "stddev") return ["population"];
  return fn === "distinctCount" ? ["bound"] : [];
}

function readFunction(given: AggregatePayload, reader: OptionReader, context: FeatureContext): AggregateFunction | null {
  switch (given.fn) {
    case "count":
      return { fn: "count" };
    case "variance":
    case "stddev":
      return { fn: given.fn, population: reader.flag("population", false) };
    case "firstN":
    case "lastN":
      return { fn: given.fn, n: readWhole(given.n, "n", 1, maxListLength, reader.path, context) };
    case "distinctCount":
      return {
        fn: given.fn,
        bound: readWhole(reader.value("bound") ?? defaultDistinctBound, "bound", 1, maxDistinctBound, reader.path, context),
      };
    case "sum":
    case "avg":
    case "min":
    case "max":
    case "first":
    case "last":
      return { fn: given.fn };
    default:
      return null;
  }
}

function readWhole(value: unknown, name: string, low: number, high: number, path: string, { list }: FeatureContext): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= low && value <= high) return value;
  const range = `from ${low.toLocaleString("en-US")} to ${high.toLocaleString("en-US")}`;
  const message = `${name} is not a whole number ${range}.`;
  list.add(
    "ASOF_DEFINITION_INVALID",
    `${path}.${name}`,
    value,
    message,
    `Give ${name} as a whole number ${range}: state is kept for each of them.`,
  );
  return low;
}

function readArgument(fn: AggregateFunction, given: unknown, path: string, context: FeatureContext): ExpressionNode | null {
  const payload = typeof given === "string" ? columnOf(given, context) : readExpression(given, context);
  context.list.addFaults(path, payload.faults);
  if (payload.poisoned) return null;
  const { type } = payload.node;
  if (acceptsArgument(fn, type)) return payload.node;
  const wanted = acceptsArgument(fn, { kind: "string" }) ? "a column that is not a list" : "a numeric column";
  const shown = typeof given === "string" ? `"${given}" is ${printType(type)}` : `the expression is ${printType(type)}`;
  const fix = type.kind === "string" ? "Declare the column as a number, or use .cast(float64())." : "Use another column.";
  context.list.add("ASOF_COLUMN_TYPE", path, given, `${fn.fn} needs ${wanted}, but ${shown}.`, fix);
  return null;
}

function columnOf(name: string, { source }: FeatureContext): ExpressionPayload {
  const column = source.columns.find((c) => c.name === name);
  if (column === undefined) return poisoned([unknownColumn(name, source.columns, source.name)]);
  return expressionOf(Object.freeze({ node: "column", name, type: column.type }));
}

function readWhere(reader: OptionReader, context: FeatureContext): ExpressionNode | null {
  const value = reader.value("where");
  if (value === undefined) return null;
  const payload = readExpression(value, context);
  const path = `${reader.path}.where`;
  context.list.addFaults(path, payload.faults);
  if (payload.poisoned) return null;
  if (payload.node.type.kind === "bool") return payload.node;
  const message = `where needs a condition, but this is ${printType(payload.node.type)}.`;
  context.list.add("ASOF_COLUMN_TYPE", path, undefined, message, "Compare it, for example with .gt(0) or .isNotNull().");
  return null;
}

function readWindow(
  reader: OptionReader,
  { hopUs, list }: FeatureContext,
): { readonly windowUs: number | null; readonly hopUs: number | null } {
  const windowUs = reader.duration("window", "ASOF_DURATION_INVALID");
  if (windowUs === null) return { windowUs: null, hopUs: null };
  const fault = checkWindow(windowUs, hopUs);
  if (fault !== null) list.addFaults(reader.path, [fault]);
  return { windowUs, hopUs: hopUs ?? defaultHopUs(windowUs) };
}
