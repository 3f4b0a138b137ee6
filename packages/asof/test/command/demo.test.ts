/** `asof demo`: the main job from definitions to a proof, and that the proof can fail. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { assertDone, assertFailed, runAsof, startAsof, temporaryFolder } from "./command.test.support.ts";

describe("the demo", { concurrency: 2 }, () => {
  test("trains on history, serves, and finds both equal", async (t) => {
    const cwd = temporaryFolder(t);
    const ended = await runAsof(["demo", "--json"], { cwd });
    const { trainingRows, models, parity } = JSON.parse(assertDone(ended));
    assert.equal(trainingRows, 23_301);
    // 1,000 customers × 27 features × 3 instants.
    assert.deepEqual([parity.compared, parity.mismatches], [81_000, []]);
    assert.ok(parity.identical > 70_000);
    // A leak flatters offline and disappoints where the future is not known yet.
    assert.ok(models.pointInTime.auc > 0.85 && models.leakyOffline.auc > 0.99);
    assert.ok(models.leakyServed.auc < models.pointInTime.auc - 0.03);
    assert.ok(models.leakyServed.brier > models.pointInTime.brier);
    for (const { predicted, actual } of models.pointInTime.calibration) assert.ok(Math.abs(predicted - actual) < 0.03);
  });

  test("fails with a feature that was broken on purpose, and names it", async (t) => {
    const cwd = temporaryFolder(t);
    const ended = await runAsof(["demo", "--inject-skew"], { cwd });
    assertFailed(ended, {
      status: 4,
      code: "ASOF_PARITY_BROKEN",
      says: /served values differ from training, in behavioral_features:coupons_90d/,
    });
    assert.match(ended.stdout, /mismatches [1-9][\d,]* of 81,000/);
    assert.doesNotMatch(ended.stdout, /Done/);
  });

  test("leaves nothing behind when it is ended", async (t) => {
    const folder = temporaryFolder(t);
    const running = startAsof(["demo"], { cwd: folder, environment: { TMPDIR: folder } });
    await new Promise((seen) => running.child.stdout?.once("data", seen));
    running.child.kill("SIGINT");
    assertFailed(await running.ended, { status: 130, code: "ASOF_INTERRUPTED" });
    // Node keeps compiled code in a folder of its own there, shared by all programs.
    assert.deepEqual(
      readdirSync(folder).filter((name) => name !== "node-compile-cache"),
      [],
    );
  });
});
