import assert from "node:assert/strict";
import { test } from "node:test";
import { printType, type ValueType } from "@asof/core";
import { openDuckDbEngine } from "@asof/duckdb/test-engine";
import { type ParityCase, randomParityCase, times } from "@asof/testkit";
import { forEachSchedule, judge, report, schedules } from "./parity-law.test.support.ts";

/** Whether a store in Feast's layout takes the keys of all views, and timestamps as fine as they are here. */
function fitsFeast({ world }: ParityCase): boolean {
  const types = ["string", "bytes", "int32", "int64"];
  const isFine = (type: ValueType): boolean => /timestamp(?!\(s\))/.test(printType(type));
  return world.plan.views.every(({ view, keys }) =>
    view.form === "plain"
      ? keys.every((key) => types.includes(key.type.kind)) && !view.features.some((feature) => isFine(feature.type))
      : true,
  );
}

test("schedules on the store in Feast's layout, of the worlds that it takes", async (t) => {
  await using engine = await openDuckDbEngine();
  const count = Math.ceil(schedules / 4);
  const total = { schedules: 0, values: 0, kills: 0 };
  const told: string[] = [];
  await forEachSchedule(
    async (i, name, one) => {
      if (!fitsFeast(one)) return true;
      const outcome = await judge(engine, one, "sqlite");
      total.schedules++;
      total.values += outcome.values;
      total.kills += outcome.kills;
      if (outcome.mismatches.length > 0)
        told.push(told.length < 1 ? await report(engine, name, one, "sqlite", outcome) : `seed ${name}: ${outcome.mismatches[0]}`);
      return total.schedules < count && i < schedules * 4;
    },
    (name) => randomParityCase(`${name}/feast`),
    times(schedules * 4, (i) => i),
  );
  t.diagnostic(`${total.schedules} schedules, ${total.values} values, ${total.kills} kills`);
  assert.deepEqual(told, [], told.join("\n\n"));
  assert.ok(total.schedules >= count && total.values >= count * 50, "the schedules compare too little");
});
