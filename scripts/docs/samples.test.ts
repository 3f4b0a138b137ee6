/** TypeScript shown in the documents compiles as it stands. `ts` blocks are whole modules; write `typescript` for fragments. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { listProjectFiles } from "../project/list-files.ts";

const root = resolve(import.meta.dirname, "../..");

interface Sample {
  readonly place: string;
  readonly code: string;
}

function samplesOf(document: string): readonly Sample[] {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => ({
    place: `${document}:${text.slice(0, match.index).split("\n").length + 1}`,
    code: match[1] ?? "",
  }));
}

/** What the compiler says of modules, by the name of each; they lie inside the checkout, so that packages are found. */
function compile(modules: readonly Sample[]): string {
  mkdirSync(join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(root, ".cache/samples-"));
  try {
    for (const [i, { place, code }] of modules.entries())
      writeFileSync(join(folder, `sample-${i}.ts`), `// ${place}\n${code}\nexport {};\n`);
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ extends: "../../tsconfig.json", include: ["*.ts"] }));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    const { stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { cwd: folder, encoding: "utf8" });
    return stdout.replace(/sample-(\d+)\.ts/g, (_, i: string) => modules[Number(i)]?.place ?? "");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const documents = listProjectFiles(root).filter((file) => file.endsWith(".md"));
const samples = documents.flatMap(samplesOf);

test("the samples of all documents compile", () => {
  assert.ok(samples.some(({ place }) => place.startsWith("README.md")));
  assert.equal(compile(samples), "");
});

test("a sample that is wrong does not", () => {
  const [sample] = samples;
  assert.match(
    compile([{ place: "here", code: `${sample?.code}\nrows[0].behaviour.spend_31d;` }]),
    /^here\(\d+,\d+\): error TS2551: .*'spend_31d'/m,
  );
});
