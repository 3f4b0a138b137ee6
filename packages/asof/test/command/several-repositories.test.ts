/** Repositories of one project that apply at the same moment, as their CI does: each gets its own in, and nothing of the others is lost. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { assertDone, runAsof, temporaryFolder, writeFiles } from "./command.test.support.ts";

const names = ["ads", "app", "crm", "growth", "ops", "web"];

test("repositories that apply at the same moment all succeed", async () => {
  const folder = temporaryFolder({ after });
  writeFiles(folder, { "orders.csv": "user_id,ts,amount\n1,2024-01-04T06:00:00Z,1\n" });
  for (const name of names) {
    writeFiles(join(folder, name), {
      "feature_store.yaml": `project: shop\nrepository: ${name}\ndefinitions: features.ts\nregistry:\n  registry_type: sqlite\n  path: ../registry.db\n`,
      "package.json": '{ "type": "module" }\n',
      "features.ts": `import { csv, entity, featureView, float64, int64 } from "asof";
export const user = entity("user", { key: { user_id: int64() } });
export const orders = csv("orders", { path: "../orders.csv", eventTime: "ts", columns: { amount: float64() } });
export const view = featureView("of_${name}", { entities: [user], source: orders }, { amount: float64() });
`,
    });
  }
  const ended = await Promise.all(names.map((name) => runAsof(["apply", "--json"], { cwd: join(folder, name) })));
  assert.deepEqual(
    ended.map((one) => JSON.parse(assertDone(one)).status),
    names.map(() => "applied"),
  );
  const listed = JSON.parse(assertDone(await runAsof(["feature-views", "list", "--json"], { cwd: join(folder, "ops") })));
  assert.deepEqual(
    listed.map((view: { readonly name: string }) => view.name),
    names.map((name) => `of_${name}`),
  );
});
