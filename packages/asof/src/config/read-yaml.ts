import { AsofError, type Issue, printValue } from "@asof/core";
import { type Document, isAlias, isMap, isNode, isPair, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { Environment } from "../platform/environment.ts";
import { interpolate } from "./interpolate.ts";

/** A key path in the document. */
export type KeyPath = readonly (string | number)[];

/** A read yaml with what messages need to point into it. */
export interface YamlFile {
  readonly content: unknown;
  /** `feature_store.yaml:3:5`, the place of a value; of its nearest ancestor where the value is not there. */
  placeOf(path: KeyPath): string;
  /** The place of a key. */
  placeOfKey(path: KeyPath): string;
  /** A value as a message may show it: never what came from a variable, never a secret. */
  show(path: KeyPath, value: unknown): string;
}

const secretKey = /pass|secret|token|credential|connection|api_?key|access_?key|private|auth/i;

/**
 * Parses a yaml and replaces its variables. ASOF_CONFIG_INVALID for syntax with line and column, ASOF_CONFIG_VARIABLE for
 * variables that are not set, all of them at once.
 */
export function readYaml(content: string, name: string, environment: Environment): YamlFile {
  const text = content.replace(/^\ufeff/, "");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  refuseSyntax(document, text, name, lines);
  const { replaced, faults } = interpolate(document, environment);
  const [fault] = faults;
  if (fault !== undefined) refuseVariables(faults.map((f) => variableIssue(f, place(f.offset))));
  return {
    content: document.toJS() ?? {},
    placeOf: (path) => place(valueOffset(document, path)),
    placeOfKey: (path) => place(keyOffset(document, path)),
    show: (path, value) => (isHidden(document, text, path, replaced) ? "a value that is not shown" : printValue(value)),
  };
}

function refuseSyntax(document: Document.Parsed, text: string, name: string, lines: LineCounter): void {
  const [error] = document.errors;
  const alias = findLooseAlias(document);
  if (error === undefined && alias === null) {
    if (document.contents === null || isMap(document.contents)) return;
    throw syntaxError(`${name}:1:1`, "It must be a map of keys, such as `project: shop`.", "Write keys at the top level.");
  }
  const { line, col } = lines.linePos(error?.pos[0] ?? alias?.offset ?? 0);
  const at = `${name}:${line}:${col}`;
  const source = text.split("\n")[line - 1] ?? "";
  if (error === undefined)
    throw syntaxError(at, `The anchor "${alias?.name}" is not set before it is used.`, "Set it first, or write the value.");
  if (/^\s*\t/.test(source) || error.code === "TAB_AS_INDENT") {
    throw syntaxError(at, "The line is indented by a tab, which YAML does not allow.", "Indent with spaces.");
  }
  // The parser may quote what it met, which may be a secret.
  throw syntaxError(at, `${error.message.replace(/: ".*$/s, "")}.`, fixes[error.code] ?? "Fix the YAML there.");
}

const fixes: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "Keep one of the two keys.",
  MULTIPLE_DOCS: "Remove the line `---` and what follows.",
  BAD_INDENT: "Indent keys of one level alike, and close brackets.",
  BLOCK_AS_IMPLICIT_KEY: "Put a value that holds a colon in quotes.",
};

function syntaxError(at: string, what: string, fix: string): AsofError {
  return new AsofError("ASOF_CONFIG_INVALID", `${at}: ${what}`, { path: at, fix });
}

function findLooseAlias(document: Document.Parsed): { readonly name: string; readonly offset: number } | null {
  let found: { readonly name: string; readonly offset: number } | null = null;
  visit(document, {
    Alias(_key, node) {
      if (node.resolve(document) === undefined) found ??= { name: node.source, offset: node.range?.[0] ?? 0 };
    },
  });
  return found;
}

function variableIssue(fault: { readonly variable: string | null; readonly path: KeyPath }, at: string): Issue {
  const key = fault.path.join(".");
  if (fault.variable === null) {
    return {
      code: "ASOF_CONFIG_INVALID",
      path: at,
      message: `${at}: ${key} holds "\${" without a variable's name.`,
      fix: `Write \${NAME}, \${NAME:-default}, or $$ for a dollar sign.`,
    };
  }
  return {
    code: "ASOF_CONFIG_VARIABLE",
    path: at,
    value: fault.variable,
    message: `${at}: ${key} uses the variable ${fault.variable}, which is not set.`,
    fix: `Set ${fault.variable}, or write \${${fault.variable}:-default}, or $$ for a dollar sign.`,
  };
}

function refuseVariables(issues: readonly Issue[]): never {
  throwIssues(issues);
}

/** Throws one fault as it is, several as a list under the code of the first. */
export function throwIssues(issues: readonly Issue[]): never {
  const [first, ...others] = issues;
  if (first === undefined) throw new Error("assertion failed: there is something to throw");
  const { code, path, value, message, fix } = first;
  if (others.length === 0) throw new AsofError(code, message, { path, value, fix });
  throw new AsofError(code, `${issues.length} faults:${issues.map((i) => `\n  ${i.message} ${i.fix}`).join("")}`, { path, issues });
}

function isHidden(document: Document, text: string, path: KeyPath, replaced: ReadonlySet<number>): boolean {
  if (path.join(".") === "erasure.key") return true;
  if (path.some((key) => typeof key === "string" && secretKey.test(key))) return true;
  const node = document.getIn(path, true);
  if (!isNode(node) || isAlias(node)) return true;
  // Nothing inside an object or a list is shown, nor a value that swallowed the next lines because of their indentation.
  const [start, end] = node.range ?? [0, 0];
  return !isScalar(node) || replaced.has(start) || text.slice(start, end).includes("\n");
}

function valueOffset(document: Document, path: KeyPath): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return 0;
}

function keyOffset(document: Document, path: KeyPath): number {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const pair = isMap(parent)
    ? parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === path.at(-1))
    : undefined;
  return isNode(pair?.key) ? (pair.key.range?.[0] ?? 0) : valueOffset(document, path);
}
