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

describe("csv is quoted as declared", () => {
  for (const [name, { text, format, value }] of Object.entries(quotings)) {
    test(name, async () => {
      await using fixture = await openTestStore();
      await writeFile(join(fixture.folder, "s.csv"), `id,ts,x\n1,2024-03-10T12:00:00Z,${text}\n`);
      const source = csvSource("s.csv", { columns: { x: string }, ...format });
      const use = plainJoin({ keys: { id: int64 }, source, features: { x: string } });
      const columns = [
        { name: "id", type: int64 },
        { name: "event_timestamp", type: timestamp },
      ];
      const spine = { kind: "rows", columns, rows: [[1n, 1_710_072_000 * secondUs]] } as const;
      const [row] = await retrieveRows(fixture.store, planOf([use]), spine);
      assert.equal(row?.x, value);
    });
  }
});
