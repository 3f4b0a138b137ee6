import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { installPackages, onceInRun, requirePython } from "./feast-python.ts";
import { withFileLock } from "./file-lock.ts";
import { type RunCommand, runCommand } from "./run-command.ts";

/** A machine on which the named commands work; apt-get makes python3 work. */
function machine(works: Set<string>): { readonly run: RunCommand; readonly ran: string[] } {
  const ran: string[] = [];
  const run: RunCommand = async (command, args) => {
    ran.push([command, args[0]].join(" "));
    if (!works.has(command)) throw new Error(`spawn ${command} ENOENT`);
    if (args[0] === "install") works.add("python3");
    return "";
  };
  return { run, ran };
}

test("a Python that is there is used as it is", async () => {
  const { run, ran } = machine(new Set(["python3", "apt-get"]));
  await requirePython(run, true, () => {});
  assert.deepEqual(ran, ["python3 -c"]);
});

test("a missing Python is installed by apt for root, and said", async () => {
  const { run, ran } = machine(new Set(["apt-get"]));
  const said: string[] = [];
  await requirePython(run, true, (text) => said.push(text));
  assert.deepEqual(ran, ["python3 -c", "apt-get --version", "apt-get update", "apt-get install", "python3 -c"]);
  assert.deepEqual(said, ["installing python3 and python3-venv by apt"]);
});

test("without root or apt the run fails and says what to install", async () => {
  const wanted = /apt-get install python3 python3-venv\).*spawn python3 ENOENT/s;
  await assert.rejects(
    requirePython(machine(new Set(["apt-get"])).run, false, () => {}),
    wanted,
  );
  await assert.rejects(
    requirePython(machine(new Set()).run, true, () => {}),
    wanted,
  );
});

/** A pip whose first `failures` attempts break off. */
function pip(failures: number): { readonly run: RunCommand; readonly ran: string[] } {
  const ran: string[] = [];
  const run: RunCommand = async (_command, args) => {
    ran.push(args.slice(0, 3).join(" "));
    if (ran.length <= failures) throw new Error("pip ended with 2:\nReadTimeoutError: Read timed out.\n");
    return "";
  };
  return { run, ran };
}

test("a download that breaks off is tried again, once", async () => {
  const { run, ran } = pip(1);
  const said: string[] = [];
  await installPackages(run, "python", (text) => said.push(text));
  assert.deepEqual(ran, ["-m pip install", "-m pip install"]);
  assert.deepEqual(said, ["pip failed and is tried once more; it said: ReadTimeoutError: Read timed out."]);
  const broken = pip(5);
  await assert.rejects(
    installPackages(broken.run, "python", () => {}),
    /need feast\[duckdb\]==0\.67\.0, and pip could not install it, twice\. Check the network.*ReadTimeoutError/s,
  );
  assert.equal(broken.ran.length, 2);
});

test("what failed is not tried again in the same run, but in the next", async () => {
  const folder = mkdtempSync(join(tmpdir(), "asof-once-"));
  try {
    const record = join(folder, "failed.json");
    let tried = 0;
    const fail = async (): Promise<void> => {
      tried++;
      throw new Error("no network");
    };
    const step = (id: number, isPreparation = false) => ({ id, isPreparation });
    await assert.rejects(onceInRun(record, step(1), fail), /^Error: no network$/);
    await assert.rejects(onceInRun(record, step(1, true), fail), /^Error: no network$/);
    assert.equal(tried, 2);
    for (let i = 0; i < 3; i++) await assert.rejects(onceInRun(record, step(1), fail), /^Error: no network$/);
    assert.equal(tried, 2);
    await onceInRun(record, step(2), async () => void tried++);
    await onceInRun(record, step(1, true), async () => void tried++);
    await onceInRun(record, step(1), async () => void tried++);
    assert.equal(tried, 5);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a command that stands still is ended, and said", async () => {
  await assert.rejects(
    runCommand(process.execPath, ["-e", "setInterval(() => {}, 1000)"], 500),
    /was ended by SIGKILL, after at most 0\.5 s/,
  );
});

test("of several that ask at a time one works and the others wait", async () => {
  const folder = mkdtempSync(join(tmpdir(), "asof-lock-"));
  try {
    let working = 0;
    let waited = 0;
    const done: number[] = [];
    const work = async (i: number): Promise<void> => {
      assert.equal(working++, 0, "two at a time");
      await sleep(20);
      working--;
      done.push(i);
    };
    await Promise.all(
      [0, 1, 2].map((i) =>
        withFileLock(
          join(folder, "lock"),
          () => work(i),
          () => waited++,
        ),
      ),
    );
    assert.deepEqual(done.sort(), [0, 1, 2]);
    assert.equal(waited, 2);
    await assert.rejects(
      withFileLock(
        join(folder, "lock"),
        () => Promise.reject(new Error("work failed")),
        () => {},
      ),
      /work failed/,
    );
    await withFileLock(
      join(folder, "lock"),
      async () => {},
      () => assert.fail("a failure left the lock behind"),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
