import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FeastProcess, PythonError } from "./feast-process.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-feast-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("programs run by the real Feast, in UTC, and answer with JSON", async () => {
  await using feast = await FeastProcess.start(folder);
  const program = "import feast, os, time\nkept = given\nreply([feast.__version__, time.tzname[0], os.getcwd()])";
  const [version, zone, where] = (await feast.run(program, { a: 1 })) as unknown[];
  assert.equal(version, "0.67.0");
  assert.equal(zone, "UTC");
  assert.equal(where, folder);
  assert.deepEqual(await feast.run("reply(kept)"), { a: 1 }, "names stay for the next program");

  const special = [{ int: "9007199254740993" }, { bytes: "AAE=" }, { float: "inf" }, { float: "nan" }, null, "é", 1.5, [true]];
  assert.deepEqual(await feast.run("print('noise on standard output'); reply(given)", special), special);
  await assert.rejects(feast.run("raise KeyError('who')"), (error) => error instanceof PythonError && error.type === "KeyError");
  assert.equal(await feast.run("reply(2)"), 2, "an error does not end the process");
  await assert.rejects(feast.run("import os; os._exit(3)"), /ended in the middle/);
});
