/** Help, usage faults, colours and progress: what the command does before it does anything. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, test } from "node:test";
import { createContext, type OutputStream } from "../../src/command/context.ts";
import { notesOf, pathOf } from "../../src/command/define.ts";
import { buildProgram } from "../../src/command/program.ts";
import { Progress } from "../../src/command/progress.ts";
import { printTable } from "../../src/command/table.ts";
import { asofBin, assertDone, assertFailed, runAsof, startAsof, temporaryFolder, writeFiles } from "./command.test.support.ts";
import { writeShop } from "./shop.test.support.ts";

type Program = ReturnType<typeof buildProgram>;

function allCommands(command: Program): readonly Program[] {
  return command.commands.flatMap((inner) => [inner, ...allCommands(inner)]);
}

/** A stream that keeps what is written, and may pretend to be a terminal. */
function recorder(isTTY: boolean): { readonly stream: OutputStream; text(): string } {
  const stream = Object.assign(new PassThrough(), { isTTY });
  return { stream, text: () => String(stream.read() ?? "") };
}

function recordedContext(argv: readonly string[], isTTY: boolean, environment: Readonly<Record<string, string>> = {}) {
  const stdout = recorder(isTTY);
  const stderr = recorder(isTTY);
  const context = createContext(argv, { stdout: stdout.stream, stderr: stderr.stream, environment });
  context.dispose();
  return { context, stdout, stderr };
}

describe("help", () => {
  const program = buildProgram(recordedContext([], false).context);

  test("has an example for every command, and every example is a command line that is understood", async () => {
    const commands = allCommands(program);
    for (const command of commands) command.action(() => undefined);
    assert.ok(commands.length > 25);
    for (const command of commands) {
      const { examples } = notesOf(command);
      assert.ok(examples.length > 0, pathOf(command));
      for (const example of examples) {
        const line = example.replace(/^echo '[^']*' (\||> \S+ &&) /, "");
        assert.ok(line.startsWith(`${pathOf(command)}`), example);
        const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
        await program.parseAsync(words.slice(1), { from: "user" });
      }
      assert.match(command.helpInformation(), /Global Options:[\s\S]*--json/, pathOf(command));
    }
  });

  test("answers without loading core or a store", async (t) => {
    const folder = temporaryFolder(t);
    const watch = `require("node:module").registerHooks({ load(url, context, next) { if (url.startsWith("file:")) urls.push(url); return next(url, context); } });
      const urls = []; process.on("exit", () => process.stderr.write(urls.join("\\n")));`;
    writeFiles(folder, { "watch.cjs": watch });
    const environment = { NODE_OPTIONS: `--require=${join(folder, "watch.cjs")}` };
    const help = await runAsof(["materialize", "--help"], { cwd: folder, environment });
    assert.match(assertDone(help), /Usage: asof materialize/);
    assert.match(help.stderr, /command\/program\.ts/);
    assert.doesNotMatch(help.stderr, /packages\/(core|duckdb|lmdb|sqlite)\/|node_modules\/(?!commander)/);
  });

  test("comes for no command at all, for a group, and by name", async (t) => {
    const cwd = temporaryFolder(t);
    const [none, group, named, version] = await Promise.all([
      runAsof([], { cwd }),
      runAsof(["entities"], { cwd }),
      runAsof(["help", "why"], { cwd }),
      runAsof(["--version"], { cwd }),
    ]);
    assert.match(assertDone(none), /^Usage: asof \[options\] \[command\]/);
    assert.equal(group.status, 2);
    assert.match(group.stderr, /^Usage: asof entities/);
    assert.match(
      assertDone(named),
      /\$ asof why behavioral_features:spend_28d -e customer_id=900\n[\s\S]*\n {2}4 {2}training and serving differ/,
    );
    assert.match(assertDone(version), /^\d+\.\d+\.\d+\n$/);
  });
});

test("what is mistyped is named with what was meant and where to look", async (t) => {
  const cwd = writeShop(temporaryFolder(t));
  const cases: Readonly<Record<string, RegExp>> = {
    aply: /Unknown command 'aply' \(Did you mean apply\?\) See `asof --help`\./,
    "entities lst": /Unknown command 'lst' \(Did you mean list\?\) See `asof entities --help`\./,
    "plan --jsn": /Unknown option '--jsn' \(Did you mean --json\?\) See `asof plan --help`\./,
    "push clicks": /Required option '--rows <file\|->' not specified\. See `asof push --help`\./,
    "push clicks --rows x --to nowhere": /Allowed choices are online, offline, both\./,
    "materialize 2024-01-02": /Missing required argument 'end'/,
    "materialize 2024-01-02 2024-01-01": /START 2024-01-02T00:00:00Z lies after END 2024-01-01T00:00:00Z/,
    "get-online-features": /Give -s NAME, or -f view:feature/,
    "get-online-features -f profile -s everything": /Ask either for a feature service or for features/,
    "get-online-features -f profile -e customer_id": /"customer_id" is not of the form key=value/,
    "get-historical-features -f profile": /No spine is given\. Give one: --spine FILE\|-\|SQL, -d JSON, -e/,
    "get-historical-features -f profile --spine a.csv -e customer_id=1": /More than one spine is given/,
    "get-historical-features -f profile --spine a.csv --at 2024-01-01": /--at goes with -e/,
    "get-historical-features -f profile --spine a.csv --out train.xlsx": /ends neither in \.parquet nor in \.csv/,

    "get-historical-features -f profile --latest-as-of 2024-01-01 --between 2024-01-01 2025-01-01": /given: --between and --latest-as-of\./,
    "statistics compute profile --start 2024-02-01 --end 2024-01-01": /--start 2024-02-01T00:00:00Z does not lie before --end/,
    "why profile": /"profile" is not of the form view:feature/,
    "why profile:tier -e customer_id=1,2": /2 entities are given/,
    "jobs --limit none": /--limit is "none"\. Give a whole number from 1\./,
    "features list --tags growth": /--tags "growth" is not of the form key:value/,
  };
  await Promise.all(
    Object.entries(cases).map(async ([line, says]) =>
      assertFailed(await runAsof(line.split(" "), { cwd }), { status: 2, code: "ASOF_USAGE", says }),
    ),
  );
  const times: Readonly<Record<string, string>> = {
    "statistics compute profile --start x": "--start",
    "statistics compute profile --end x": "--end",
    "materialize x 2024-01-01": "START",
    "materialize 2024-01-01 x": "END",
    "materialize-incremental x": "END",
    "why profile:tier -e customer_id=1 --at x": "--at",
    "get-online-features -f profile -e customer_id=1 --at x": "--at",
    "get-historical-features -f profile -e customer_id=1 --at x": "--at",
    "get-historical-features -f profile --latest-as-of x": "--latest-as-of",
    "get-historical-features -f profile --between x 2024-01-01": "--between START",
    "get-historical-features -f profile --between 2024-01-01 x": "--between END",
    "get-historical-features -f profile -e customer_id=1 --labels-known-until x": "--labels-known-until",
  };
  for (const [line, flag] of Object.entries(times)) {
    const { status, stderr } = await runAsof([...line.split(" "), "--json"], { cwd });
    const { code, path, value, message } = JSON.parse(stderr).error;
    assert.deepEqual([status, code, path, value], [2, "ASOF_TIME_INVALID", flag, '"x"'], line);
    assert.ok(message.includes(`${flag} is "x", which is no instant`), message);
  }
  const json = await runAsof(["aply", "--json"], { cwd });
  assert.deepEqual([json.status, json.stdout], [2, ""]);
  assert.equal(JSON.parse(json.stderr).error.code, "ASOF_USAGE");
  assert.match(JSON.parse(json.stderr).error.fix, /asof --help/);
});

test("output that cannot be written is one coded error", { skip: !existsSync("/dev/full") }, (t) => {
  const cwd = writeShop(temporaryFolder(t));
  const full = openSync("/dev/full", "w");
  t.after(() => closeSync(full));
  for (const line of ["--help", "plan", "plan --json", "completion bash", "get-historical-features -f profile --sql"]) {
    const ended = spawnSync(process.execPath, [asofBin, ...line.split(" ")], { cwd, stdio: ["ignore", full, "pipe"], encoding: "utf8" });
    assert.equal(ended.status, 1, line);
    assert.match(ended.stderr, /ASOF_OUTPUT_FAILED\] Standard output could not be written: ENOSPC/, line);
    assert.doesNotMatch(ended.stderr, /at .*:\d+:\d+/, line);
  }
});

test("a reader that goes away ends the command without a word", async (t) => {
  const cwd = writeShop(temporaryFolder(t));
  const spine = "select 1::bigint as customer_id, timestamptz '2024-01-11' as event_timestamp, 5.0 as amount from range(200000)";
  const running = startAsof(["get-historical-features", "-f", "profile", "--spine", spine, "--json"], { cwd });
  running.child.stdout?.once("data", () => running.child.stdout?.destroy());
  let stderr = "";
  running.child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  // Standard output, closed here, has no end to wait for.
  const closed = new Promise((done) => running.child.once("close", done));
  await running.ended.catch(() => undefined);
  assert.equal(await closed, 130);
  assert.doesNotMatch(stderr, /error|EPIPE|ASOF_|at .*:\d+:\d+/);
});

describe("a terminal", () => {
  test("gets colours, unless it asks for none; pipes and JSON never do", () => {
    const isColored = (argv: readonly string[], isTTY: boolean, environment: Readonly<Record<string, string>> = {}) =>
      recordedContext(argv, isTTY, environment).context.paint.red("x") !== "x";
    assert.equal(isColored([], true), true);
    assert.equal(isColored([], false), false);
    assert.equal(isColored(["--json"], true), false);
    assert.equal(isColored([], true, { NO_COLOR: "1" }), false);
    assert.equal(isColored([], true, { TERM: "dumb" }), false);
  });

  test("shows progress in one line that moves; a pipe gets lines, JSON nothing", () => {
    const run = (argv: readonly string[], isTTY: boolean): string => {
      const { context, stderr } = recordedContext(argv, isTTY);
      const progress = new Progress(context);
      progress.update("one");
      progress.update("two, too soon");
      progress.done();
      progress.done();
      return stderr.text();
    };
    assert.equal(run([], true), "\r\u001b[2Kone\r\u001b[2K");
    assert.equal(run([], false), "one\n");
    assert.equal(run(["--json"], true), "");
  });
});

test("a table is aligned by what is seen, numbers to the right", () => {
  assert.equal(
    printTable(
      ["NAME", "N"],
      [
        ["a", "10"],
        ["ünï", "7"],
      ],
    ),
    "NAME   N\na     10\nünï    7",
  );
});
