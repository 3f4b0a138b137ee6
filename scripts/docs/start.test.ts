/** Runs docs/start.md as a reader would: in an empty folder outside the checkout, on the packages as they would be published. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { after, describe, test } from "node:test";
import { installTarballs, packPackages } from "../publish/pack-packages.ts";

const root = resolve(import.meta.dirname, "../..");
/** What the page installs from a registry; here the tarballs of this checkout and the Node that runs this test stand in for it. */
const installLines = "npm init --yes\nnpm install asof node@24";

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

interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly folder: string;
}

/** Runs a block in bash and tells where it ended: a `cd` holds for the blocks that follow. What npx does not find is not downloaded. */
function runBlock(script: string, cwd: string, path = process.env.PATH ?? ""): Ended {
  const marker = "asof-start-folder:";
  const environment = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|INIT_CWD|ASOF_)/i.test(name));
  const ended = spawnSync("bash", ["-e", "-c", `${script.replaceAll("npx ", "npx --no-install ")}\necho "${marker}$PWD"`], {
    cwd,
    encoding: "utf8",
    env: { ...Object.fromEntries(environment), PATH: path, NO_COLOR: "1" },
  });
  const output = `${ended.stdout}${ended.status === 0 ? "" : ended.stderr}`;
  const folder = ended.stdout.match(new RegExp(`^${marker}(.*)$`, "m"))?.[1] ?? cwd;
  return { status: ended.status, output: output.replace(`${marker}${folder}\n`, ""), folder };
}

/** A line without what differs from day to day: numbers, times and the room that they take. */
function normalize(line: string): string {
  return line
    .replace(/\d[\d,.:TZ-]*/g, "0")
    .replace(/0( (ms|s|min|h|d))+\b/g, "0")
    .replace(/\s+/g, " ")
    .trim();
}

/** Whether the lines that are shown were printed in this order; `…` stands for lines, or a part of one, that are left out. */
function assertShown(block: Block, output: string): void {
  const printed = output.split("\n");
  let at = 0;
  for (const shown of block.text.trimEnd().split("\n")) {
    if (shown === "…") continue;
    const wanted = normalize(shown).split("…");
    const isIt = (line: string): boolean => {
      const [start = "", ...rest] = wanted;
      return rest.length === 0
        ? normalize(line) === start
        : normalize(line).startsWith(start) && normalize(line).endsWith(rest.at(-1) ?? "");
    };
    const found = printed.findIndex((line, i) => i >= at && isIt(line));
    assert.ok(
      found >= 0,
      `docs/start.md:${block.line} shows "${shown}"; from line ${at} on, the command printed:\n${printed.slice(at).join("\n")}`,
    );
    at = found + 1;
  }
}

describe("docs/start.md", () => {
  const parent = mkdtempSync(join(tmpdir(), "asof-start-"));
  after(() => rmSync(parent, { recursive: true, force: true }));
  const work = join(parent, "work");
  const shop = join(work, "shop");

  test("every command works, and prints what the page shows", () => {
    mkdirSync(work);
    const [first, ...steps] = blocksOf(readFileSync(join(root, "docs/start.md"), "utf8"));
    assert.equal(first?.text.trim(), installLines, "the page begins by installing");
    installTarballs(work, packPackages(root, join(parent, "tarballs")));
    symlinkSync(process.execPath, join(work, "node_modules/.bin/node"));
    let folder = work;
    let output = "";
    for (const block of steps) {
      if (block.kind === "text") {
        assertShown(block, output);
        continue;
      }
      const ended = runBlock(block.text, folder);
      ({ output, folder } = ended);
      assert.equal(ended.status, 0, `docs/start.md:${block.line}\n${block.text}\nended with ${ended.status}:\n${output}`);
    }
    assert.equal(folder, shop);
  });

  test("the project that init wrote type-checks on both compilers, and its tests pass", () => {
    // What `npm install` in the project would bring, beside asof itself.
    mkdirSync(join(shop, "node_modules/@types"), { recursive: true });
    symlinkSync(join(root, "node_modules/@types/node"), join(shop, "node_modules/@types/node"));
    for (const compiler of ["typescript/bin/tsc", "typescript-5.9/bin/tsc"]) {
      const { status, stdout } = spawnSync(process.execPath, [join(root, "node_modules", compiler), "-p", shop], { encoding: "utf8" });
      assert.equal(status, 0, `${compiler}\n${stdout}`);
    }
    const tests = runBlock("npx node --test 'test/**/*.test.ts'", shop);
    assert.equal(tests.status, 0, tests.output);
    assert.match(tests.output, /^ℹ fail 0$/m);
  });

  test("the registry module of the project lists and registers features", () => {
    const script = `import { getFeatures, recordLineage, registerFeature } from "./feature_store/registry.ts";
      import { churnV1 } from "./features/services.ts";
      const features = await getFeatures({ service: "churn_v1", view: "churn_features" });
      await recordLineage([{ from: "service:churn_v1", to: "model:churn", recordedBy: "training" }]);
      console.log(features.map((f) => f.reference).join(" "), await registerFeature(churnV1));`;
    const { status, output } = runBlock(`cat > registry-check.ts <<'END'\n${script}\nEND\nnpx node registry-check.ts`, shop);
    assert.equal(status, 0, output);
    assert.match(output, /^churn_features:tenure_months .* false$/m);
  });

  test("the Node of the system is enough, because the command starts the project's", (t) => {
    const own = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
    const system = own.map((folder) => join(folder, "node")).find((path) => existsSync(path));
    assert.ok(system !== undefined, "npm came with a Node");
    const version = spawnSync(system, ["--version"], { encoding: "utf8" }).stdout.trim();
    t.diagnostic(`system's Node: ${version}`);
    const bin = join(work, "node_modules/asof/bin/asof.js");
    const started = spawnSync(system, [bin, "init", "other"], { cwd: work, encoding: "utf8" });
    assert.equal(started.status, 0, started.stderr);
    const { status, output } = runBlock("npx asof plan -c other", work, own.join(delimiter));
    assert.equal(status, 0, output);
    assert.match(output, /14 created/);
  });
});
