import assert from "node:assert/strict";
import { test } from "node:test";
import { int, seededRandom, times } from "@asof/testkit";
import { formatDuration, parseDuration } from "./duration.ts";

test("durations are read into microseconds; a day is 86,400 s", () => {
  assert.equal(parseDuration("1s"), 1_000_000);
  assert.equal(parseDuration("5m"), 300_000_000);
  assert.equal(parseDuration("12h"), 43_200_000_000);
  assert.equal(parseDuration("30d"), 2_592_000_000_000);
});

const refused: readonly (readonly [unknown, RegExp])[] = [
  ["0d", /it is zero/],
  ["-1d", /it is negative/],
  ["1.5d", /it has a fraction/],
  ["3mo", /no fixed length/],
  ["1y", /no fixed length/],
  ["1 d", /another form/],
  ["d", /another form/],
  ["", /another form/],
  ["1e3d", /another form/],
  ["30", /another form/],
  ["99999999999d", /longer than 285 years/],
  [30, /it is not text/],
];
for (const [text, why] of refused) {
  test(`${JSON.stringify(text)} is refused with the reason`, () => {
    assert.throws(() => Reflect.apply(parseDuration, undefined, [text]), { code: "ASOF_DURATION_INVALID", message: why });
  });
}

test("durations are printed in the largest unit that divides them, and read back", () => {
  assert.equal(formatDuration(parseDuration("24h")), "1d");
  assert.equal(formatDuration(parseDuration("36h")), "36h");
  assert.equal(formatDuration(250_000), "0.25s");
  assert.equal(formatDuration(0), "0s");
  const random = seededRandom("duration");
  for (const seconds of times(500, () => int(random, 1, 10_000_000))) {
    assert.equal(parseDuration(formatDuration(seconds * 1_000_000)), seconds * 1_000_000);
  }
});
