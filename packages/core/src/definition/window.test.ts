import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseDuration } from "../value/duration.ts";
import { checkWindow, defaultHopUs, tailUs } from "./window.ts";

const us = parseDuration;

describe("the hop rule", () => {
  test("hops of windows that choose none", () => {
    const cases: readonly (readonly [window: string, hop: string])[] = [
      ["2m", "10s"],
      ["59m", "10s"],
      ["3599s", "10s"],
      ["1h", "5m"],
      ["719m", "5m"],
      ["12h", "1h"],
      ["287h", "1h"],
      ["12d", "1d"],
      ["365d", "1d"],
    ];
    for (const [window, hop] of cases) assert.equal(defaultHopUs(us(window)), us(hop), window);
  });

  test("each hop divides the next", () => {
    const hops = ["10s", "5m", "1h", "1d"].map(us);
    for (const [i, hop] of hops.entries()) if (i > 0) assert.equal(hop % (hops[i - 1] ?? 1), 0);
  });

  test("a window is a multiple of its hop and at least 12 hops", () => {
    for (const sound of ["2m", "130s", "1h", "65m", "12h", "13h", "12d", "13d", "90d"])
      assert.equal(checkWindow(us(sound), null), null, sound);
    for (const wrong of ["10s", "110s", "119s", "121s", "61m", "721m", "289h"]) {
      assert.equal(checkWindow(us(wrong), null)?.code, "ASOF_WINDOW_INVALID", wrong);
    }
  });

  test("with a hop of the view's own at least one hop", () => {
    assert.equal(checkWindow(us("1m"), us("1m")), null);
    assert.equal(checkWindow(us("2s"), us("1s")), null);
    assert.equal(checkWindow(us("10d"), us("5d")), null);
    assert.match(checkWindow(us("30s"), us("1m"))?.message ?? "", /shorter than the view's hop of 1m/);
    assert.match(checkWindow(us("90s"), us("1m"))?.message ?? "", /no multiple of the view's hop, 1m/);
  });

  test("the fix names the windows around", () => {
    assert.equal(checkWindow(us("61m"), null)?.fix, 'Use "1h" or "65m", or give the view a hop that divides it.');
    assert.equal(checkWindow(us("90s"), us("1m"))?.fix, 'Use "1m" or "2m".');
    assert.match(checkWindow(us("30s"), null)?.fix ?? "", /at least "2m"/);
  });

  test("the tail moves in hops, toward minus infinity", () => {
    const [day, hour] = [us("1d"), us("1h")];
    assert.equal(tailUs(10 * day, 3 * day, day), 7 * day);
    assert.equal(tailUs(10 * day - 1, 3 * day, day), 6 * day);
    assert.equal(tailUs(10 * day + 1, 3 * day, day), 7 * day);
    assert.equal(tailUs(-1, 12 * hour, hour), -13 * hour);
    assert.equal(tailUs(0, 12 * hour, hour), -12 * hour);
  });
});
