import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { CsvFormat } from "@asof/core";
import { csvSource, int64, plainJoin, planOf, secondUs, string, timestamp } from "../test/support/models.ts";
import { openTestStore, retrieveRows } from "../test/support/store.ts";

interface Quoting {
  readonly text: string;
  readonly format?: Partial<CsvFormat>;
  readonly value: string;
}

const quotings: Readonly<Record<string, Quoting>> = {
  "as in RFC 4180": { text: `"a ""b"", c"`, value: `a "b", c` },
  "apostrophes belong to the value": { text: "'a'", value: "'a'" },
  "a # starts no comment": { text: "#a", value: "#a" },
  "in apostrophes": { text: "'a, ''b'''", format: { quote: "'" }, value: "a, 'b'" },
  "with backslashes": { text: String.raw`"a \"b\", c"`, format: { escape: "\\" }, value: `a "b", c` },
  "not at all": { text: `"a"`, format: { quote: "" }, value: `"a"` },
};

const spine = {
  kind: "rows",
  columns: [
    { name: "id", type: int64 },
    { name: "event_timestamp", type: timestamp },
  ],
  rows: [[1n, 1_710_072_000 * secondUs]],
} as const;

describe("csv is quoted as declared", () => {
  for (const [name, { text, format, value }] of Object.entries(quotings)) {
    test(name, async () => {
      await using fixture = await openTestStore();
      await writeFile(join(fixture.folder, "s.csv"), `id,ts,x\n1,2024-03-10T12:00:00Z,${text}\n`);
      const source = csvSource("s.csv", { columns: { x: string }, ...format });
      const use = plainJoin({ keys: { id: int64 }, source, features: { x: string } });
      const [row] = await retrieveRows(fixture.store, planOf([use]), spine);
      assert.equal(row?.x, value);
    });
  }
});

test("csv that is quoted in another way is refused with what to declare", async () => {
  await using fixture = await openTestStore();
  await writeFile(
    join(fixture.folder, "s.csv"),
    String.raw`id,ts,x
1,2024-03-10T12:00:00Z,"a \"b\", c"
`,
  );
  const use = plainJoin({ keys: { id: int64 }, source: csvSource("s.csv", { columns: { x: string } }), features: { x: string } });
  await assert.rejects(retrieveRows(fixture.store, planOf([use]), spine), {
    code: "ASOF_SOURCE_UNREADABLE",
    message: /Source "source" \(s\.csv\) cannot be read/,
    fix: /quote, escape/,
  });
});
