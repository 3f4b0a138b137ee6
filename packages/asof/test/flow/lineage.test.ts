/** Lineage of what a definition leaves to the registry: versions, all features of a view, views of other projects. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  csv,
  entity,
  featureService,
  featureView,
  findLineageNodes,
  float64,
  from,
  int64,
  type LineageDirection,
  loadLineage,
  requestView,
  string,
  sum,
  walkLineage,
} from "@asof/core";
import { type Process, Project } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const orders = csv("orders", { path: "orders.csv", eventTime: "ts", columns: { amount: float64(), kind: string() } });
const options = { entities: [user], source: orders, shared: true };
const activityOf = (window: "7d" | "14d") =>
  featureView("activity", options, { spent: sum("amount", { window, where: (o) => o.kind.eq("paid") }), all: sum("amount") });
const activity = activityOf("7d");

/** The columns and features that are reached, in code-point order. */
async function reached({ session }: Process, asked: string, direction: LineageDirection): Promise<readonly string[]> {
  const { registry } = session.runtime;
  const graph = await loadLineage(registry, await session.registry(true), asked);
  const walk = walkLineage(graph, findLineageNodes(graph, asked), direction, { depth: null, level: "columns" });
  return walk.nodes.flatMap(({ node, depth }) => (depth === 0 ? [] : [node])).sort();
}

test("a version that is the registered definition is connected with its source and with what refers to it", async () => {
  await using project = new Project();
  const shop = await project.process();
  const usersOf = (view: typeof activity) => ({
    pinned: featureService("pinned", [view.version(0)]),
    ratio: requestView("ratio", { inputs: [view.version(0, { spent: float64() })] }, { share: float64() }, () => ({ share: 1 })),
  });
  await project.apply(shop, { activity, ...usersOf(activity) });
  const before = ["feature:activity@v0.all", "feature:activity@v0.spent", "source:orders.amount", "source:orders.kind"];
  assert.deepEqual(await reached(shop, "pinned", "up"), before);
  assert.deepEqual(await reached(shop, "orders.kind", "down"), [
    "feature:activity.spent",
    "feature:activity@v0.spent",
    "feature:ratio.share",
    "service:pinned",
  ]);
  assert.deepEqual(await reached(shop, "activity@v0:all", "down"), ["service:pinned"]);
  // Another version takes its place as the registered one: nothing changes for what refers to the first.
  const longer = activityOf("14d");
  await project.apply(shop, { activity: longer, ...usersOf(longer) });
  assert.deepEqual(await reached(shop, "pinned", "up"), before);
  // Nothing refers to it by its number.
  assert.deepEqual(await reached(shop, "activity@v1", "up"), ["source:orders.amount", "source:orders.kind"]);
  assert.deepEqual(await reached(shop, "activity@v1:all", "up"), ["source:orders.amount"]);
  await assert.rejects(reached(shop, "activity@v2", "up"), { code: "ASOF_OBJECT_UNKNOWN" });
});

test("what one project makes of another's view is seen from both", async () => {
  await using project = new Project();
  const growth = await project.process("growth");
  const ads = await project.process("ads");
  const other = await project.process("other");
  await project.apply(growth, { activity, own: featureService("own", [activity.pick("all")]) });
  const picked = requestView("picked", { inputs: [from("growth", activity).pick("all")] }, { share: float64() }, () => ({ share: 1 }));
  await project.apply(ads, { picked, ranking: featureService("ranking", [from("growth", activity), picked]) });
  await project.apply(other, { activity, own: featureService("own", [activity]) });
  assert.deepEqual(await reached(ads, "picked", "up"), ["feature:growth/activity.all", "source:growth/orders.amount"]);
  assert.deepEqual(await reached(ads, "ranking", "up"), [
    "feature:growth/activity.all",
    "feature:growth/activity.spent",
    "feature:picked.share",
    "source:growth/orders.amount",
    "source:growth/orders.kind",
  ]);
  assert.deepEqual(await reached(ads, "growth/activity:spent", "down"), ["service:ranking"]);
  assert.deepEqual(await reached(growth, "activity:spent", "down"), ["service:ads/ranking"]);
  assert.deepEqual(await reached(growth, "activity:all", "down"), ["feature:ads/picked.share", "service:ads/ranking", "service:own"]);
  assert.deepEqual(await reached(other, "activity:all", "down"), ["service:own"], "it shares nothing with the others");
});
