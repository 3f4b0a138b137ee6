import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { requirePython } from "./feast-python.ts";
import { withFileLock } from "./file-lock.ts";
import type { RunCommand } from "./run-command.ts";

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
