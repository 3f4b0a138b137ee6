/** Every example of every command's help, run as it stands there in a project of `asof init`. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { createContext } from "../../src/command/context.ts";
import { notesOf, pathOf, shownExamples } from "../../src/command/define.ts";
import { buildProgram } from "../../src/command/program.ts";
import { asofBin, assertDone, cleanEnvironment, type Ended, runAsof, startAsof, temporaryFolder } from "./command.test.support.ts";

type Program = ReturnType<typeof buildProgram>;

function allExamples(): readonly string[] {
  const context = createContext([], { stdout: process.stdout, stderr: process.stderr, environment: {} });
  context.dispose();
  const commandsBelow = (command: Program): readonly Program[] => command.commands.flatMap((inner) => [inner, ...commandsBelow(inner)]);
  const commands = commandsBelow(buildProgram(context));
  assert.deepEqual(commands.filter((command) => notesOf(command).examples.length === 0).map(pathOf), []);
  return [...new Set(commands.flatMap((command) => shownExamples(notesOf(command), Date.now())))];
}

/** Takes half a minute each, and has tests of its own. */
const demo = /^asof demo\b/;

/** Run in this order; of one kind in the order of the help. What no kind matches is run in the middle. */
const order: readonly RegExp[] = [
  /^asof init/,
  /^asof plan/,
  /^asof apply/,
  /^asof materialize /,
  /^asof materialize-incremental .*Z/,
  /^asof materialize-incremental/,
  /^echo .*asof push/,
];
const orderOfEnd: readonly RegExp[] = [
  // Versions: the test changes a definition before, so that there is another one.
  /^asof diff/,
  /^asof activate churn_features$/,
  /^asof versions drop/,
  /^asof activate/,
  /^asof import feast/,
  /^asof dev/,
  /^asof delete .*--dry-run/,
  /^asof delete .*--yes/,
  /^asof delete/,
  /^asof teardown$/,
  /^asof teardown/,
];

function rankOf(example: string): number {
  const first = order.findIndex((kind) => kind.test(example));
  if (first !== -1) return first;
  const last = orderOfEnd.findIndex((kind) => kind.test(example));
  return order.length + (last === -1 ? 0 : 1 + last);
}

/** Examples that end with another code, and why. */
const codes: Readonly<Record<string, { readonly status: number; readonly says: RegExp }>> = {
  "asof teardown": { status: 2, says: /asks before it deletes, and there is no terminal/ },
  "asof activate churn_features@v0 --force": { status: 2, says: /no version v0\. Kept are: v1/ },
};

const folder = temporaryFolder({ after });
const shop = join(folder, "shop");

before(() => {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "asof"), `#!/bin/sh\nexec "${process.execPath}" "${asofBin}" "$@"\n`, { mode: 0o755 });
});

function shell(line: string, cwd: string): Promise<Ended> {
  const clean = cleanEnvironment();
  const env = { ...clean, PATH: [join(folder, "bin"), clean.PATH ?? ""].join(delimiter) };
  const child = spawn("sh", ["-c", line], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const closed = new Promise<number>((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done(code ?? 1));
  });
  return Promise.all([closed, text(child.stdout), text(child.stderr)]).then(([status, stdout, stderr]) => ({ status, stdout, stderr }));
}

/** A repository as Feast left it, with its registry as a file and in SQL. */
function writeFeastRepo(to: string): void {
  const golden = new URL("../../../feast/test/golden/", import.meta.url);
  cpSync(new URL("feature_repo", golden), to, { recursive: true });
  mkdirSync(join(to, "data"), { recursive: true });
  for (const name of ["registry.pb", "registry.db"]) copyFileSync(new URL("registry.pb", golden), join(to, "data", name));
  copyFileSync(new URL("registry_sql.db", golden), join(to, "data/registry_sql.db"));
}

let feastRepos = 0;

/** Runs an example where it belongs. */
async function runExample(example: string): Promise<Ended> {
  if (example.startsWith("asof init")) return shell(example, temporaryFolder({ after }));
  if (example.startsWith("asof import feast")) {
    // Each in a repository of its own, called as the examples call it: what one has written is in the way of the next.
    const around = join(folder, `feast${feastRepos++}`);
    writeFeastRepo(join(around, "feast_repo"));
    return shell(example, join(around, "feast_repo"));
  }
  if (example.startsWith("asof dev")) {
    const running = startAsof(example.split(" ").slice(1), { cwd: shop, input: null });
    await Promise.race([new Promise((planned) => running.child.stdout?.once("data", planned)), running.ended]);
    running.child.kill("SIGINT");
    return running.ended;
  }
  return shell(example, shop);
}

/** A definition of another meaning, registered and filled: a second version of churn_features. */
async function addVersion(): Promise<void> {
  const file = join(shop, "features/customer_features.ts");
  const changed = readFileSync(file, "utf8")
    .replaceAll("avg(products) as", "max(products) as")
    .replaceAll(/products_per_basket: float64\(\)/g, "products_per_basket: float32()");
  writeFileSync(file, changed.replace("float64, int64,", "float32, float64, int64,"));
  assertDone(await runAsof(["apply"], { cwd: shop }));
  assertDone(await runAsof(["materialize-incremental", "-v", "churn_features"], { cwd: shop }));
}

test("every example works in a new project", { timeout: 900_000 }, async (t) => {
  assertDone(await runAsof(["init", "shop"], { cwd: folder }));
  const examples = allExamples().filter((example) => !demo.test(example));
  assert.ok(examples.length > 80, String(examples.length));
  let isVersioned = false;
  for (const example of examples.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    if (!isVersioned && rankOf(example) > order.length) {
      await addVersion();
      isVersioned = true;
    }
    const { status, stdout, stderr } = await runExample(example);
    const expected = codes[example] ?? { status: 0, says: /\S/ };
    assert.equal(status, expected.status, `${example}\n${stdout}\n${stderr}`);
    const said = status === 0 ? stdout : stderr;
    assert.match(said, expected.says, example);
    // Nothing found is no failure of the command, but one of the example.
    assert.ok(
      said.trim() !== "[]" && !/^No |\b0 rows\b|Of 0 rows/m.test(said.replace(/^No changes.*$|^No key is erased.*$/gm, "")),
      `${example}\n${said}`,
    );
  }
  assert.ok(isVersioned);
  t.diagnostic(`${examples.length} examples`);
});
