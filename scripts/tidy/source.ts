import ts from "typescript-5.9";

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Only types cross: gone at run time. */
  readonly isType: boolean;
  /** Names taken; null = all of them (namespace, dynamic import, side effect). */
  readonly names: readonly string[] | null;
}

export interface Export {
  readonly name: string;
  readonly line: number;
  /** Gone at run time; exported so that the signatures that mention it can be written down. */
  readonly isType: boolean;
}

/** Something found in the text that a rule may forbid, by the name the rules use for it. */
export interface Finding {
  readonly kind:
    | "Date.now()"
    | "new Date()"
    | "Math.random()"
    | "process.env"
    | "default export"
    | "export *"
    | "as unknown as"
    | "only"
    | "AsofError without fix";
  readonly line: number;
}

export interface SourceFile {
  readonly file: string;
  /** A test, or what lies in a package's `test` folder for its tests. */
  readonly isTest: boolean;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  readonly findings: readonly Finding[];
  /** Longest first is not promised; groups of tests (`describe`) are left out, the tests in them count. */
  readonly functions: readonly { readonly name: string; readonly line: number; readonly lines: number }[];
}

/** What the rules need to know of one source file, from its syntax tree. */
export function parseSource(file: string, text: string): SourceFile {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, file.endsWith("ts") ? ts.ScriptKind.TS : ts.ScriptKind.JS);
  const line = (node: ts.Node): number => tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
  const lastLine = (node: ts.Node): number => tree.getLineAndCharacterOfPosition(node.getEnd()).line + 1;
  const imports: Import[] = [];
  const exports: Export[] = [];
  const findings: Finding[] = [];
  const functions: { name: string; line: number; lines: number }[] = [];

  const visit = (node: ts.Node): void => {
    imports.push(...importsOf(node, line(node)));
    exports.push(...exportsOf(node).map((found) => ({ ...found, line: line(node) })));
    const kind = findingOf(node);
    if (kind !== null) findings.push({ kind, line: line(node) });
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined && !isTestGroup(node))
      functions.push({ name: functionName(node), line: line(node), lines: lastLine(node) - line(node) + 1 });
    ts.forEachChild(node, visit);
  };
  visit(tree);
  const lines = text === "" ? 0 : text.replace(/\n$/, "").split("\n").length;
  return { file, isTest: /\.test(\.[a-z-]+)?\.ts$|^packages\/[^/]+\/test\//.test(file), lines, imports, exports, findings, functions };
}

function importsOf(node: ts.Node, line: number): readonly Import[] {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const clause = node.importClause;
    const named = clause?.namedBindings;
    const elements = named !== undefined && ts.isNamedImports(named) ? named.elements : null;
    const isType =
      clause?.isTypeOnly === true ||
      (clause?.name === undefined && elements !== null && elements.length > 0 && elements.every((e) => e.isTypeOnly));
    return [
      {
        specifier: node.moduleSpecifier.text,
        line,
        isType,
        names: elements === null ? null : elements.map((e) => (e.propertyName ?? e.name).text),
      },
    ];
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
    const elements = node.exportClause !== undefined && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : null;
    const isType = node.isTypeOnly || (elements !== null && elements.length > 0 && elements.every((e) => e.isTypeOnly));
    return [
      {
        specifier: node.moduleSpecifier.text,
        line,
        isType,
        names: elements === null ? null : elements.map((e) => (e.propertyName ?? e.name).text),
      },
    ];
  }
  const [argument] = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword ? node.arguments : [];
  if (argument !== undefined && ts.isStringLiteral(argument)) return [{ specifier: argument.text, line, isType: false, names: null }];
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal))
    return [{ specifier: node.argument.literal.text, line, isType: true, names: null }];
  return fileUrlOf(node, line);
}

/** `new URL("./worker.ts", import.meta.url)`: how a file names another that it starts. */
function fileUrlOf(node: ts.Node, line: number): readonly Import[] {
  if (!ts.isNewExpression(node) || node.expression.getText() !== "URL") return [];
  const [path, base] = node.arguments ?? [];
  if (path === undefined || !ts.isStringLiteral(path) || base?.getText() !== "import.meta.url" || !path.text.endsWith(".ts")) return [];
  return [{ specifier: path.text.startsWith(".") ? path.text : `./${path.text}`, line, isType: false, names: null }];
}

function exportsOf(node: ts.Node): readonly Omit<Export, "line">[] {
  if (ts.isExportDeclaration(node)) {
    const elements = node.exportClause !== undefined && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : [];
    return elements.map((e) => ({ name: e.name.text, isType: node.isTypeOnly || e.isTypeOnly }));
  }
  if (!ts.canHaveModifiers(node) || node.parent === undefined || !ts.isSourceFile(node.parent)) return [];
  if (!ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword)) return [];
  const isType = ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
  const names = ts.isVariableStatement(node)
    ? node.declarationList.declarations.flatMap((d) => bindingNames(d.name))
    : "name" in node && node.name !== undefined
      ? [(node.name as ts.Identifier).text]
      : [];
  return names.map((name) => ({ name, isType }));
}

function bindingNames(name: ts.BindingName): readonly string[] {
  return ts.isIdentifier(name) ? [name.text] : name.elements.flatMap((e) => (ts.isOmittedExpression(e) ? [] : bindingNames(e.name)));
}

function findingOf(node: ts.Node): Finding["kind"] | null {
  if (ts.isPropertyAccessExpression(node)) {
    const text = `${node.expression.getText()}.${node.name.text}`.replace(/^globalThis\./, "");
    if (text === "Date.now") return "Date.now()";
    if (text === "Math.random") return "Math.random()";
    if (text === "process.env") return "process.env";
    if (/^(test|it|describe|suite)\.only$/.test(text)) return "only";
  }
  if (
    (ts.isNewExpression(node) || ts.isCallExpression(node)) &&
    node.expression.getText() === "Date" &&
    (node.arguments?.length ?? 0) === 0
  )
    return "new Date()";
  if (ts.isExportAssignment(node)) return "default export";
  if (ts.canHaveModifiers(node) && ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.DefaultKeyword)) return "default export";
  if (
    ts.isExportDeclaration(node) &&
    node.moduleSpecifier !== undefined &&
    (node.exportClause === undefined || ts.isNamespaceExport(node.exportClause))
  )
    return "export *";
  if (ts.isAsExpression(node) && ts.isAsExpression(node.expression) && node.expression.type.kind === ts.SyntaxKind.UnknownKeyword)
    return "as unknown as";
  if (ts.isNewExpression(node) && node.expression.getText() === "AsofError" && !mayHaveFix(node.arguments?.[2]))
    return "AsofError without fix";
  return null;
}

/** Whether the details of an error have a fix, or issues with fixes of their own, as far as the text tells. */
function mayHaveFix(details: ts.Expression | undefined): boolean {
  if (details === undefined) return false;
  if (!ts.isObjectLiteralExpression(details)) return true;
  return details.properties.some((p) => ts.isSpreadAssignment(p) || ["fix", "issues"].includes(p.name?.getText() ?? ""));
}

function isTestGroup(node: ts.Node): boolean {
  return ts.isCallExpression(node.parent) && /^(describe|suite)\b/.test(node.parent.expression.getText());
}

function functionName(node: ts.SignatureDeclaration): string {
  if (node.name !== undefined) return node.name.getText();
  const { parent } = node;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText();
  if (!ts.isCallExpression(parent)) return "a function";
  const [first] = parent.arguments;
  const title = first !== undefined && ts.isStringLiteralLike(first) ? ` "${first.text}"` : "";
  return `${parent.expression.getText().split("\n")[0]}${title}`;
}
