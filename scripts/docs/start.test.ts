/** Runs docs/start.md as a reader would: in an empty folder outside the checkout, on the packages as they would be published. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { installTarballs, packPackages } from "../publish/pack-packages.ts";

const root = resolve(import.meta.dirname, "../..");
/** What the page installs from a registry; here the tarballs of this checkout stand in for it. */
const installLine = "npm install asof node@24";

interface Block {
  readonly kind: "sh" | "text";
  readonly line: number;
  readonly text: string;
}

function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(/^```(sh|text)\n([\s\S]*?)^```$/gm)].map((match) => ({
    kind: match[1] === "sh" ? "sh" : "text",
    line: page.slice(0, match.index).split("\n").length,
    text: match[2] ?? "",
  }));
}

test("every command of docs/start.md works, and prints what the page shows", () => {
  const parent = mkdtempSync(join(tmpdir(), "asof-start-"));
  try {
    const work = join(parent, "work");
    mkdirSync(work);
    const [first, ...steps] = blocksOf(readFileSync(join(root, "docs/start.md"), "utf8"));
    assert.equal(first?.text.trim(), installLine, "the page begins by installing");
    installTarballs(work, packPackages(root, join(parent, "tarballs")));
    let folder = work;
    let output = "";
    for (const block of steps) {
      if (block.kind === "text") {
        for (const line of block.text.trimEnd().split("\n")) {
          assert.ok(output.includes(line), `docs/start.md:${block.line} shows "${line}"; the command printed:\n${output}`);
        }
        continue;
      }
      const ended = runBlock(block.text, folder);
      output = ended.output;
      assert.equal(ended.status, 0, `docs/start.md:${block.line}\n${block.text}\nended with ${ended.status}:\n${output}`);
      folder = ended.folder;
    }
    assert.equal(folder, join(work, "shop"));
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});

/** Runs a block in bash and tells where it ended: a `cd` holds for the blocks that follow. */
function runBlock(script: string, cwd: string): { readonly status: number | null; readonly output: string; readonly folder: string } {
  const marker = "asof-start-folder:";
  const environment = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|INIT_CWD)/i.test(name));
  const ended = spawnSync("bash", ["-e", "-c", `${script}\necho "${marker}$PWD"`], {
    cwd,
    encoding: "utf8",
    env: { ...Object.fromEntries(environment), NO_COLOR: "1" },
  });
  const output = `${ended.stdout}${ended.stderr}`;
  const folder = ended.stdout.match(new RegExp(`^${marker}(.*)$`, "m"))?.[1] ?? cwd;
  return { status: ended.status, output: output.replace(`${marker}${folder}\n`, ""), folder };
}
