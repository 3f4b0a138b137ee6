import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { avg, count, derive, distinctCount, first, firstN, last, lastN, max, min, stddev, sum, variance } from "./aggregates.ts";
import { collectDefinitions } from "./collect.ts";
import { isDefinition, issuesOf, modelOf, referenceOf } from "./definition.ts";
import { entity } from "./entity.ts";
import { featureView } from "./feature-view.ts";
import { list } from "./nested-types.ts";
import { attachPayload } from "./payload.ts";
import { requestView } from "./request-view.ts";
import { featureService } from "./service.ts";
import { csv, kafka, parquet, push, sql } from "./source.ts";
import {
  bool,
  bytes,
  date,
  decimal,
  float32,
  float64,
  int32,
  int64,
  nullable,
  string,
  timestamp,
  uuid,
  valuePayload,
} from "./value-types.ts";

const day = 86_400_000_000;
const customer = entity("customer", { key: { customer_id: int64({ as: "number" }) }, owner: "growth" });
const columns = {
  spend: float64(),
  items: int64({ as: "number" }),
  big: int64(),
  stores: int32(),
  plan: string(),
  price: decimal(10, 2),
  used: bool(),
  tags: list(string()),
  discount: nullable(float64()),
};
const baskets = parquet("baskets", { path: "data/baskets.parquet", eventTime: "at", columns });

describe("value types", () => {
  test("each has its plain data", () => {
    const types = [bool(), int32(), int64(), float32(), float64(), string(), bytes(), timestamp(), date(), uuid()];
    assert.deepEqual(
      types.map((t) => valuePayload(t)?.type.kind),
      ["bool", "int32", "int64", "float32", "float64", "string", "bytes", "timestamp", "date", "uuid"],
    );
    assert.deepEqual(valuePayload(int64())?.type, { kind: "int64", as: "bigint" });
    assert.deepEqual(valuePayload(int64({ as: "number" }))?.type, { kind: "int64", as: "number" });
    assert.deepEqual(valuePayload(decimal(12, 2))?.type, { kind: "decimal", precision: 12, scale: 2 });
    assert.deepEqual(valuePayload(list(date()))?.type, { kind: "list", of: { kind: "date" } });
    assert.equal(valuePayload(float64())?.nullable, false);
    assert.equal(valuePayload(nullable(float64()))?.nullable, true);
  });

  test("they carry metadata, through nullable too", () => {
    assert.deepEqual(valuePayload(float64({ owner: "a", description: "b", tags: { c: "d" } }))?.meta, {
      owner: "a",
      description: "b",
      tags: { c: "d" },
    });
    assert.deepEqual(valuePayload(nullable(string({ owner: "a", description: "b" }), { description: "c" }))?.meta, {
      owner: "a",
      description: "c",
    });
  });

  test("they are frozen and print as nothing but their kind", () => {
    const type = float64();
    assert.ok(Object.isFrozen(type));
    assert.equal(JSON.stringify(type), '{"kind":"type"}');
  });
});

describe("entities and sources", () => {
  test("an entity's keys keep their order", () => {
    const pair = entity("pair", { key: { b: string(), a: int32() }, description: "d", tags: { x: "y" } });
    assert.deepEqual(modelOf(pair), {
      kind: "entity",
      name: "pair",
      keys: [
        { name: "b", type: { kind: "string" }, nullable: false, meta: {} },
        { name: "a", type: { kind: "int32" }, nullable: false, meta: {} },
      ],
      meta: { description: "d", tags: { x: "y" } },
    });
    assert.ok(Object.isFrozen(modelOf(pair)));
  });

  test("parquet, with everything", () => {
    const source = parquet("s", {
      path: ["a.parquet", "b/*.parquet"],
      hive: true,
      eventTime: "at",
      createdTime: "made",
      eventId: "id",
      columns: { spend: nullable(float64({ description: "USD" })) },
      mapping: { spend: "SPEND", at: "at" },
      stream: kafka({ topic: "t", options: { "group.id": "g" } }),
      owner: "o",
    });
    assert.deepEqual(modelOf(source), {
      kind: "source",
      type: "parquet",
      name: "s",
      paths: ["a.parquet", "b/*.parquet"],
      hive: true,
      csv: null,
      eventTime: "at",
      createdTime: "made",
      eventId: "id",
      columns: [{ name: "spend", type: { kind: "float64" }, nullable: true, meta: { description: "USD" } }],
      // A mapping to the same name says nothing.
      mapping: { spend: "SPEND" },
      stream: { type: "kafka", topic: "t", options: { "group.id": "g" } },
      meta: { owner: "o" },
    });
    assert.deepEqual(issuesOf(source), []);
  });

  test("csv, sql and a static dimension", () => {
    const file = modelOf(csv("c", { path: "c.csv", columns: { a: string() }, delimiter: ";", nullText: "NA" }));
    assert.equal(file.type, "csv");
    assert.deepEqual("csv" in file ? file.csv : null, { delimiter: ";", header: true, nullText: "NA", quote: '"', escape: '"' });
    assert.equal(file.eventTime, null);
    const query = modelOf(sql("q", { query: "select 1", eventTime: "at", columns: { a: string() } }));
    assert.equal("query" in query ? query.query : "", "select 1");
  });

  test("a push source has columns of its own, or those of its batch side", () => {
    const alone = modelOf(push("p", { eventTime: "at", eventId: "id", columns: { a: string() } }));
    assert.equal(alone.type === "push" ? alone.batch : "", null);
    assert.equal(alone.eventId, "id");
    const both = push("clicks", { batch: baskets, description: "live" });
    const model = modelOf(both);
    assert.equal(model.type === "push" ? model.batch : "", modelOf(baskets));
    assert.equal(model.eventTime, "at");
    assert.deepEqual(model.columns, modelOf(baskets).columns);
    assert.deepEqual(
      collectDefinitions([{ both }], "p").sources.map((s) => s.name),
      ["clicks", "baskets"],
    );
    // The columns are known to expressions, too.
    assert.deepEqual(
      issuesOf(featureView("v", { source: both }, { x: sum("spend", { window: "7d" }), y: count({ where: (b) => b.used }) })),
      [],
    );
  });
});

describe("feature views", () => {
  test("ttl: null means unbounded, like leaving it out", () => {
    const view = featureView("plain", { entities: [customer], source: baskets, ttl: null }, { spend: float64() });
    assert.deepEqual(issuesOf(view), []);
    assert.deepEqual(modelOf(view), modelOf(featureView("plain", { entities: [customer], source: baskets }, { spend: float64() })));
  });

  test("plain: columns and derived features, in order", () => {
    const view = featureView(
      "plain",
      { entities: [customer], source: baskets, ttl: "30d", owner: "o" },
      { spend: float64({ description: "USD" }), per_item: derive((b) => b.spend.div(b.items), { tags: { a: "b" } }) },
    );
    const model = modelOf(view);
    assert.ok(model.form === "plain");
    assert.equal(model.ttlUs, 30 * day);
    assert.equal(model.source, modelOf(baskets));
    assert.deepEqual(model.entities, [modelOf(customer)]);
    assert.deepEqual(model.features, [
      { kind: "column", name: "spend", type: { kind: "float64" }, nullable: true, meta: { description: "USD" } },
      {
        kind: "derived",
        name: "per_item",
        type: { kind: "float64" },
        nullable: true,
        meta: { tags: { a: "b" } },
        expression: {
          node: "call",
          op: "div",
          type: { kind: "float64" },
          args: [
            { node: "column", name: "spend", type: { kind: "float64" } },
            {
              node: "call",
              op: "cast",
              type: { kind: "float64" },
              args: [{ node: "column", name: "items", type: { kind: "int64", as: "number" } }],
            },
          ],
        },
      },
    ]);
    assert.deepEqual(model.meta, { owner: "o" });
    assert.ok(Object.isFrozen(model) && Object.isFrozen(model.features) && Object.isFrozen(model.features[0]));
  });

  test("windowed: every function, its parameters and the type of its values", () => {
    const view = featureView(
      "windowed",
      { entities: [customer], source: baskets },
      {
        count: count({ window: "7d" }),
        sum_float: sum("spend"),
        sum_int32: sum("stores"),
        sum_int64: sum("big"),
        sum_number: sum("items"),
        sum_decimal: sum("price"),
        avg: avg("big"),
        min: min("plan"),
        max: max("price"),
        variance: variance("spend"),
        stddev: stddev("spend", { population: true }),
        first: first("tags"),
        last: last("used"),
        firstN: firstN("plan", 2),
        lastN: lastN("big", 3, { window: "30d" }),
        distinct: distinctCount("plan"),
        bounded: distinctCount("plan", { bound: 5 }),
      },
    );
    const model = modelOf(view);
    assert.ok(model.form === "windowed");
    assert.equal(model.separableUs, 120_000_000);
    const number = { kind: "int64", as: "number" };
    assert.deepEqual(
      model.features.map((f) => (f.kind === "aggregate" ? [f.name, f.aggregate.function, f.type] : [])),
      [
        ["count", { fn: "count" }, number],
        ["sum_float", { fn: "sum" }, { kind: "float64" }],
        ["sum_int32", { fn: "sum" }, number],
        ["sum_int64", { fn: "sum" }, { kind: "int64", as: "bigint" }],
        ["sum_number", { fn: "sum" }, number],
        ["sum_decimal", { fn: "sum" }, { kind: "decimal", precision: 38, scale: 2 }],
        ["avg", { fn: "avg" }, { kind: "float64" }],
        ["min", { fn: "min" }, { kind: "string" }],
        ["max", { fn: "max" }, { kind: "decimal", precision: 10, scale: 2 }],
        ["variance", { fn: "variance", population: false }, { kind: "float64" }],
        ["stddev", { fn: "stddev", population: true }, { kind: "float64" }],
        ["first", { fn: "first" }, { kind: "list", of: { kind: "string" } }],
        ["last", { fn: "last" }, { kind: "bool" }],
        ["firstN", { fn: "firstN", n: 2 }, { kind: "list", of: { kind: "string" } }],
        ["lastN", { fn: "lastN", n: 3 }, { kind: "list", of: { kind: "int64", as: "bigint" } }],
        ["distinct", { fn: "distinctCount", bound: 10_000 }, number],
        ["bounded", { fn: "distinctCount", bound: 5 }, number],
      ],
    );
    assert.deepEqual(issuesOf(view), []);
  });

  test("windows, hops and where", () => {
    const shared = sum(baskets.row.spend.times(2), { window: "1h", where: baskets.row.used.not() });
    const view = featureView("v", { source: baskets, separable: "5m" }, { a: count({ window: "90d" }), b: shared, c: count() });
    const hopped = featureView("h", { source: baskets, hop: "1m" }, { a: count({ window: "3m" }), b: count() });
    const windows = [view, hopped].map((v) =>
      modelOf(v).features.map((f) => (f.kind === "aggregate" ? [f.aggregate.windowUs, f.aggregate.hopUs] : [])),
    );
    assert.deepEqual(windows, [
      [
        [90 * day, day],
        [3_600_000_000, 300_000_000],
        [null, null],
      ],
      [
        [180_000_000, 60_000_000],
        [null, null],
      ],
    ]);
    const model = modelOf(view);
    assert.equal(model.form === "windowed" && model.separableUs, 300_000_000);
    const feature = model.features[1];
    assert.ok(feature?.kind === "aggregate");
    assert.deepEqual(feature.aggregate.where, {
      node: "call",
      op: "not",
      type: { kind: "bool" },
      args: [{ node: "column", name: "used", type: { kind: "bool" } }],
    });
    assert.deepEqual(model.form === "windowed" && model.entities, []);
  });

  test("features and columns may be called anything", () => {
    const names = { 'a "b"': float64(), order: float64(), ünï: float64(), x_y__z: float64(), "1": float64() };
    const source = parquet("s", { path: "p", eventTime: "at", columns: names });
    assert.deepEqual(issuesOf(featureView("v", { source }, names)), []);
  });
});

describe("uses of views", () => {
  const view = featureView("v", { entities: [customer], source: baskets }, { spend: float64(), plan: string() });

  test("pick, as, withKeys and maxAge add up and leave the view alone", () => {
    const use = view.pick("plan").as("other").withKeys({ customer_id: "buyer" }).maxAge("2d").maxAge("7d");
    assert.deepEqual(referenceOf(use), {
      view: modelOf(view),
      name: "other",
      features: ["plan"],
      keys: { customer_id: "buyer" },
      maxAgeUs: 2 * day,
    });
    assert.equal(use.name, "other");
    assert.equal(modelOf(use), modelOf(view));
    assert.deepEqual(referenceOf(view), { view: modelOf(view), name: "v", features: null, keys: {}, maxAgeUs: null });
    assert.deepEqual(issuesOf(use), []);
  });

  test("keys renamed twice are found under their new name", () => {
    const twice = view.withKeys({ customer_id: "buyer" }).withKeys({ buyer: "payer" });
    assert.deepEqual(referenceOf(twice).keys, { customer_id: "payer" });
    assert.deepEqual(referenceOf(twice.withKeys({ payer: "customer_id" })).keys, {});
  });

  test("a service keeps the order of its uses", () => {
    const service = featureService("churn_v1", [view.as("b"), view], { owner: "o" });
    assert.deepEqual(
      modelOf(service).views.map((v) => v.name),
      ["b", "v"],
    );
    assert.deepEqual(modelOf(service).meta, { owner: "o" });
  });
});

describe("request views", () => {
  const view = featureView("v", { entities: [customer], source: baskets }, { spend: float64() });

  test("keep inputs, fields, outputs, the function and its text", () => {
    const trend = requestView(
      "trend",
      { inputs: [view.as("w")], request: { amount: float64(), promo: nullable(string()) }, onError: "null" },
      { ratio: float64({ description: "share" }) },
      ({ w, request }) => ({ ratio: w.spend === null ? null : request.amount / w.spend }),
    );
    const model = modelOf(trend);
    assert.ok(model.form === "request");
    assert.deepEqual(
      model.inputs.map((i) => i.name),
      ["w"],
    );
    assert.deepEqual(model.request, [
      { name: "amount", type: { kind: "float64" }, nullable: false, meta: {} },
      { name: "promo", type: { kind: "string" }, nullable: true, meta: {} },
    ]);
    assert.deepEqual(model.features, [
      { kind: "computed", name: "ratio", type: { kind: "float64" }, nullable: true, meta: { description: "share" } },
    ]);
    assert.equal(model.onError, "null");
    assert.match(model.source, /w\.spend === null/);
    assert.deepEqual(model.compute?.({ w: { spend: 4 }, request: { amount: 2 }, t: 0 }), { ratio: 0.5 });
    assert.deepEqual(issuesOf(trend), []);
  });
});

describe("collecting", () => {
  test("exports and everything they refer to, each once", () => {
    const view = featureView("v", { entities: [customer], source: baskets }, { spend: float64() });
    const trend = requestView("trend", { inputs: [view] }, { a: float64() }, () => ({ a: 1 }));
    const service = featureService("s", [trend, view.pick("spend")]);
    const model = collectDefinitions(
      [
        { service, helper: () => 1, text: "x", nothing: null },
        { again: view, list: [customer] },
      ],
      "shop",
    );
    assert.equal(model.project, "shop");
    assert.deepEqual(model.entities, [modelOf(customer)]);
    assert.deepEqual(model.sources, [modelOf(baskets)]);
    assert.deepEqual(
      model.views.map((v) => v.name),
      ["trend", "v"],
    );
    assert.deepEqual(model.services, [modelOf(service)]);
    assert.deepEqual(model.issues, []);
  });

  test("definitions made by another copy of the package are recognised", async () => {
    const copy: { readonly attachPayload: typeof attachPayload } = await import(`./payload.ts?copy=${process.pid}`);
    assert.notEqual(copy.attachPayload, attachPayload);
    const payload = { of: "definition", model: modelOf(customer), reference: null, issues: [] } as const;
    const other = copy.attachPayload({ kind: "entity", name: "customer", "~keys": null } as const, payload);
    assert.ok(isDefinition(other));
    assert.equal(modelOf(other), modelOf(customer));
  });

  test("other values are no definitions", () => {
    for (const value of [null, undefined, 1, "x", {}, [], () => 1, float64(), count()]) assert.equal(isDefinition(value), false);
  });
});
