/** Building, packing and installing two small packages that use each other, in a workspace of their own. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { BuildError, buildPackages } from "./build-packages.ts";
import { installTarballs, packPackages } from "./pack-packages.ts";

const checkout = resolve(import.meta.dirname, "../..");
const exports = { ".": { source: "./src/index.ts", types: "./dist/index.d.ts", default: "./dist/index.js" } };

const shape = { source: "./src/shape.ts", types: "./dist/shape.d.ts", default: "./dist/shape.js" };

const files: Readonly<Record<string, string>> = {
  "tsconfig.json": readFileSync(join(checkout, "tsconfig.json"), "utf8"),
  LICENSE: "the licence",
  "packages/base/package.json": JSON.stringify({
    name: "@asof/base",
    version: "0.1.0",
    type: "module",
    files: ["dist"],
    exports: { ...exports, "./shape": shape, "./for-tests": { source: "./src/shape.test.support.ts" } },
  }),
  "packages/base/src/index.ts": `export { type Shape, area } from "./shape.ts";`,
  "packages/base/src/shape.ts": `export interface Shape { readonly side: number }\nexport const area = ({ side }: Shape): number => side * side;`,
  "packages/base/src/shape.test.ts": `throw new Error("not to be sent");`,
  "packages/base/src/shape.test.support.ts": "export const help = 1;",
  "packages/base/src/schema.sql": "SELECT 1",
  // Its folder sorts before the one it depends on.
  "packages/app/package.json": JSON.stringify({
    name: "app",
    version: "0.1.0",
    type: "module",
    files: ["dist", "bin", "template"],
    exports,
    bin: { app: "bin/app.js" },
    dependencies: { "@asof/base": "0.1.0" },
  }),
  "packages/app/src/index.ts": `import { area } from "@asof/base";\nimport type { Shape } from "@asof/base/shape";\nexport const run = (shape: Shape): string => \`area \${area(shape)}\`;`,
  "packages/app/bin/app.js": `#!/usr/bin/env node\nimport { run } from "../dist/index.js";\nconsole.log(run({ side: 3 }));`,
  "examples/predictflow/feature_store.yaml": "project: p",
  "examples/predictflow/node_modules/x.js": "",
  "packages/kit/package.json": JSON.stringify({ name: "kit", version: "0.1.0", private: true }),
};

function workspace(t: TestContext, changes: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), "asof-publish-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [file, text] of Object.entries({ ...files, ...changes })) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text, { mode: file.includes("/bin/") ? 0o755 : 0o644 });
  }
  symlinkSync(join(checkout, "node_modules"), join(root, "node_modules"));
  return root;
}

test("builds what users get: code, declarations and assets, no tests, no source condition", (t) => {
  const root = workspace(t);
  const built = buildPackages(root, join(root, ".cache/build"));
  assert.deepEqual(
    built.map(({ name }) => name),
    ["@asof/base", "app"],
  );
  const base = join(root, ".cache/build/base");
  assert.match(readFileSync(join(base, "dist/index.js"), "utf8"), /from "\.\/shape\.js"/);
  assert.equal(readFileSync(join(base, "dist/schema.sql"), "utf8"), "SELECT 1");
  assert.equal(readFileSync(join(base, "LICENSE"), "utf8"), "the licence");
  assert.deepEqual(JSON.parse(readFileSync(join(base, "package.json"), "utf8")).exports, {
    ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
    "./shape": { types: "./dist/shape.d.ts", default: "./dist/shape.js" },
  });
  const app = join(root, ".cache/build/app");
  assert.deepEqual(readdirSync(join(app, "template")), ["feature_store.yaml"]);
  for (const absent of ["dist/shape.test.js", "dist/shape.test.support.js", "tsconfig.build.json", "src"])
    assert.equal(existsSync(join(base, absent)), false, absent);
  assert.equal(existsSync(join(root, "packages/base/dist")), false);
});

test("a package that does not compile, or lacks what its manifest names, is not built", (t) => {
  const broken = workspace(t, { "packages/base/src/shape.ts": "export const area: string = 1; export type Shape = never;" });
  assert.throws(
    () => buildPackages(broken, join(broken, ".cache/build")),
    (error) => error instanceof BuildError && /packages\/base does not compile:\n.*TS2322/.test(error.message),
  );
  const reaching = workspace(t, {
    "packages/base/src/index.ts": `export { area } from "../../app/src/area.ts";`,
    "packages/app/src/area.ts": "export const area = 1;",
  });
  assert.throws(() => buildPackages(reaching, join(reaching, ".cache/build")), /TS6059/);
  assert.equal(existsSync(join(reaching, "packages/app/src/area.js")), false, "nothing is written into the sources");
  const lacking = workspace(t, { "packages/base/src/index.ts": "", "packages/app/bin/app.js": "" });
  rmSync(join(lacking, "packages/app"), { recursive: true });
  const manifest = { name: "@asof/base", version: "0.1.0", type: "module", exports, bin: { x: "bin/x.js" }, files: ["dist", "extra"] };
  writeFileSync(join(lacking, "packages/base/package.json"), JSON.stringify(manifest));
  assert.throws(() => buildPackages(lacking, join(lacking, ".cache/build")), /would be published without bin\/x\.js, extra,/);
});

test("the tarballs install outside the checkout, run and type-check on both compilers", (t) => {
  const root = workspace(t);
  const project = mkdtempSync(join(tmpdir(), "asof-project-"));
  t.after(() => rmSync(project, { recursive: true, force: true }));
  installTarballs(project, packPackages(root, join(root, "tarballs")));
  assert.equal(spawnSync(join(project, "node_modules/.bin/app"), { encoding: "utf8" }).stdout, "area 9\n");

  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { module: "nodenext", strict: true, noEmit: true, types: [] }, files: ["use.ts"] }),
  );
  writeFileSync(
    join(project, "use.ts"),
    `import { run } from "app";\nexport const text: string = run({ side: 2 });\n// @ts-expect-error\nrun({ side: "2" });\n`,
  );
  for (const compiler of ["typescript/bin/tsc", "typescript-5.9/bin/tsc"]) {
    const { status, stdout } = spawnSync(process.execPath, [join(checkout, "node_modules", compiler), "-p", project], { encoding: "utf8" });
    assert.equal(status, 0, `${compiler}\n${stdout}`);
  }
});
