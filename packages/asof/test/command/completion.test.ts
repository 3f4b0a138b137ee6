/** Completion scripts, run by the shells that they are for. Bash must be there; zsh and fish are tried where they are. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { completionModel } from "../../src/command/completion/model.ts";
import { createContext } from "../../src/command/context.ts";
import { buildProgram } from "../../src/command/program.ts";
import { assertDone, assertFailed, runAsof, temporaryFolder, writeFiles } from "./command.test.support.ts";
import { writeShop } from "./shop.test.support.ts";

const folder = temporaryFolder({ after });
const shop = writeShop(folder);
const bin = join(folder, "bin");

before(async () => {
  writeFiles(bin, { asof: `#!/bin/sh\nexec "${process.execPath}" "${resolve(import.meta.dirname, "../../bin/asof.js")}" "$@"\n` });
  chmodSync(join(bin, "asof"), 0o755);
  assertDone(await runAsof(["apply"], { cwd: shop }));
  for (const shell of ["bash", "zsh", "fish"]) {
    writeFiles(folder, { [`asof.${shell}`]: assertDone(await runAsof(["completion", shell], { cwd: folder })) });
  }
});

const run = promisify(execFile);
const environment = { PATH: `${bin}:${process.env.PATH}`, HOME: folder, LC_ALL: "C.UTF-8" };

function isInstalled(shell: string): boolean {
  try {
    execFileSync(shell, ["-c", "exit 0"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

type Complete = (line: string, cwd?: string) => Promise<readonly string[]>;

/** What Tab offers behind a line. Bash is given the words it would see, and offers what comes behind the last : or =. */
const shells: Readonly<Record<string, Complete>> = {
  bash: async (line, cwd = shop) => {
    const script = `source ${folder}/asof.bash; COMP_LINE="$1"; COMP_POINT=\${#COMP_LINE}; _asof_bash; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await run("bash", ["--norc", "-c", script, "bash", line], { cwd, env: environment });
    return linesOf(stdout);
  },
  zsh: async (line, cwd = shop) => {
    const script = `compdef() { :; }; source ${folder}/asof.zsh
      compadd() { print -l -- "\${(@)candidates}"; }; _files() { print FILES; }
      words=("\${(@s: :)1}"); CURRENT=$#words; _asof || true`;
    const { stdout } = await run("zsh", ["-f", "-c", script, "zsh", line], { cwd, env: environment });
    const current = line.split(" ").at(-1) ?? "";
    return linesOf(stdout).filter((candidate) => candidate.startsWith(current));
  },
  fish: async (line, cwd = shop) => {
    const script = `source ${folder}/asof.fish; complete -C $argv[1]`;
    const { stdout } = await run("fish", ["--no-config", "-c", script, line], { cwd, env: environment });
    return linesOf(stdout).map((candidate) => candidate.split("\t")[0] ?? "");
  },
};

function linesOf(text: string): readonly string[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}

for (const [shell, complete] of Object.entries(shells)) {
  const isThere = isInstalled(shell);
  if (shell === "bash") assert.ok(isThere, "bash is needed to try its completion");
  describe(`completion in ${shell}`, { skip: isThere ? false : `${shell} is not installed` }, () => {
    test("offers commands, commands of a group, and flags with those that work everywhere", async () => {
      assert.deepEqual(await complete("asof mater"), ["materialize", "materialize-incremental"]);
      assert.deepEqual(await complete("asof feature-views "), ["describe", "list"]);
      assert.deepEqual(await complete("asof plan --re"), ["--recreate"]);
      assert.deepEqual(await complete("asof --json plan --j"), ["--json"]);
      assert.deepEqual(await complete("asof lineage x --co"), ["--columns"]);
    });

    test("offers the words that a flag takes, behind a blank", async () => {
      assert.deepEqual(await complete("asof push clicks --to o"), ["offline", "online"]);
      assert.deepEqual(await complete("asof get-historical-features --knowledge "), ["created", "event"]);
    });

    test("offers names of registered objects, of the repository that is asked for", async () => {
      assert.deepEqual(await complete("asof feature-views describe "), ["activity", "clicked", "profile", "ratio"]);
      assert.deepEqual(await complete("asof materialize-incremental -v pro"), ["profile"]);
      assert.deepEqual(await complete("asof get-online-features -s "), ["everything"]);
      assert.deepEqual(await complete(`asof -c ${shop} push c`, folder), ["clicks"]);
      assert.deepEqual(await complete(`asof --chdir=${shop} entities describe `, folder), ["customer"]);
    });

    test("offers features behind the colon", async () => {
      const behind = shell === "bash" ? "" : "profile:";
      assert.deepEqual(await complete("asof why profile:"), [`${behind}score`, `${behind}tier`]);
      assert.deepEqual(await complete("asof describe profile:t"), [`${behind}tier`]);
    });

    test("says nothing where there is no repository, or nothing to offer", async () => {
      assert.deepEqual(await complete("asof feature-views describe ", folder), []);
      assert.deepEqual(await complete("asof materialize 2024-01-01 "), []);
    });
  });
}

test("completion knows every command and flag of the program", () => {
  const context = createContext([]);
  context.dispose();
  const program = buildProgram(context);
  const model = completionModel(program);
  const paths = new Set(model.map((command) => command.path));
  const visit = (command: typeof program, path: string): void => {
    assert.ok(paths.has(path), path);
    const flags = model.find((known) => known.path === path)?.flags.flatMap((f) => f.names) ?? [];
    for (const option of command.options) assert.ok(flags.includes(option.long ?? option.short ?? ""), `${path} ${option.flags}`);
    for (const inner of command.commands) visit(inner, `${path} ${inner.name()}`.trim());
  };
  visit(program, "");
});

test("an unknown shell or kind is refused; names are one a line", async () => {
  assert.match((await runAsof(["completion", "tcsh"], { cwd: shop })).stderr, /ASOF_USAGE.*tcsh/);
  assertFailed(await runAsof(["completion", "names", "colour"], { cwd: shop }), { status: 2, code: "ASOF_USAGE", says: /Allowed choices/ });
  assert.equal(assertDone(await runAsof(["completion", "names", "source"], { cwd: shop })), "baskets\nclicks\nprofiles\n");
});
