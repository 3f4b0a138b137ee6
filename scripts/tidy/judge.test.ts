/** Every rule on a small project that breaks it and on one that does not: a rule that cannot fail is no rule. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { Exception } from "./exceptions.ts";
import { judge } from "./judge.ts";
import { readTree } from "./tree.ts";

const manifest = (name: string, extra: object = {}): string =>
  JSON.stringify({ name, version: "1.0.0", exports: { ".": { source: "./src/index.ts" } }, ...extra });

/** A project without faults; each test adds to it. */
const clean: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({ name: "root", version: "1.0.0", private: true, devDependencies: { tool: "1" } }),
  "docs/decisions/0001-dependencies.md": "`tool` checks, `driver` drives.",
  "packages/core/package.json": manifest("@asof/core"),
  "packages/core/src/index.ts": `export { join } from "./flow/join.ts";`,
  "packages/core/src/flow/join.ts": `import { type } from "../value/type.ts";\nexport const join = type;`,
  "packages/core/src/value/type.ts": `export const type = 1;`,
  "packages/duckdb/package.json": manifest("@asof/duckdb", { dependencies: { "@asof/core": "1", driver: "1" } }),
  "packages/duckdb/src/index.ts": `import { join } from "@asof/core";\nimport { drive } from "driver";\nexport const run = [join, drive];`,
  "packages/lmdb/package.json": manifest("@asof/lmdb", { dependencies: { "@asof/core": "1" } }),
  "packages/lmdb/src/index.ts": "export const store = 1;",
  "packages/testkit/package.json": manifest("@asof/testkit", { private: true, dependencies: { "@asof/core": "1" } }),
  "packages/testkit/src/index.ts": "export const suite = 1;",
};

function faultsOf(t: TestContext, files: Readonly<Record<string, string>>, exceptions: readonly Exception[] = []): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), "asof-tidy-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [file, text] of Object.entries({ ...clean, ...files })) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return judge(readTree(root), exceptions).map(({ rule, file, line, message }) => `${rule} ${file}:${line} ${message}`);
}

const lines = (count: number): string => `export const x = 1;\n${"\n".repeat(count - 2)}// end\n`;
const inIndex = (...files: string[]): Record<string, string> => ({
  "packages/core/src/index.ts": `export { join } from "./flow/join.ts";\n${files.map((file) => `import "./${file}";\n`).join("")}`,
});

interface Case {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  /** One pattern per expected fault, in order; none = the project is clean. */
  readonly faults: readonly RegExp[];
}

const cases: Readonly<Record<string, readonly Case[]>> = {
  "import arrows": [
    { title: "the plain project is clean", files: {}, faults: [] },
    {
      title: "value must not import flow",
      files: {
        "packages/core/src/value/type.ts": `import type { join } from "../flow/join.ts";\nexport const type = 1;\nexport type J = typeof join;`,
      },
      faults: [
        /^arrows packages\/core\/src\/value\/type\.ts:1 .*value lies below flow/,
        /^cycles .*src\/flow → packages\/core\/src\/value → /,
      ],
    },
    {
      title: "folders of one height must not form a circle, not even of types",
      files: {
        ...inIndex("plan/a.ts"),
        "packages/core/src/plan/a.ts": `import type { B } from "../store/b.ts";\nexport type A = B;`,
        "packages/core/src/store/b.ts": `import type { A } from "../plan/a.ts";\nexport type B = A;`,
      },
      faults: [/^cycles packages\/core\/src\/plan\/a\.ts:1 .*plan → packages\/core\/src\/store → packages\/core\/src\/plan\./],
    },
    {
      title: "a folder and the folders in it may use each other",
      files: {
        "packages/lmdb/src/index.ts": `export { a } from "./x/a.ts";`,
        "packages/lmdb/src/x/a.ts": `import { c } from "./y/c.ts";\nexport const a = c;`,
        "packages/lmdb/src/x/b.ts": `export const b = 1;`,
        "packages/lmdb/src/x/y/c.ts": `import { b } from "../b.ts";\nexport const c = b;`,
      },
      faults: [],
    },
    {
      title: "folders of any package must not form a circle",
      files: {
        "packages/lmdb/src/index.ts": `export { a } from "./x/a.ts";`,
        "packages/lmdb/src/x/a.ts": `import { c } from "../y/c.ts";\nexport const a = c;`,
        "packages/lmdb/src/x/b.ts": `export const b = 1;`,
        "packages/lmdb/src/y/c.ts": `import { b } from "../x/b.ts";\nexport const c = b;`,
      },
      faults: [/^cycles packages\/lmdb\/src\/x\/a\.ts:1 .*lmdb\/src\/x → packages\/lmdb\/src\/y → /],
    },
    {
      title: "a folder of core needs a height",
      files: {
        ...inIndex("extra/a.ts"),
        "packages/core/src/extra/a.ts": `import { type } from "../value/type.ts";\nexport const a = type;`,
      },
      faults: [/^arrows .*extra\/a\.ts:1 .*no folder "extra" in its arrows/],
    },
    {
      title: "files must not form a circle at run time",
      files: {
        ...inIndex("value/a.ts"),
        "packages/core/src/value/a.ts": `import { b } from "./b.ts";\nexport const a = (): number => b;`,
        "packages/core/src/value/b.ts": `import { a } from "./a.ts";\nexport const b = a();`,
      },
      faults: [/^cycles packages\/core\/src\/value\/a\.ts:0 files import each other/],
    },
    {
      title: "core imports no module of Node and no package",
      files: { "packages/core/src/value/type.ts": `import "node:fs";\nimport "driver";\nexport const type = 1;` },
      faults: [/^arrows .*type\.ts:1 .*core does no I\/O/, /^arrows .*type\.ts:2 .*not among the dependencies/],
    },
    {
      title: "core may hash, in one file",
      files: {
        ...inIndex("value/hash.ts"),
        "packages/core/src/value/hash.ts": `import "node:crypto";`,
        "packages/core/src/value/type.ts": `import "node:crypto";\nexport const type = 1;`,
      },
      faults: [/^arrows packages\/core\/src\/value\/type\.ts:1/],
    },
    {
      title: "a system package imports core only, by name, and what it declares",
      files: {
        "packages/duckdb/src/index.ts": `import "@asof/lmdb";\nimport "../../core/src/value/type.ts";\nimport "undeclared";\nimport "fs";\nimport "./missing.ts";\nexport const run = 1;`,
      },
      faults: [
        /:1 .*may import only @asof\/core/,
        /:2 .*by its name/,
        /:3 .*not among the dependencies/,
        /:4 .*write node:fs/,
        /:5 .*no such file/,
      ],
    },
    {
      title: "what serves the tests of core may do I/O",
      files: { "packages/core/test/x.test.ts": `import "./run.ts";`, "packages/core/test/run.ts": `import "node:fs";` },
      faults: [],
    },
    {
      title: "testkit is for tests",
      files: {
        "packages/duckdb/src/index.ts": `import "@asof/testkit";\nexport const run = 1;`,
        "packages/duckdb/src/a.test.ts": `import "@asof/testkit";\nimport "tool";`,
      },
      faults: [/^arrows packages\/duckdb\/src\/index\.ts:1 .*testkit is for tests/],
    },
  ],
  forms: [
    {
      title: "time, chance and environment are passed in",
      files: {
        "packages/lmdb/src/index.ts": `export const a = [Date.now(), new Date(), Math.random(), process.env.X, new Date(5), Date.parse("x")];\n// Date.now() in a comment\nexport const b = "process.env";`,
      },
      faults: [/forms .*Date\.now\(\)/, /forms .*new Date\(\)/, /forms .*Math\.random\(\)/, /forms .*process\.env/],
    },
    {
      title: "platform and tests may read clock and environment, and no test is left to chance",
      files: {
        "packages/lmdb/src/index.ts": `export { now } from "./platform/clock.ts";`,
        "packages/lmdb/src/platform/clock.ts": `export const now = () => [Date.now(), Math.random(), process.env.X];`,
        "packages/lmdb/src/a.test.ts": `export const now = [Date.now(), process.env.X];\nexport const chance = Math.random();`,
      },
      faults: [/^forms packages\/lmdb\/src\/a\.test\.ts:2 Math\.random/],
    },
    {
      title: "an error says what to do: its fix, or those of its issues; tests may leave it out",
      files: {
        "packages/lmdb/src/index.ts": [
          `export const fix = "Open it.";`,
          `export const good = [new AsofError(code, "a", { fix: "Mend." }), new AsofError(code, "a", { fix }), new AsofError(code, "a", { issues })];`,
          `export const spread = [new AsofError(code, "a", { ...details }), new AsofError(code, "a", details), new TypeError("a")];`,
          `export const bare = new AsofError(code, "a");`,
          `export const half = new AsofError(code, "a", { path: "x" });`,
        ].join("\n"),
        "packages/lmdb/src/a.test.ts": `new AsofError(code, "a");`,
      },
      faults: [/:4 AsofError without fix/, /:5 AsofError without fix/],
    },
    {
      title: "no default export, no star, no double cast, no test alone",
      files: {
        "packages/lmdb/src/index.ts": `export default 1;\nexport * from "./other.ts";\nexport type * from "./other.ts";\nexport const c = 1 as unknown as string;`,
        "packages/lmdb/src/other.ts": `export const o = 1;`,
        "packages/lmdb/src/a.test.ts": `import { test } from "node:test";\ntest.only("x", () => {});`,
      },
      faults: [/a\.test\.ts:2 only/, /:1 default export/, /:2 export \*/, /:3 export \*/, /:4 as unknown as/],
    },
  ],
  sizes: [
    { title: "a file of 600 lines is fine", files: { "packages/lmdb/src/index.ts": lines(600) }, faults: [] },
    { title: "a file of 601 lines is not", files: { "packages/lmdb/src/index.ts": lines(601) }, faults: [/^file size .*601 lines/] },
    {
      title: "a function of 70 lines is fine",
      files: { "packages/lmdb/src/index.ts": `export function f() {${"\n".repeat(69)}}` },
      faults: [],
    },
    {
      title: "a function of 71 lines is not",
      files: { "packages/lmdb/src/index.ts": `export const f = () => {${"\n".repeat(70)}};` },
      faults: [/^function size .*f has 71 lines/],
    },
    {
      title: "a group of tests may be long, a test may not",
      files: {
        "packages/lmdb/src/a.test.ts": `import { describe, test } from "node:test";\ndescribe("g", () => {${"\n".repeat(80)}});\ntest("long", () => {${"\n".repeat(80)}});`,
      },
      faults: [/^function size .*test "long" has 81 lines/],
    },
  ],
  names: [
    {
      title: "kebab-case names that say what is in the file",
      files: {
        ...inIndex("value/utils.ts", "value/myFile.ts"),
        "packages/core/src/value/utils.ts": "",
        "packages/core/src/value/myFile.ts": "",
      },
      faults: [/^names .*myFile\.ts:0 .*kebab-case/, /^names .*utils\.ts:0 "utils\.ts"/],
    },
  ],
  "dead code": [
    {
      title: "a file that nothing reaches",
      files: { "packages/lmdb/src/lost.ts": "export const lost = 1;" },
      faults: [/^dead packages\/lmdb\/src\/lost\.ts:0/],
    },
    {
      title: "an export that nobody takes, types aside",
      files: {
        "packages/core/src/value/type.ts":
          'export const type = 1;\nexport const other = 2;\nexport interface Shape {}\nexport type { Other } from "./other.ts";',
        "packages/core/src/value/other.ts": "export interface Other {}",
      },
      faults: [/^dead packages\/core\/src\/value\/type\.ts:2 nobody imports other/],
    },
    {
      title: "a worker started by address and a dynamic import count as used",
      files: {
        "packages/lmdb/src/index.ts": `export const a = () => [import("./lazy.ts"), new URL("./started.ts", import.meta.url)];`,
        "packages/lmdb/src/lazy.ts": "export const lazy = 1;",
        "packages/lmdb/src/started.ts": "export const started = 1;",
      },
      faults: [],
    },
  ],
  texts: [
    { title: "work left for later", files: { "docs/a.md": `# A\n\nFIX${""}ME this\n` }, faults: [/^leftover docs\/a\.md:3/] },
    {
      title: "addresses of one machine",
      files: {
        "docs/a.md": "see /home/me/x and relative/home/me",
        "docs/b.md": "from https://registry.example.org/x",
        "docs/c.md": "https://host.example/repository/npm/x",
        "packages/lmdb/src/a.test.ts": `export const made = "/home/me/x";\nexport const real = "/ro${""}ot/x";`,
      },
      faults: [
        /^machine docs\/a\.md:1 "\/home\/me"/,
        /^machine docs\/b\.md:1/,
        /^machine docs\/c\.md:1/,
        /^machine packages\/lmdb\/src\/a\.test\.ts:2/,
      ],
    },
    {
      title: "a lock that names a registry",
      files: { "package-lock.json": `{\n"resolved": "packages/core",\n"resolved": "https://a.example/x.tgz" }` },
      faults: [/^machine package-lock\.json:3 the lock names a registry/],
    },
    { title: "a large file", files: { "data.bin": "x".repeat(5 * 1024 * 1024 + 1) }, faults: [/^large file data\.bin:0 has 5\.0 MiB/] },
  ],
  links: [
    {
      title: "links to nowhere, in documents and in code",
      files: {
        "docs/a.md":
          "# Big Title, here\n[ok](b.md#two-words) [self](#big-title-here) [out](https://example.org) `[code](x.md)`\n[gone](c.md)\n[bad](b.md#three)\n[ref]: ../gone.md\n",
        "docs/b.md": "## Two words\n```\n[in code](y.md)\n## Three\n```\n[folder](decisions/)",
        "packages/lmdb/src/index.ts": "// see docs/a.md and docs/gone.md\nexport const a = 1;",
      },
      faults: [
        /^links docs\/a\.md:3 the link c\.md/,
        /^links docs\/a\.md:4 .*no heading #three/,
        /^links docs\/a\.md:5 .*gone\.md/,
        /^links packages\/lmdb\/src\/index\.ts:1 there is no docs\/gone\.md/,
      ],
    },
  ],
  manifests: [
    {
      title: "a dependency without a reason, another version, a dependency of core",
      files: {
        "packages/lmdb/package.json": manifest("@asof/lmdb", { version: "1.0.1", dependencies: { mystery: "1" } }),
        "packages/core/package.json": manifest("@asof/core", { dependencies: { driver: "1" } }),
      },
      faults: [
        /packages\/core\/package\.json.*core has no dependencies/,
        /packages\/lmdb\/package\.json.*`mystery`/,
        /packages\/lmdb\/package\.json.*version 1\.0\.1/,
      ],
    },
  ],
};

for (const [rule, list] of Object.entries(cases)) {
  describe(rule, () => {
    for (const { title, files, faults } of list) {
      test(title, (t) => {
        const found = faultsOf(t, files);
        assert.equal(found.length, faults.length, found.join("\n"));
        for (const [i, pattern] of faults.entries()) assert.match(found[i] ?? "", pattern);
      });
    }
  });
}

describe("exceptions", () => {
  const files = { "packages/lmdb/src/index.ts": lines(610) };
  const exception = (allows: number): Exception => ({ rule: "file size", file: "packages/lmdb/src/index.ts", allows, why: "a table" });

  test("cover what they state", (t) => assert.deepEqual(faultsOf(t, files, [exception(10)]), []));
  test("do not cover growth", (t) => assert.match(faultsOf(t, files, [exception(9)]).join(), /610 lines/));
  test("must shrink with the fault", (t) =>
    assert.match(faultsOf(t, files, [exception(11)]).join(), /allows 11 and 10 is used; lower it to 10/));
  test("must go when the fault is gone", (t) => assert.match(faultsOf(t, {}, [exception(10)]).join(), /delete it/));
});
