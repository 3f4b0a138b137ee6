import assert from "node:assert/strict";
import { test } from "node:test";
import { generateRun } from "../generate/default-run.ts";
import { oracle } from "../oracle/oracle.ts";
import { designRules } from "../oracle/rules.ts";
import { expectCase } from "../run/ask-case.ts";
import { DecisionCounter, decisionsMin } from "../run/count-decisions.ts";
import { noticingRules } from "./noticed-bugs.ts";
import { plantedBugs } from "./planted-bugs.ts";

test("the default run catches every planted bug", (t) => {
  const counter = new DecisionCounter();
  let cases = 0;
  for (const group of generateRun()) {
    for (const one of group.cases) {
      const expectation = expectCase(one);
      assert.ok("answers" in expectation);
      counter.add(one, expectation.answers);
      cases++;
    }
  }
  for (const line of counter.print().split("\n")) t.diagnostic(line);
  t.diagnostic(`${plantedBugs.length} bugs, ${cases} cases`);
  assert.ok(plantedBugs.length >= 20);
  assert.ok(cases >= 2_000);
  assert.deepEqual(
    counter.decisions.filter((d) => d.cases === 0).map((d) => d.bug),
    [],
    "bugs that no case catches",
  );
  assert.deepEqual(
    counter.rare.map((d) => `${d.rule}: ${d.outcomes} < ${decisionsMin}`),
    [],
  );
});

test("a bug that changes nothing is not caught: the counts come from the replaced rule alone", () => {
  const counter = new DecisionCounter([{ name: "no bug", rule: "none", replaces: { ...designRules } }]);
  for (const group of generateRun({ seed: 1, cases: 100, casesPerShape: 10 })) {
    for (const one of group.cases) {
      const expectation = expectCase(one);
      if ("answers" in expectation) counter.add(one, expectation.answers);
    }
  }
  assert.equal(counter.decisions[0]?.outcomes, 0);
});

test("a bug that is not noticed changes no answer", () => {
  let skipped = 0;
  for (const group of generateRun({ seed: 2, cases: 150, casesPerShape: 5 })) {
    for (const { plan, tables, spine } of group.cases) {
      const { rules, noticed } = noticingRules(plantedBugs);
      const expected = oracle(plan, tables, spine.rows, rules);
      for (const bug of plantedBugs) {
        if (noticed.has(bug)) continue;
        skipped++;
        assert.deepEqual(oracle(plan, tables, spine.rows, { ...designRules, ...bug.replaces }), expected, bug.name);
      }
    }
  }
  assert.ok(skipped > 1_000);
});

test("every rule has a bug, and bugs have different names", () => {
  const replaced = new Set(plantedBugs.flatMap((b) => Object.keys(b.replaces)));
  const untried = Object.keys(designRules).filter((rule) => !replaced.has(rule));
  assert.deepEqual(untried, []);
  assert.equal(new Set(plantedBugs.map((b) => b.name)).size, plantedBugs.length);
});
