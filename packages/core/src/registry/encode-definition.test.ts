import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sample } from "@asof/testkit";
import type {
  EntityModel,
  FeatureModel,
  ObjectModel,
  PlainViewModel,
  PushSourceModel,
  SourceModel,
  ViewModel,
} from "../definition/model.ts";
import type { Json } from "../value/json.ts";
import { canonicalJson, equalJson } from "./canonical-json.ts";
import { decodeEntity, decodeSource, decodeView } from "./decode-definition.ts";
import { encodeDefinition } from "./encode-definition.ts";
import { decodeModels } from "./models.ts";
import { rowSchemaOf } from "./row-schema.ts";

const { activity, baskets, churn, churnService, column, customer, plainFeature, profiles, repository, trend } = sample;
const { float64, int64, int64AsNumber, string } = sample.type;

const data = (model: ObjectModel) => encodeDefinition(model).dataFingerprint;
const metadata = (model: ObjectModel) => encodeDefinition(model).metadataFingerprint;

describe("canonical JSON", () => {
  test("orders names by code point, not by UTF-16 unit, and knows no -0", () => {
    assert.equal(
      canonicalJson({ "\u{1f600}": 1, "\uffff": -0, a: [true, null, "x\n"] }),
      '{"a":[true,null,"x\\n"],"\uffff":0,"\u{1f600}":1}',
    );
  });

  test("refuses what JSON cannot hold", () => {
    assert.throws(() => canonicalJson({ a: Number.NaN }), /finite/);
    assert.throws(() => canonicalJson(JSON.parse('{"a":1}', (key, v) => (key === "a" ? Symbol.iterator : v))), /cannot hold symbol/);
  });

  test("equal data are equal whatever the order of their names", () => {
    const values: Json[] = [
      null,
      0,
      false,
      "",
      [],
      {},
      [null],
      { a: null },
      { b: null },
      { a: [1, { b: 2 }] },
      { a: [1, { b: 3 }] },
      [1, 2],
      [2, 1],
      [1],
    ];
    for (const a of values) for (const b of values) assert.equal(equalJson(a, b), canonicalJson(a) === canonicalJson(b));
    assert.ok(equalJson({ a: 1, b: [-0] }, { b: [0], a: 1 }));
    assert.equal(equalJson({ toString: 1 }, { a: 1 }), false);
  });

  test("a name such as __proto__ is a name like others", () => {
    const json = JSON.parse('{"__proto__":{"x":1},"constructor":2}');
    assert.equal(canonicalJson(json), '{"__proto__":{"x":1},"constructor":2}');
  });
});

describe("definitions in the registry", () => {
  test("every kind of object comes back as it was, a request view without its function", () => {
    const specs = { entity: new Map(), source: new Map(), feature_view: new Map(), feature_service: new Map(), label: new Map() };
    for (const model of [...repository.entities, ...repository.sources, ...repository.views, ...repository.services]) {
      const definition = encodeDefinition(model);
      if (definition.kind in specs)
        specs[definition.kind as keyof typeof specs].set(definition.name, JSON.parse(canonicalJson(definition.spec)));
    }
    const models = decodeModels(specs);
    const { compute: _compute, ...trendWithoutFunction } = trend;
    assert.deepEqual(models.entities.get("customer"), customer);
    assert.deepEqual(models.sources.get("baskets"), baskets);
    assert.deepEqual(models.sources.get("profiles"), profiles);
    assert.deepEqual(models.views.get("churn"), churn);
    assert.deepEqual(models.views.get("activity"), activity);
    assert.deepEqual(models.views.get("trend"), trendWithoutFunction);
    const service = models.services.get("churn_v1");
    assert.deepEqual({ ...service, views: service?.views.slice(0, 2) }, { ...churnService, views: churnService.views.slice(0, 2) });
    assert.equal(service?.views[2]?.view, models.views.get("trend"), "references are to the very objects");
    assert.ok(Object.isFrozen(models.views.get("churn")?.features[0]));
  });

  test("sources of every type come back as they were", () => {
    const table = { ...baskets, columns: [column("__proto__", string), column("a.b", float64)], stream: null };
    const { paths: _paths, hive: _hive, csv: _csv, ...base } = table;
    const sql: SourceModel = { ...base, type: "sql", query: "select 1" };
    const push: PushSourceModel = { ...base, name: "pushed", type: "push", batch: { ...sql, name: "inner", meta: { owner: "x" } } };
    const format = { delimiter: ";", header: false, nullText: "NA", quote: "'", escape: "\\" };
    const csv: SourceModel = { ...table, type: "csv", csv: format };
    for (const source of [table, csv, sql, push, { ...push, batch: null }] satisfies SourceModel[]) {
      assert.deepEqual(decodeSource(source.name, JSON.parse(canonicalJson(encodeDefinition(source).spec))), source);
    }
  });

  test("a csv source is written as before its quoting could be chosen", () => {
    const csv = { delimiter: ",", header: true, nullText: "", quote: '"', escape: '"' };
    assert.match(
      canonicalJson(encodeDefinition({ ...baskets, type: "csv", csv }).spec),
      /"csv":\{"delimiter":",","header":true,"nullText":""\}/,
    );
  });

  test("features named like members of Object come back", () => {
    const view: PlainViewModel = { ...churn, features: ["__proto__", "constructor", "toString"].map((n) => plainFeature(n, float64)) };
    const spec = JSON.parse(canonicalJson(encodeDefinition(view).spec));
    assert.deepEqual(decodeView("churn", spec, { entity: () => customer, source: () => profiles, view: () => churn }), view);
  });

  test("a damaged record is an error with its path, not a crash", () => {
    assert.throws(() => decodeEntity("customer", { data: { keys: [{ name: "id" }] }, metadata: { keys: {} } }), {
      code: "ASOF_REGISTRY_FAILED",
      path: 'entity "customer".data.keys[0].type',
    });
  });
});

describe("fingerprints", () => {
  test("metadata anywhere is not data", () => {
    const described: EntityModel = { ...customer, meta: {}, keys: customer.keys.map((k) => ({ ...k, meta: { description: "id" } })) };
    assert.equal(data(described), data(customer));
    assert.notEqual(metadata(described), metadata(customer));
    const source: SourceModel = { ...baskets, columns: baskets.columns.map((c) => ({ ...c, meta: { owner: "x" } })) };
    assert.equal(data(source), data(baskets));
    assert.notEqual(metadata(source), metadata(baskets));
    const view: PlainViewModel = {
      ...churn,
      entities: [described],
      features: churn.features.map((f) => ({ ...f, meta: { tags: { a: "b" } } })),
    };
    assert.equal(data(view), data(churn));
    assert.notEqual(metadata(view), metadata(churn));
  });

  test("a name in a place for user text is data although it is called meta", () => {
    assert.notEqual(data({ ...baskets, mapping: { ...baskets.mapping, meta: "x" } }), data(baskets));
  });

  test("order of declaration and the JavaScript form of int64 are not data, but are kept", () => {
    const reversed: PlainViewModel = { ...churn, features: churn.features.toReversed() };
    assert.equal(data(reversed), data(churn));
    assert.notEqual(metadata(reversed), metadata(churn));
    const otherForm: EntityModel = { ...customer, keys: [column("customer_id", int64, false)] };
    assert.equal(data(otherForm), data(customer));
    assert.notEqual(metadata(otherForm), metadata(customer));
    assert.notEqual(canonicalJson(encodeDefinition(otherForm).spec), canonicalJson(encodeDefinition(customer).spec));
  });

  test("what a value depends on is data", () => {
    const changes: ObjectModel[] = [
      { ...churn, ttlUs: null },
      { ...churn, features: churn.features.slice(1) },
      { ...churn, entities: [{ ...customer, keys: [column("customer_id", string, false)] }] },
      { ...churn, source: { ...profiles, paths: ["elsewhere.csv"] } },
      { ...churn, source: { ...profiles, createdTime: null } },
      { ...churn, source: { ...profiles, mapping: { tenure: "months" } } },
      { ...churn, source: { ...profiles, mapping: { customer_id: "id" } } },
      { ...churn, source: { ...profiles, columns: profiles.columns.map((c) => (c.name === "tenure" ? column("tenure", float64) : c)) } },
    ];
    assert.equal(new Set([churn, ...changes].map(data)).size, changes.length + 1);
    assert.notEqual(data({ ...activity, separableUs: 1 }), data(activity));
    assert.notEqual(data({ ...trend, source: `${trend.source} ` }), data(trend));
  });

  test("a plain view does not depend on columns it does not use; a windowed view depends on all", () => {
    const more = { ...profiles, columns: [...profiles.columns, column("extra", float64)], mapping: { extra: "e" } };
    assert.equal(data({ ...churn, source: more }), data(churn));
    const moreBaskets = { ...baskets, columns: [...baskets.columns, column("extra", float64)] };
    assert.notEqual(data({ ...activity, source: moreBaskets }), data(activity));
    assert.equal(data({ ...activity, source: { ...baskets, stream: null, meta: {} } }), data(activity));
  });

  test("are stable: a change of the stored form needs a new format version", () => {
    assert.deepEqual(
      [customer, baskets, profiles, churn, activity, trend, churnService].map((m) => data(m).slice(0, 12)),
      ["c28040e49a80", "a5041ff661ab", "ee6a906268c2", "3fed72f3dd8c", "fcd7d2243d78", "8719718b0e6c", "666f591ee168"],
    );
  });
});

describe("row schema", () => {
  test("covers names and types, in order, without the JavaScript form", () => {
    const schema = rowSchemaOf(churn);
    assert.match(schema.fingerprint, /^[0-9a-f]{16}$/);
    assert.deepEqual(
      schema.features.map((f) => f.name),
      ["charges", "per_month", "tenure"],
    );
    assert.equal(rowSchemaOf({ ...churn, features: churn.features.toReversed() }).fingerprint, schema.fingerprint);
    const asNumber = churn.features.map((f) => (f.name === "tenure" ? plainFeature("tenure", int64AsNumber) : f));
    assert.equal(rowSchemaOf({ ...churn, features: asNumber }).fingerprint, schema.fingerprint);
    const asText = churn.features.map((f) => (f.name === "tenure" ? plainFeature("tenure", string) : f));
    assert.notEqual(rowSchemaOf({ ...churn, features: asText }).fingerprint, schema.fingerprint);
  });

  test("tells meanings of one name and type apart", () => {
    const replaced = (view: ViewModel, name: string, change: (feature: FeatureModel) => FeatureModel): string =>
      rowSchemaOf({ ...view, features: view.features.map((f) => (f.name === name ? change(f) : f)) } as ViewModel).fingerprint;
    const column = sample.columnNode("charges", { kind: "float64" });
    const derived = (feature: FeatureModel): FeatureModel => ({ ...feature, kind: "derived", expression: column });
    assert.notEqual(replaced(churn, "per_month", derived), rowSchemaOf(churn).fingerprint);
    assert.notEqual(replaced(churn, "charges", derived), rowSchemaOf(churn).fingerprint);
    const halved = (feature: FeatureModel): FeatureModel =>
      feature.kind === "aggregate" ? { ...feature, aggregate: { ...feature.aggregate, windowUs: 15 * 86_400_000_000 } } : feature;
    assert.notEqual(replaced(activity, "spend_30d", halved), rowSchemaOf(activity).fingerprint);
    const counted = (feature: FeatureModel): FeatureModel =>
      feature.kind === "aggregate" ? { ...feature, aggregate: { ...feature.aggregate, where: null } } : feature;
    assert.notEqual(replaced(activity, "coupons_90d", counted), rowSchemaOf(activity).fingerprint);
    assert.equal(
      replaced(churn, "charges", (feature) => ({ ...feature, nullable: false, meta: { owner: "pricing" } })),
      rowSchemaOf(churn).fingerprint,
    );
  });
});
