import assert from "node:assert/strict";
import { test } from "node:test";
import { countLabelDecisions, labelDecisionsMin } from "../run/labels-suite.ts";

test("the run of labels catches every planted bug", (t) => {
  const counts = countLabelDecisions();
  for (const { name, rule, outcomes } of counts) t.diagnostic(`${String(outcomes).padStart(7)} outcomes  ${rule} (${name})`);
  assert.deepEqual(
    counts.filter((c) => c.outcomes < labelDecisionsMin).map((c) => `${c.name}: ${c.outcomes}`),
    [],
    "rules that decided too few outcomes",
  );
});
