import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { issuesIn, loose, on, sound, windowed } from "../../test/definition/sample.ts";
import { count } from "./aggregates.ts";
import { modelOf } from "./definition.ts";
import { entity } from "./entity.ts";
import { featureView } from "./feature-view.ts";
import type { RequestViewModel, WindowedViewModel } from "./model.ts";
import { requestView } from "./request-view.ts";
import { featureService } from "./service.ts";
import { parquet } from "./source.ts";
import { validateRepository, validateUses } from "./validate.ts";
import { float32, float64, string } from "./value-types.ts";

const anyView = loose(featureView);
const anyService = loose(featureService);

describe("validation", () => {
  test("a sound repository has no issues", () => {
    const trend = requestView("trend", { inputs: [sound, windowed], request: { amount: float64() } }, { a: float64() }, () => ({ a: 1 }));
    const services = [
      featureService("churn_v1", [sound, sound.as("again").withKeys({ customer_id: "buyer_id" }), trend]),
      featureService("b", [trend]),
    ];
    assert.deepEqual(issuesIn(services), []);
  });

  test("entities, sources and services may be called what Feast calls them: a path, words, any script", () => {
    const who = entity("der Kunde, neu", { key: { id: string() } });
    const source = parquet("s3://bucket/data/driver stats.parquet", { path: "p", columns: { a: float64() } });
    const view = featureView("v", { entities: [who], source }, { a: float64() });
    assert.deepEqual(issuesIn(who, featureService("модель/1", [view])), []);
  });

  test("reports everything at once, each fault once however often its object is used", () => {
    const broken = anyView("broken_v1", { ...on, ttl: "x" }, { spnd: float64(), spend: float32() });
    const issues = issuesIn(broken, anyService("s", [broken]), anyService("t", [broken]));
    assert.deepEqual(
      issues.map((i) => `${i.code} ${i.path}`),
      [
        "ASOF_TTL_INVALID feature_views.broken_v1.ttl",
        "ASOF_NAME_INVALID feature_views.broken_v1",
        "ASOF_COLUMN_UNKNOWN feature_views.broken_v1.features.spnd",
        "ASOF_COLUMN_TYPE feature_views.broken_v1.features.spend",
      ],
    );
  });

  test("a circle of request views is reported once", () => {
    const one: RequestViewModel = {
      kind: "view",
      form: "request",
      name: "one",
      inputs: [],
      request: [],
      features: [],
      onError: "throw",
      source: "",
      meta: {},
    };
    const two: RequestViewModel = { ...one, name: "two", inputs: [{ view: one, name: "one", features: null, keys: {}, maxAgeUs: null }] };
    const closed = { ...one, inputs: [{ view: two, name: "two", features: null, keys: {}, maxAgeUs: null }] };
    const issues = validateRepository({ project: "p", entities: [], sources: [], views: [closed, two], services: [] });
    assert.deepEqual(
      issues.map((i) => [i.code, i.message]),
      [["ASOF_CYCLE", "Request views depend on each other in a circle: one → two → one."]],
    );
  });

  test("a model that no builder made is checked too", () => {
    const made = modelOf(windowed) as WindowedViewModel;
    const feature = made.features[0];
    assert.ok(feature?.kind === "aggregate");
    const wrong = { ...feature, aggregate: { ...feature.aggregate, windowUs: 3_661_000_000, hopUs: 300_000_000 } };
    const text = {
      ...feature,
      name: "text",
      aggregate: { ...feature.aggregate, argument: { node: "column", name: "plan", type: { kind: "string" } } as const },
    };
    const view = { ...made, features: [wrong, wrong, text] };
    const issues = validateRepository({ project: "p", entities: [], sources: [], views: [view], services: [] });
    assert.deepEqual(
      issues.map((i) => `${i.code} ${i.path}`),
      [
        "ASOF_NAME_DUPLICATE feature_views.windowed.features",
        "ASOF_WINDOW_INVALID feature_views.windowed.features.spend_7d.window",
        "ASOF_WINDOW_INVALID feature_views.windowed.features.spend_7d.window",
        "ASOF_COLUMN_TYPE feature_views.windowed.features.text",
      ],
    );
  });

  test("a short window whose view chose the hop that the rule would give is sound", () => {
    assert.deepEqual(issuesIn(featureView("v", { ...on, hop: "10s" }, { x: count({ window: "1m" }) })), []);
  });

  test("views asked for without a service are checked alike", () => {
    assert.deepEqual(validateUses([sound, windowed]), []);
    const wrong = [sound, sound, windowed.maxAge("1d"), Reflect.apply(sound.pick, sound.as("x"), ["nope"])];
    assert.deepEqual(
      validateUses(wrong).map((i) => `${i.code} ${i.path}`),
      ["ASOF_TTL_INVALID features.windowed.maxAge", "ASOF_FEATURE_UNKNOWN features.x.pick", "ASOF_NAME_DUPLICATE features"],
    );
  });
});
