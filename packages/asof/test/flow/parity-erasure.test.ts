import assert from "node:assert/strict";
import { test } from "node:test";
import { openDuckDbEngine } from "@asof/duckdb/test-engine";
import { randomErasureCase, times } from "@asof/testkit";
import { forEachSchedule, judge, kindOf, report, schedules } from "./parity-law.test.support.ts";

test("schedules with keys that are erased and lifted in between: nothing of them is seen, and both sides agree", async (t) => {
  await using engine = await openDuckDbEngine();
  const count = Math.ceil(schedules / 2);
  const total = { values: 0, hidden: 0, reads: 0, kills: 0 };
  const told: string[] = [];
  await forEachSchedule(
    async (i, name, one) => {
      const outcome = await judge(engine, one, kindOf(i));
      total.values += outcome.values;
      total.hidden += outcome.hidden;
      total.reads += outcome.reads;
      total.kills += outcome.kills;
      if (outcome.mismatches.length > 0) {
        const text = `seed ${name} on ${kindOf(i)}`;
        told.push(told.length < 2 ? await report(engine, text, one, kindOf(i), outcome) : `${text}: ${outcome.mismatches[0]}`);
      }
      return true;
    },
    randomErasureCase,
    times(count, (i) => i),
  );
  t.diagnostic(
    `${count} schedules, ${total.reads} reads, ${total.values} values, ${total.hidden} of them of erased keys, ${total.kills} kills`,
  );
  assert.deepEqual(told, [], told.join("\n\n"));
  assert.ok(total.hidden >= count * 5, "too few values of erased keys were asked for");
});
