import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { int, seededRandom, times } from "@asof/testkit";
import { civilFromDays, dateToDays, daysToDate, floorTo, formatInstant, instantToDays, parseInstant } from "./time.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const random = seededRandom("time");

describe("parseInstant", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["1970-01-01", 0],
    ["1970-01-01T00:00:00Z", 0],
    ["1970-01-01 00:00:01", 1_000_000],
    ["1970-01-01T00:01", 60_000_000],
    ["1970-01-01T02:00:00+02:00", 0],
    ["1970-01-01T02:00:00+0200", 0],
    ["1969-12-31T19:00:00-05", 0],
    ["1970-01-01T00:00:00 UTC", 0],
    ["1970-01-01t00:00:00,5z", 500_000],
    ["1970-01-01T00:00:00.000001999Z", 1],
    ["1969-12-31T23:59:59.999999001Z", -1],
    ["1969-12-31T23:59:59.9999990001Z", -1],
    ["1969-12-31T23:59:59.999998999Z", -2],
    ["2024-02-29T12:00:00Z", 1_709_208_000_000_000],
    ["2255-06-05T23:47:34.740991Z", MAX],
    ["1684-07-28T00:12:25.259009Z", -MAX],
  ];
  for (const [text, us] of cases) test(`reads ${text}`, () => assert.equal(parseInstant(text), us));

  test("reads dates in milliseconds and numbers in microseconds, floored toward −∞", () => {
    assert.equal(parseInstant(new Date(-1)), -1000);
    assert.equal(parseInstant(-1.5), -2);
    assert.equal(parseInstant(1.999), 1);
    assert.ok(Object.is(parseInstant(-0), 0));
  });

  const refused: readonly unknown[] = [
    "",
    "2024",
    "2024-02-30",
    "2023-02-29",
    "2024-13-01",
    "2024-01-01T24:00:00Z",
    "2024-01-01T00:60:00Z",
    "2024-01-01T23:59:60Z",
    "2024-01-01T00:00:00+24:00",
    "2024-01-01T00:00:00 Europe/Berlin",
    "2024-01-01 ",
    "now",
    "2255-06-06",
    "1684-07-27",
    "9999-12-31",
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    new Date(Number.NaN),
    null,
    1n,
  ];
  for (const value of refused) {
    test(`refuses ${String(value)}`, () => {
      assert.throws(() => Reflect.apply(parseInstant, undefined, [value]), { code: "ASOF_TIME_INVALID", message: /ISO 8601/ });
    });
  }

  test("reads what formatInstant prints, and floors every finer digit, over the whole range", () => {
    for (const us of times(2000, () => int(random, -MAX, MAX))) {
      const text = formatInstant(us);
      assert.equal(parseInstant(text), us, text);
      const second = floorTo(us, 1_000_000);
      const digits = `${String(us - second).padStart(6, "0")}${int(random, 0, 999)}`;
      assert.equal(parseInstant(formatInstant(second).replace("Z", `.${digits}Z`)), us, digits);
    }
  });
});

describe("formatInstant", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "1970-01-01T00:00:00Z"],
    [-1, "1969-12-31T23:59:59.999999Z"],
    [1500, "1970-01-01T00:00:00.001500Z"],
    [1_500_000, "1970-01-01T00:00:01.500Z"],
    [-86_400_000_000, "1969-12-31T00:00:00Z"],
  ];
  for (const [us, text] of cases) test(text, () => assert.equal(formatInstant(us), text));

  test("agrees with Date on whole milliseconds", () => {
    for (const ms of times(1000, () => int(random, -9e12, 9e12))) {
      assert.equal(formatInstant(ms * 1000).replace(/:(\d\d)Z/, ":$1.000Z"), new Date(ms).toISOString());
    }
  });
});

test("floorTo goes toward −∞", () => {
  assert.equal(floorTo(-1, 10), -10);
  assert.equal(floorTo(-10, 10), -10);
  assert.equal(floorTo(9, 10), 0);
  assert.ok(Object.is(floorTo(-0, 10), 0));
  for (const us of times(1000, () => int(random, -MAX / 2, MAX / 2))) {
    const step = int(random, 1, 86_400_000_000);
    const floor = floorTo(us, step);
    assert.equal(Math.abs(floor % step), 0);
    assert.ok(floor <= us && us < floor + step, `${us} ${step}`);
  }
});

describe("dates", () => {
  test("days and dates are inverse for every day of the years 1 to 9999, one after the other", () => {
    const first = dateToDays("0001-01-01") ?? 0;
    const last = dateToDays("9999-12-31") ?? 0;
    assert.equal(first, -719_162);
    assert.equal(last - first, 3_652_058);
    let previous = "";
    for (let days = first; days <= last; days += 1) {
      const date = daysToDate(days);
      assert.ok(date > previous, `${date} after ${previous}`);
      previous = date;
      if (days % 97 === 0) assert.equal(dateToDays(date), days);
    }
    assert.equal(previous, "9999-12-31");
  });

  test("agree with Date", () => {
    for (const days of times(1000, () => int(random, -700_000, 2_900_000))) {
      const { year, month, day } = civilFromDays(days);
      const date = new Date(days * 86_400_000);
      assert.deepEqual([year, month, day], [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]);
    }
  });

  test("that do not exist are null", () => {
    for (const date of ["2023-02-29", "1900-02-29", "2024-00-01", "2024-01-00", "2024-04-31", "0000-01-01", "24-01-01", "2024-1-01", "x"])
      assert.equal(dateToDays(date), null, date);
    assert.notEqual(dateToDays("2000-02-29"), null);
  });

  test("of an instant are floored", () => {
    assert.equal(instantToDays(-1), -1);
    assert.equal(instantToDays(86_399_999_999), 0);
  });
});
