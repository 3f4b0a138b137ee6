import assert from "node:assert/strict";
import { test } from "node:test";
import { oracle } from "../oracle/oracle.ts";
import { readCorpus } from "./corpus.ts";

test("the oracle still answers the corpus as it did when the cases were filed", async () => {
  const corpus = await readCorpus();
  assert.ok(corpus.length >= 10);
  for (const { file, entry } of corpus) {
    assert.equal(entry.format, 1, file);
    const { plan, tables, spine } = entry.case;
    const answers = oracle(plan, tables, spine.rows).map((row) => row.map((answer) => answer.value));
    assert.deepEqual(answers, entry.expected, `${file} (${entry.title})`);
  }
});
