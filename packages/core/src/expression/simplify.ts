import type { ValueType } from "../value/type.ts";
import { childrenOf } from "./columns.ts";
import { compileNode } from "./compile-node.ts";
import type { CallNode, CaseNode, ExpressionNode, LiteralNode } from "./node.ts";

/**
 * Calculates what needs no row, before either compilation. Both do it, not for speed alone: engines simplify on their own, and
 * then `null + overflow` or `false and overflow` is an error in one compilation and none in the other. A constant part that overflows
 * is ASOF_EXPRESSION_FAILED here, whether or not a row would reach it: engines may calculate it for no row at all.
 */
export function simplifyExpression(node: ExpressionNode): ExpressionNode {
  switch (node.node) {
    case "column":
    case "literal":
      return node;
    case "call":
      return simplifyCall({ ...node, args: node.args.map(simplifyExpression) });
    case "case":
      return simplifyCase({
        ...node,
        branches: node.branches.map(simplifyBranch),
        otherwise: simplifyExpression(node.otherwise),
      });
  }
}

function simplifyBranch(branch: CaseNode["branches"][number]): CaseNode["branches"][number] {
  const when = simplifyExpression(branch.when);
  const then = simplifyExpression(branch.then);
  return { when, then };
}

/**
 * Whether evaluating the node may be an error rather than a value: integer arithmetic may overflow, nothing else fails. Engines
 * need not evaluate `and` and `or` from left to right, so that operands which may fail are printed with care.
 */
export function canFail(node: ExpressionNode): boolean {
  const isInteger = node.type.kind === "int32" || node.type.kind === "int64";
  const isArithmetic = node.node === "call" && ["add", "sub", "mul", "neg", "abs"].includes(node.op);
  return (isInteger && isArithmetic) || childrenOf(node).some(canFail);
}

function simplifyCall(node: CallNode): ExpressionNode {
  switch (node.op) {
    case "and":
      return simplifyLogic(node, false);
    case "or":
      return simplifyLogic(node, true);
    case "coalesce":
      return simplifyCoalesce(node);
    case "isNull":
    case "in":
      return foldConstant(node);
    default:
      return node.args.some(isNullLiteral) ? literal(node.type, null) : foldConstant(node);
  }
}

/** A deciding literal decides, wherever it stands; a neutral one is dropped; nested operators of the same kind are merged. */
function simplifyLogic(node: CallNode, deciding: boolean): ExpressionNode {
  const args = node.args.flatMap((arg) => (arg.node === "call" && arg.op === node.op ? arg.args : [arg]));
  if (args.some((arg) => isLiteral(arg, deciding))) return literal(node.type, deciding);
  const rest = args.filter((arg) => !isLiteral(arg, !deciding));
  const [only] = rest;
  if (only === undefined) return literal(node.type, !deciding);
  return rest.length === 1 ? only : foldConstant({ ...node, args: rest });
}

function simplifyCoalesce(node: CallNode): ExpressionNode {
  const present = node.args.filter((arg) => !isNullLiteral(arg));
  const decided = present.findIndex((arg) => arg.node === "literal");
  const args = decided < 0 ? present : present.slice(0, decided + 1);
  const [only] = args;
  if (only === undefined) return literal(node.type, null);
  return args.length === 1 ? only : { ...node, args };
}

function simplifyCase(node: CaseNode): ExpressionNode {
  const reachable = node.branches.filter((branch) => !(branch.when.node === "literal" && branch.when.value !== true));
  const decided = reachable.findIndex((branch) => isLiteral(branch.when, true));
  const branches = decided < 0 ? reachable : reachable.slice(0, decided);
  const otherwise = decided < 0 ? node.otherwise : (reachable[decided]?.then ?? node.otherwise);
  return branches.length === 0 ? otherwise : { ...node, branches, otherwise };
}

function foldConstant(node: CallNode): ExpressionNode {
  return node.args.every((arg) => arg.node === "literal") ? literal(node.type, compileNode(node, new Map())([])) : node;
}

function literal(type: ValueType, value: LiteralNode["value"]): LiteralNode {
  return { node: "literal", type, value };
}

function isLiteral(node: ExpressionNode, value: boolean): boolean {
  return node.node === "literal" && node.value === value;
}

function isNullLiteral(node: ExpressionNode): boolean {
  return node.node === "literal" && node.value === null;
}
