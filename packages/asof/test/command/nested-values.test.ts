/** Nested values through the real command: pushed as JSON, served, trained on, written. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { assertDone, assertFailed, runAsof, temporaryFolder, writeFiles } from "./command.test.support.ts";
import { shopFiles } from "./shop.test.support.ts";

const definitions = `
import { entity, featureView, float64, int64, json, list, map, nullable, push, set, string, struct, timestamp, vector } from "asof";

const customer = entity("customer", { key: { customer_id: int64() } });
const columns = {
  labels: set(string()), counts: map(int64(), float64()), raw: json(), embedding: vector(3), seen: timestamp({ precision: "s" }),
  address: struct({ city: string(), zip: nullable(string()), lines: list(string()) }),
};
const documents = push("documents", { eventTime: "ts", columns });
export const document = featureView("document", { entities: [customer], source: documents }, columns);
`;

const row = {
  ...{ customer_id: "1", ts: "2024-01-10T00:00:00Z", labels: ["b", "a", "b"], counts: { 9007199254740993: 1.5, 2: null } },
  ...{ embedding: [1, "NaN", 0.5], seen: "2024-01-09T00:00:00.999999Z", address: { zip: null, city: "Oslo", lines: ["x", null] } },
};

test("nested values are pushed as JSON, served, trained on and refused in csv", async (t) => {
  const folder = temporaryFolder(t);
  writeFiles(folder, {
    "package.json": shopFiles["package.json"] ?? "",
    "feature_store.yaml": shopFiles["feature_store.yaml"] ?? "",
    "features/documents.ts": definitions,
    "spine.csv": "customer_id,event_timestamp\n1,2024-01-11T00:00:00Z\n",
  });
  const run = (args: readonly string[], input?: string) => runAsof(args, { cwd: folder, ...(input === undefined ? {} : { input }) });
  const push = (rows: readonly unknown[]) => run(["push", "documents", "--rows", "-"], JSON.stringify(rows));
  assertDone(await run(["apply"]));
  assertFailed(await push([{ ...row, raw: "{}", address: { zip: null, lines: [] } }]), {
    status: 2,
    code: "ASOF_VALUE_INVALID",
    says: /rows\[0\]\.address has no field "city"/,
  });
  assertDone(await push([{ ...row, raw: { a: [1] } }]));

  const expected = {
    labels: ["a", "b"],
    counts: { 2: null, 9007199254740993: 1.5 },
    raw: '{"a":[1]}',
    embedding: [1, "NaN", 0.5],
    seen: "2024-01-09T00:00:00Z",
    address: { city: "Oslo", lines: ["x", null], zip: null },
  };
  const features = Object.keys(expected).flatMap((name) => ["-f", `document:${name}`]);
  const online = JSON.parse(
    assertDone(await run(["get-online-features", ...features, "-e", "customer_id=1", "--at", "2024-01-11T00:00:00Z", "--json"])),
  );
  assert.deepEqual(online.rows, [{ document: expected }]);
  const table = assertDone(await run(["get-online-features", ...features, "-e", "customer_id=1", "--at", "2024-01-11T00:00:00Z"]));
  assert.match(table, /document:address +\{"city":"Oslo","lines":\["x",null\],"zip":null\} +PRESENT/);

  const train = (file: string) => run(["get-historical-features", ...features, "--spine", "spine.csv", "--out", join(folder, file)]);
  assertDone(await train("train.parquet"));
  assertFailed(await train("train.csv"), { status: 2, code: "ASOF_COLUMN_TYPE", says: /csv file has no form/ });
});
