import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Compiler, compilers, type Diagnostic, ScratchProject } from "./compiler.ts";

const names = ["shop.ts", "promises.ts", "mistakes.ts"];
const texts = new Map(names.map((name) => [name, readFileSync(join(import.meta.dirname, name), "utf8")]));
const sources = (change: (text: string) => string = (text) => text) =>
  Object.fromEntries([...texts].map(([name, text]) => [`src/${name}`, name === "mistakes.ts" ? change(text) : text]));

for (const compiler of Object.keys(compilers) as Compiler[]) {
  describe(`types under ${compiler}`, () => {
    let sound: ScratchProject;
    let unexpected: ScratchProject;
    before(() => {
      sound = new ScratchProject(sources());
      unexpected = new ScratchProject(sources((text) => text.replaceAll("@ts-expect-error", "mistake:")));
    });
    after(() => {
      sound[Symbol.dispose]();
      unexpected[Symbol.dispose]();
    });

    test("promises hold, and every mistake is one", () => {
      assert.deepEqual(sound.compile(compiler).diagnostics, []);
    });

    test("the texts of mistakes", (t) => {
      const { diagnostics } = unexpected.compile(compiler);
      t.assert.snapshot(printMistakes(texts.get("mistakes.ts") ?? "", diagnostics), { serializers: [String] });
    });
  });
}

/** `label` and the text under it, for each mistake in the file; where none is reported, that is said. */
function printMistakes(source: string, diagnostics: readonly Diagnostic[]): string {
  const labels = source.split("\n").flatMap((line, i) => {
    const label = /@ts-expect-error (.+)$/.exec(line)?.[1];
    return label === undefined ? [] : [{ label, line: i + 2 }];
  });
  assert.equal(new Set(labels.map((l) => l.label)).size, labels.length, "labels of mistakes are unique");
  return labels
    .map(({ label, line }) => {
      const found = diagnostics.filter((d) => d.file.endsWith("mistakes.ts") && d.line === line);
      return `## ${label}\n${found.length === 0 ? "not reported" : found.map((d) => sortUnions(d.text)).join("\n")}\n`;
    })
    .join("\n");
}

/** Literals of a union are printed in the order in which the compiler met them, which any new declaration of core can change. */
function sortUnions(text: string): string {
  const member = /(?:TypeMessage<"(?:[^"\\]|\\.)*", never>|"(?:[^"\\]|\\.)*"|`[^`]*`)/.source;
  return text.replace(new RegExp(`${member}(?: \\| ${member})+`, "g"), (union) => union.split(" | ").sort().join(" | "));
}
