import assert from "node:assert/strict";
import { test } from "node:test";
import { assertGapsNamed, runCase } from "./describe-contract.ts";

const gap = { title: "a case", why: "not built", fails: /not built/ };
const passes = async (): Promise<void> => {};
const fails = (message: string) => async (): Promise<void> => {
  throw new Error(message);
};

test("a case without a gap must pass", async () => {
  await runCase("a case", passes, null, []);
  await assert.rejects(runCase("a case", fails("wrong"), null, []), /wrong/);
  await assert.rejects(runCase("another", fails("not built"), null, [gap]), /not built/);
});

test("a case with a gap must fail as declared", async () => {
  await runCase("a case", fails("it is not built"), null, [gap]);
  await assert.rejects(runCase("a case", fails("something else"), null, [gap]));
  await assert.rejects(runCase("a case", passes, null, [gap]), /no longer fails as declared/);
});

test("a gap that names no case is an error", () => {
  assertGapsNamed({ "a case": passes }, [gap]);
  assert.throws(() => assertGapsNamed({ "another case": passes }, [gap]), /cases that do not exist/);
});
