/** Runs the programs of docs/concepts: each `ts` block prints exactly the `text` block that follows it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, describe, test } from "node:test";

const root = resolve(import.meta.dirname, "../..");
const folder = join(root, "docs/concepts");

/** Every page has at least one program. */
const pages = ["history", "parity", "time", "versions", "windows"];

interface Program {
  readonly place: string;
  readonly code: string;
  readonly prints: string;
}

function programsOf(page: string): readonly Program[] {
  const text = readFileSync(join(folder, page), "utf8");
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)^```$/gm)].map((match) => ({
    place: `docs/concepts/${page}:${text.slice(0, match.index).split("\n").length}`,
    code: match[1] ?? "",
    prints: match[2] ?? "",
  }));
}

describe("docs/concepts", { concurrency: 2 }, () => {
  mkdirSync(join(root, ".cache"), { recursive: true });
  // Inside the checkout, so that `asof` is found.
  const work = mkdtempSync(join(root, ".cache/concepts-"));
  after(() => rmSync(work, { recursive: true, force: true }));

  test("every concept has its page", () => {
    assert.deepEqual(readdirSync(folder).sort(), [...pages, "README"].map((page) => `${page}.md`).sort());
  });

  for (const page of pages.map((name) => `${name}.md`)) {
    const programs = programsOf(page);
    test(`${page} has a program, and each shows what it prints`, () => {
      assert.ok(programs.length > 0);
      assert.equal(programs.length, readFileSync(join(folder, page), "utf8").match(/^```ts$/gm)?.length);
    });
    for (const [i, { place, code, prints }] of programs.entries()) {
      test(`${page}, program ${i + 1}`, () => {
        const file = join(work, `${page}-${i}.ts`);
        writeFileSync(file, code);
        const ran = spawnSync(process.execPath, ["--conditions=source", file], {
          encoding: "utf8",
          cwd: work,
          env: { ...process.env, TZ: "UTC" },
        });
        assert.equal(ran.status, 0, `${place}\n${ran.stderr}`);
        assert.equal(ran.stdout, prints, place);
      });
    }
  }
});
