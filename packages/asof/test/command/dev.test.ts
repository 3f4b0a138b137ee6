/** `asof dev` as a process of its own: files are saved as editors save them, and lines are waited for. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertDone, type HasAfter, type Running, runAsof, startAsof, temporaryFolder, writeFiles } from "./command.test.support.ts";
import { writeShop } from "./shop.test.support.ts";

interface Line {
  readonly plan?: {
    readonly summary: Readonly<Record<string, number>>;
    readonly entries: readonly { readonly name: string }[];
    readonly refusals: readonly unknown[];
  };
  readonly error?: { readonly code: string; readonly message: string };
  readonly applied?: boolean;
  readonly unchanged?: boolean;
}

/** A running `asof dev --json`; `next` gives its lines one by one. */
function startDev(t: HasAfter, cwd: string, ...flags: readonly string[]): { readonly running: Running; next(): Promise<Line> } {
  const running = startAsof(["dev", "--json", "--skip-source-validation", ...flags], { cwd, input: null });
  t.after(() => running.child.kill("SIGKILL"));
  const lines: Line[] = [];
  const waiting: ((line: Line) => void)[] = [];
  let rest = "";
  running.child.stdout?.on("data", (chunk: Buffer) => {
    const parts = `${rest}${chunk}`.split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const line: Line = JSON.parse(part);
      const wanted = waiting.shift();
      if (wanted === undefined) lines.push(line);
      else wanted(line);
    }
  });
  const next = (): Promise<Line> => {
    const line = lines.shift();
    return line === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(line);
  };
  return { running, next };
}

/** The next line that tells something new: a save may be planned twice. */
async function nextNews(next: () => Promise<Line>): Promise<Line> {
  for (;;) {
    const line = await next();
    if (line.unchanged !== true) return line;
  }
}

const timeout = 120_000;

describe("asof dev", () => {
  test("plans at the start and on every save, replaced files included, and tells faults by code", { timeout }, async (t) => {
    const shop = writeShop(temporaryFolder(t));
    assertDone(await runAsof(["apply"], { cwd: shop }));
    const file = join(shop, "features/shop.ts");
    const original = readFileSync(file, "utf8");
    const { running, next } = startDev(t, shop);
    assert.deepEqual((await nextNews(next)).plan?.summary, { created: 0, changed: 0, recreated: 0, deleted: 0, unchanged: 9 });

    writeFileSync(file, original.replace('ttl: "30d"', 'ttl: "31d"'));
    assert.deepEqual(
      (await nextNews(next)).plan?.entries.map((e) => e.name),
      ["profile"],
    );

    // As vim and others save: written beside, then renamed over the file.
    writeFileSync(`${file}.new`, `${original}\nconst broken = (;\n`);
    renameSync(`${file}.new`, file);
    const { error } = await nextNews(next);
    assert.equal(error?.code, "ASOF_DEFINITIONS_LOAD");
    assert.match(error?.message ?? "", /features\/shop\.ts/);

    writeFileSync(`${file}.new`, original);
    renameSync(`${file}.new`, file);
    assert.equal((await nextNews(next)).plan?.entries.length, 0);

    // A file that others import, changed alone: no module of an earlier plan may be left.
    writeFiles(shop, { "features/limits.ts": 'export const limit = "7d";\n' });
    writeFileSync(file, `import { limit } from "./limits.ts";\n${original.replace('ttl: "30d"', "ttl: limit")}`);
    assert.equal((await nextNews(next)).plan?.entries[0]?.name, "profile");
    writeFiles(shop, { "features/limits.ts": 'export const limit = "30d";\n' });
    assert.equal((await nextNews(next)).plan?.entries.length, 0);

    // A folder that is new, and one that goes away.
    mkdirSync(join(shop, "features/more"));
    const more = `import { featureView, string } from "asof";\nimport { customer, clicks } from "../shop.ts";\n`;
    writeFiles(shop, {
      "features/more/pages.ts": `${more}export const pages = featureView("pages", { entities: [customer], source: clicks }, { page: string() });\n`,
    });
    let plan = (await nextNews(next)).plan;
    while (plan?.entries.length === 0) plan = (await nextNews(next)).plan;
    assert.deepEqual(
      plan?.entries.map((e) => e.name),
      ["pages"],
    );
    rmSync(join(shop, "features/more"), { recursive: true });
    assert.equal((await nextNews(next)).plan?.entries.length, 0);

    const yaml = join(shop, "feature_store.yaml");
    const settings = readFileSync(yaml, "utf8");
    writeFileSync(yaml, settings.replace("type: duckdb", "type: snowflake"));
    assert.match((await nextNews(next)).error?.code ?? "", /^ASOF_STORE_/);
    writeFileSync(yaml, settings);
    assert.equal((await nextNews(next)).plan?.entries.length, 0);

    running.child.kill("SIGINT");
    const { status, stderr } = await running.ended;
    assert.deepEqual([status, stderr], [0, ""], "Ctrl-C is how it ends");
  });

  test("ends in the middle of a plan, and plans anew what is saved meanwhile", { timeout }, async (t) => {
    const shop = writeShop(temporaryFolder(t));
    const endless = `process.stderr.write("waiting\\n");\nsetInterval(() => undefined, 1000);\nawait new Promise(() => undefined);\n`;
    writeFiles(shop, { "features/slow.ts": endless });
    const { running, next } = startDev(t, shop);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    rmSync(join(shop, "features/slow.ts"));
    assert.equal((await nextNews(next)).plan?.summary.created, 10);
    writeFiles(shop, { "features/slow.ts": endless });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    running.child.kill("SIGINT");
    assert.equal((await running.ended).status, 0);
  });

  test("applies what is clean with --apply, never a deletion", { timeout }, async (t) => {
    const shop = writeShop(temporaryFolder(t));
    const { next } = startDev(t, shop, "--apply");
    assert.equal((await nextNews(next)).plan?.summary.created, 10);
    assert.equal((await nextNews(next)).applied, true);
    const file = join(shop, "features/shop.ts");
    const original = readFileSync(file, "utf8");
    writeFileSync(file, original.replace(/export const everything[\s\S]*$/, ""));
    let line = await nextNews(next);
    while (line.plan?.summary.deleted !== 1) line = await nextNews(next);
    assert.equal((await nextNews(next)).applied, false);
    const services = JSON.parse(assertDone(await runAsof(["feature-services", "list", "--json"], { cwd: shop })));
    assert.equal(services.length, 1);
  });

  test("says it in short lines to people, and without --apply changes nothing", { timeout }, async (t) => {
    const shop = writeShop(temporaryFolder(t));
    const running = startAsof(["dev"], { cwd: shop, input: null });
    t.after(() => running.child.kill("SIGKILL"));
    let seen = "";
    const planned = new Promise<void>((resolve) => {
      running.child.stdout?.on("data", (chunk: Buffer) => {
        seen += chunk;
        if (seen.includes("project shop")) resolve();
      });
    });
    await planned;
    running.child.kill("SIGINT");
    const { status, stdout } = await running.ended;
    assert.equal(status, 0);
    assert.match(stdout, /^Watching .*shop\. Ctrl-C ends it\.\n\d\d:\d\d:\d\d 10 created, 0 unchanged\n(?: {2}\+ .*\n)+/);
    assert.match(stdout, /^ {2}\+ feature view activity$/m);
    assert.deepEqual(JSON.parse(assertDone(await runAsof(["feature-views", "list", "--json"], { cwd: shop }))), []);
  });
});
