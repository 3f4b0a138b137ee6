import type { CallNode, ExpressionNode, Operator } from "../expression/node.ts";
import { valueToJson } from "../value/json.ts";
import { printType } from "../value/type.ts";

const infix: Partial<Readonly<Record<Operator, string>>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  mod: "%",
  eq: "=",
  ne: "<>",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
  and: "and",
  or: "or",
};

/** An expression as people read it: `(spend / items) > 2`. For messages only; it leaves out types. */
export function printExpressionText(node: ExpressionNode): string {
  switch (node.node) {
    case "column":
      return /^[A-Za-z_]\w*$/.test(node.name) ? node.name : JSON.stringify(node.name);
    case "literal":
      return JSON.stringify(valueToJson(node.type, node.value));
    case "call":
      return printCall(node);
    case "case": {
      const branches = node.branches.map((b) => `when ${printExpressionText(b.when)} then ${printExpressionText(b.then)}`);
      return `case ${branches.join(" ")} else ${printExpressionText(node.otherwise)} end`;
    }
  }
}

function printCall(node: CallNode): string {
  const args = node.args.map((arg) =>
    arg.node === "call" && infix[arg.op] !== undefined ? `(${printExpressionText(arg)})` : printExpressionText(arg),
  );
  const symbol = infix[node.op];
  if (symbol !== undefined) return args.join(` ${symbol} `);
  const [first = "", ...rest] = args;
  if (node.op === "not") return `not ${first}`;
  if (node.op === "neg") return `-${first}`;
  if (node.op === "isNull") return `${first} is null`;
  if (node.op === "in") return `${first} in (${rest.join(", ")})`;
  if (node.op === "cast") return `cast(${first} as ${printType(node.type)})`;
  return `${node.op}(${args.join(", ")})`;
}
