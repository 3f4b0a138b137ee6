import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock } from "./fake-clock.ts";
import { chooseWeighted, int, sample, seededRandom, shuffle, times } from "./seeded-random.ts";

test("a seed decides every number and id", () => {
  const draw = (seed: number | string) => {
    const random = seededRandom(seed);
    return [times(5, () => random.next()), random.id(), random.next()];
  };
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
  assert.equal(
    seededRandom("golden").id(),
    "460a6af16378c29ae742738359b8155c",
    "the generator changed: every recorded seed now means another case",
  );
});

test("numbers are spread evenly over [0, 1) and ids have 32 hexadecimal digits", () => {
  const random = seededRandom(1);
  const buckets = Array.from({ length: 10 }, () => 0);
  for (const x of times(20_000, () => random.next())) {
    assert.ok(x >= 0 && x < 1);
    buckets[Math.floor(x * 10)] = (buckets[Math.floor(x * 10)] ?? 0) + 1;
  }
  for (const count of buckets) assert.ok(Math.abs(count - 2000) < 200, `uneven: ${buckets}`);
  assert.match(random.id(), /^[0-9a-f]{32}$/);
});

test("int covers both ends, shuffle keeps the elements, sample never repeats", () => {
  const random = seededRandom(2);
  assert.deepEqual(new Set(times(200, () => int(random, -1, 1))), new Set([-1, 0, 1]));
  const list = times(20, (i) => i);
  const shuffled = shuffle(random, list);
  assert.notDeepEqual(shuffled, list);
  assert.deepEqual(
    shuffled.toSorted((a, b) => a - b),
    list,
  );
  assert.equal(new Set(sample(random, list, 7)).size, 7);
  assert.equal(sample(random, [1, 2], 5).length, 2);
});

test("chooseWeighted follows the weights", () => {
  const random = seededRandom(3);
  const drawn = times(2_000, () =>
    chooseWeighted(random, [
      [9, "often"],
      [1, "rare"],
      [0, "never"],
    ] as const),
  );
  const rare = drawn.filter((x) => x === "rare").length;
  assert.ok(rare > 120 && rare < 300, `${rare} of 2000`);
  assert.ok(!drawn.includes("never"));
});

test("the fake clock moves only when told", () => {
  const clock = fakeClock(1_000);
  assert.equal(clock.nowUs(), 1_000);
  clock.advance(5);
  assert.equal(clock.nowUs(), 1_005);
  clock.set(-3);
  assert.equal(clock.nowUs(), -3);
});
