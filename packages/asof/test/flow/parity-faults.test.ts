import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openDuckDbEngine } from "@asof/duckdb/test-engine";
import { fromJsonText, type ParityCase, unorderedOnlineStore } from "@asof/testkit";
import { forEachSchedule, judge, parityCorpus } from "./parity-law.test.support.ts";

test("without the order check the same schedules fail on both stores", async (t) => {
  await using engine = await openDuckDbEngine();
  for (const kind of ["memory", "lmdb"] as const) {
    let failed = 0;
    let tried = 0;
    await forEachSchedule(async (_i, _name, one) => {
      const { mismatches } = await judge(engine, one, kind, unorderedOnlineStore);
      tried++;
      if (mismatches.length > 0) failed++;
      return failed < 3;
    });
    t.diagnostic(`${kind}: ${failed} of the first ${tried} schedules fail`);
    assert.ok(failed >= 3, `${kind}: the order check is not needed by these schedules`);
  }
});

test("schedules that failed once succeed on both stores", async (t) => {
  await using engine = await openDuckDbEngine();
  const files = (await readdir(parityCorpus).catch(() => [])).filter((name) => name.endsWith(".json"));
  for (const file of files) {
    const one = fromJsonText<ParityCase>(await readFile(join(parityCorpus, file), "utf8"));
    for (const kind of ["memory", "lmdb"] as const) assert.deepEqual((await judge(engine, one, kind)).mismatches, [], `${file} on ${kind}`);
  }
  t.diagnostic(`${files.length} schedules of the corpus`);
});
