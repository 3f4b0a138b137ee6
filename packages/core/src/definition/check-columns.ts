import { childrenOf, columnsOf } from "../expression/columns.ts";
import type { ExpressionNode } from "../expression/node.ts";
import { expressionFault } from "../expression/signature.ts";
import { printType, sameType, type ValueType } from "../value/type.ts";
import type { SourceModel } from "./model.ts";
import type { IssueList } from "./read.ts";
import { unknownColumn } from "./row.ts";

/** Checks that a source declares a column in the type that a plain feature has. */
export function checkColumn(name: string, type: ValueType, source: SourceModel, path: string, list: IssueList): void {
  const column = source.columns.find((c) => c.name === name);
  if (column === undefined) {
    list.addFaults(path, [missingColumn(name, source)]);
    return;
  }
  if (sameType(column.type, type)) return;
  const message = `Feature "${name}" is ${printType(type)}, but column "${name}" of source "${source.name}" is ${printType(column.type)}.`;
  list.add("ASOF_COLUMN_TYPE", path, printType(type), message, `Declare both alike, or cast: derive((row) => row.${name}.cast(…)).`);
}

/** Checks an expression: its columns exist in the types it was built with, and its operators fit. */
export function checkExpression(node: ExpressionNode, source: SourceModel, path: string, list: IssueList): void {
  const missing = [...columnsOf(node)].filter((name) => !source.columns.some((c) => c.name === name));
  list.addFaults(
    path,
    missing.map((name) => missingColumn(name, source)),
  );
  if (missing.length > 0) return;
  for (const column of columnNodes(node)) {
    const declared = source.columns.find((c) => c.name === column.name);
    if (declared === undefined || sameType(declared.type, column.type)) continue;
    const message = `The expression reads "${column.name}" as ${printType(column.type)}, but it is ${printType(declared.type)} in source "${source.name}".`;
    list.add("ASOF_COLUMN_TYPE", path, column.name, message, "Build the expression from the row of this source.");
    return;
  }
  const fault = expressionFault(node);
  if (fault !== null) list.add("ASOF_COLUMN_TYPE", path, undefined, fault, "Cast the operands to types that fit.");
}

function columnNodes(node: ExpressionNode): readonly (ExpressionNode & { readonly node: "column" })[] {
  if (node.node === "column") return [node];
  return childrenOf(node).flatMap(columnNodes);
}

function missingColumn(name: string, source: SourceModel) {
  const fault = unknownColumn(name, source.columns, source.name);
  const isTime = name === source.eventTime || name === source.createdTime || name === source.eventId;
  return isTime ? { ...fault, fix: `List "${name}" among the source's columns to use it as a value.` } : fault;
}
