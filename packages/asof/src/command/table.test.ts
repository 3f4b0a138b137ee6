import assert from "node:assert/strict";
import { test } from "node:test";
import { printTable } from "./table.ts";

test("columns are as wide as their widest cell; numbers align right", () => {
  const table = printTable(
    ["NAME", "ROWS"],
    [
      ["a", "1,000"],
      ["bcdef", "7"],
    ],
  );
  assert.equal(table, ["NAME    ROWS", "a      1,000", "bcdef      7"].join("\n"));
});

test("a cell stays in its line and does not speak to the terminal", () => {
  const table = printTable(["NAME", "VALUE"], [["two\nlines\tand", "\u001b[31mred\u007f\u0085"]]);
  assert.equal(table.split("\n").length, 2);
  assert.match(table, /two\\nlines\\tand {2}\\x1b\[31mred\\x7f\\x85/);
  assert.doesNotMatch(table, /(?!\n)\p{Cc}/u);
});

const versions = [
  ["churn_features@v0", "active", "2026-11-23T12:03:02.769Z", "6"],
  ["churn_features@v1", "pending, replaces the active one when materialized", "", "1,006"],
];
const header = ["VERSION", "STATUS", "CREATED", "FEATURES"];

test("a table that is too wide is cut behind its first column, numbers never", () => {
  assert.equal(
    printTable(header, versions, 60),
    [
      "VERSION            STATUS          CREATED          FEATURES",
      "churn_features@v0  active          2026-11-23T12:…         6",
      "churn_features@v1  pending, repl…                      1,006",
    ].join("\n"),
  );
  const whole = printTable(header, versions);
  const width = Math.max(...whole.split("\n").map((line) => line.length));
  assert.equal(printTable(header, versions, width), whole);
  for (let columns = 55; columns < width; columns++) {
    const lines = printTable(header, versions, columns).split("\n");
    assert.ok(lines.every((line) => [...line].length <= columns) && lines.some((line) => line.includes("…")), String(columns));
  }
});

test("where too little would be left, each row is a list of which nothing is cut", () => {
  assert.equal(
    printTable(header, versions, 50),
    [
      "VERSION   churn_features@v0",
      "STATUS    active",
      "CREATED   2026-11-23T12:03:02.769Z",
      "FEATURES  6",
      "",
      "VERSION   churn_features@v1",
      "STATUS    pending, replaces the active one when materialized",
      "FEATURES  1,006",
    ].join("\n"),
  );
});
