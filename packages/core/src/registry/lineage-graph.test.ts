import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findLineageNodes, lineageGraph, objectOf, walkLineage } from "./lineage-graph.ts";

const edge = (from: string, to: string) => ({ from, to });

const shop = lineageGraph(
  [
    edge("source:orders.spend", "feature:totals.spent"),
    edge("source:orders.at", "feature:totals.n"),
    edge("source:profiles.tier", "feature:profile.tier"),
    edge("feature:totals.spent", "feature:ratio.share"),
    edge("request:ratio.amount", "feature:ratio.share"),
    edge("feature:ratio.share", "service:churn"),
    edge("feature:profile.tier", "service:churn"),
    edge("service:churn", "training_set:/data/train.parquet"),
    edge("feature:ratio.share", "training_set:/data/train.parquet"),
  ],
  ["source:orders", "service:empty", "source:profiles.odd.name"],
);

const all = { depth: null, level: "columns" } as const;
const nodesOf = (walk: { readonly nodes: readonly { readonly node: string; readonly depth: number }[] }) =>
  walk.nodes.map(({ node, depth }) => `${depth} ${node}`);

describe("walking lineage", () => {
  test("goes up to what a feature was made from, with depths and edges, and down to what was made from it", () => {
    const up = walkLineage(shop, ["feature:ratio.share"], "up", all);
    assert.deepEqual(nodesOf(up), ["0 feature:ratio.share", "1 feature:totals.spent", "1 request:ratio.amount", "2 source:orders.spend"]);
    assert.deepEqual(up.edges.at(-1), { from: "source:orders.spend", to: "feature:totals.spent" });
    assert.deepEqual(nodesOf(walkLineage(shop, ["source:orders.spend"], "down", all)), [
      "0 source:orders.spend",
      "1 feature:totals.spent",
      "2 feature:ratio.share",
      "3 service:churn",
      "3 training_set:/data/train.parquet",
    ]);
  });

  test("stops at a depth; 0 is the start alone", () => {
    assert.equal(walkLineage(shop, ["service:churn"], "up", { ...all, depth: 1 }).nodes.length, 3);
    assert.deepEqual(walkLineage(shop, ["service:churn"], "up", { ...all, depth: 0 }).edges, []);
  });

  test("tells objects by what the columns reach: a view's other features connect nothing", () => {
    const up = walkLineage(shop, ["feature:totals.n"], "down", { depth: null, level: "objects" });
    assert.deepEqual(nodesOf(up), ["0 view:totals"], "the count is in no service, though its view is");
    const service = walkLineage(shop, ["service:churn"], "up", { depth: null, level: "objects" });
    assert.deepEqual(nodesOf(service), [
      "0 service:churn",
      "1 view:profile",
      "1 view:ratio",
      "2 source:profiles",
      "2 request:ratio",
      "2 view:totals",
      "3 source:orders",
    ]);
  });

  test("ends in a graph with cycles, each edge once", () => {
    const ring = lineageGraph([edge("feature:a.x", "feature:b.x"), edge("feature:b.x", "feature:a.x"), edge("feature:a.x", "feature:a.x")]);
    const walk = walkLineage(ring, ["feature:a.x"], "down", all);
    assert.deepEqual(nodesOf(walk), ["0 feature:a.x", "1 feature:b.x"]);
    assert.equal(walk.edges.length, 3);
  });

  test("walks a graph of 40,000 edges in one go", { timeout: 60_000 }, () => {
    const edges = Array.from({ length: 20_000 }, (_, i) => [
      edge(`source:s.c${i}`, `feature:v${i % 1000}.f${i}`),
      edge(`feature:v${i % 1000}.f${i}`, `service:s${i % 50}`),
    ]).flat();
    const graph = lineageGraph(edges);
    assert.equal(walkLineage(graph, findLineageNodes(graph, "s"), "down", { depth: null, level: "objects" }).nodes.length, 1_051);
  });
});

describe("finding nodes", () => {
  test("by the names that people use", () => {
    assert.deepEqual(findLineageNodes(shop, "feature:totals.spent"), ["feature:totals.spent"]);
    assert.deepEqual(findLineageNodes(shop, "totals:spent"), ["feature:totals.spent"]);
    assert.deepEqual(findLineageNodes(shop, "totals"), ["feature:totals.n", "feature:totals.spent"]);
    assert.deepEqual(findLineageNodes(shop, "view:totals"), ["feature:totals.n", "feature:totals.spent"]);
    assert.deepEqual(findLineageNodes(shop, "orders.spend"), ["source:orders.spend"]);
    assert.deepEqual(findLineageNodes(shop, "orders"), ["source:orders", "source:orders.at", "source:orders.spend"]);
    assert.deepEqual(findLineageNodes(shop, "profiles.odd.name"), ["source:profiles.odd.name"]);
    assert.deepEqual(findLineageNodes(shop, "empty"), ["service:empty"]);
    assert.deepEqual(findLineageNodes(shop, "train.parquet"), ["training_set:/data/train.parquet"]);
    assert.deepEqual(findLineageNodes(shop, "ratio"), ["feature:ratio.share"]);
  });

  test("refuses what is unknown with the nearest name, and what is several things with the choices", () => {
    assert.throws(() => findLineageNodes(shop, "totals:spnt"), { code: "ASOF_OBJECT_UNKNOWN", message: /Did you mean "totals:spent"\?/ });
    const both = lineageGraph([edge("source:x.a", "feature:x.a")]);
    assert.throws(() => findLineageNodes(both, "x"), { code: "ASOF_OBJECT_UNKNOWN", message: /may be source:x or view:x/ });
  });

  test("names of objects and of columns may hold points: the longest known name is the object's", () => {
    const edges = [
      edge("source:a.b.c.d", "feature:v.1.f.g"),
      edge("source:z.y.x", "feature:w.f"),
      edge("feature:v.1@v2.f.g", "label:l.1.churned"),
    ];
    const graph = lineageGraph(edges, ["source:a.b"], {
      sources: new Set(["a", "a.b"]),
      views: new Set(["v.1"]),
      labels: new Set(["l.1"]),
    });
    assert.deepEqual(
      [...graph.nodes].map((node) => objectOf(graph, node)),
      ["source:a.b", "source:a.b", "view:v.1", "source:z", "view:w", "view:v.1@v2", "label:l.1"],
    );
    assert.deepEqual(findLineageNodes(graph, "v.1:f.g"), ["feature:v.1.f.g"]);
    assert.deepEqual(findLineageNodes(graph, "v.1@v2"), ["feature:v.1@v2.f.g"]);
    assert.deepEqual(findLineageNodes(graph, "l.1:churned"), ["label:l.1.churned"]);
    assert.deepEqual(findLineageNodes(graph, "a.b"), ["source:a.b", "source:a.b.c.d"]);
  });
});
