/** Training sets that are asked for without a spine, written in parts, and with labels, by the real command. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { assertDone, assertFailed, runAsof, temporaryFolder } from "./command.test.support.ts";
import { writeShop } from "./shop.test.support.ts";

const retrieve = "get-historical-features";

describe("rows that the history tells", () => {
  const shop = writeShop(temporaryFolder({ after }));
  const run = (...args: string[]) => runAsof([retrieve, ...args], { cwd: shop });
  const json = async (...args: string[]) => JSON.parse(assertDone(await run(...args, "--json")));

  test("--between prints a row for every change", async () => {
    const { rows } = await json("-f", "activity:spend_1d", "--between", "2024-01-10T08:00:00Z", "2024-01-10T09:31:00Z");
    assert.deepEqual(rows, [
      { customer_id: "1", event_timestamp: "2024-01-10T08:00:00.000001Z", spend_1d: 10 },
      { customer_id: "1", event_timestamp: "2024-01-10T09:30:00.000001Z", spend_1d: 12.5 },
    ]);
  });

  test("--latest-as-of prints a row for every key", async () => {
    const { rows } = await json("-f", "profile:tier", "--latest-as-of", "2024-01-05");
    assert.deepEqual(
      rows.map((row: Record<string, unknown>) => [row.customer_id, row.tier]),
      [
        ["1", "basic"],
        ["2", "basic"],
        ["9007199254740993", "gold"],
      ],
    );
    assert.match(assertDone(await run("-f", "profile:tier", "--latest-as-of", "2024-01-05", "--sql")), /-- made by SELECT DISTINCT/);
  });

  test("they do not go with each other, with a spine, or with request fields", async () => {
    const both = ["-f", "profile:tier", "--between", "2024-01-01", "2024-01-02", "--latest-as-of", "2024-01-05"];
    assertFailed(await run(...both), { status: 2, code: "ASOF_USAGE", says: /More than one spine/ });
    assertFailed(await run("-f", "profile:tier", "--between", "2024-01-01"), { status: 2, code: "ASOF_USAGE", says: /takes two times/ });
    const backwards = await run("-f", "profile:tier", "--between", "2024-01-02", "2024-01-01");
    assertFailed(backwards, { status: 2, code: "ASOF_REQUEST_INVALID", says: /No instant lies between/ });
    const fields = await run("-s", "everything", "--latest-as-of", "2024-01-05");
    assertFailed(fields, { status: 2, code: "ASOF_REQUEST_INVALID", says: /"amount" is a request field/ });
  });
});
