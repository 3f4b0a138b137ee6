import assert from "node:assert/strict";
import { test } from "node:test";
import { countMomentDecisions, momentDecisionsMin } from "../run/moments-suite.ts";

test("the run of moments catches every planted bug", (t) => {
  const counts = countMomentDecisions();
  for (const { name, rule, rows } of counts) t.diagnostic(`${String(rows).padStart(7)} rows  ${rule} (${name})`);
  assert.deepEqual(
    counts.filter((c) => c.rows < momentDecisionsMin).map((c) => `${c.name}: ${c.rows}`),
    [],
    "rules that decided too few rows",
  );
});
