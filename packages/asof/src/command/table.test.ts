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
