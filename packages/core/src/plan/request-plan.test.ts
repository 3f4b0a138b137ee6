import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { referenceOf } from "../definition/definition.ts";
import { entity } from "../definition/entity.ts";
import { featureView } from "../definition/feature-view.ts";
import { requestView } from "../definition/request-view.ts";
import { parquet } from "../definition/source.ts";
import { float64, int64, string } from "../definition/value-types.ts";
import type { AnyView } from "../definition/view.ts";
import { planRequest } from "./request-plan.ts";

const place = entity("place", { key: { country: string(), zone: int64() } });
const places = parquet("places", { path: "places.parquet", eventTime: "ts", columns: { name: string(), pop: float64() } });
const dim = featureView("dim", { entities: [place], source: places }, { name: string(), pop: float64() });
const density = requestView("density", { inputs: [dim], request: { area: float64() } }, { per_area: float64() }, ({ dim, request }) => ({
  per_area: dim.pop === null ? null : dim.pop / request.area,
}));
const gap = requestView(
  "gap",
  { inputs: [density.as("here"), dim.as("there").withKeys({ country: "other" })] },
  { gap: float64() },
  (x) => ({
    gap: (x.here.per_area ?? 0) - (x.there.pop ?? 0),
  }),
);

const plan = (views: readonly AnyView[], fullFeatureNames = true) => planRequest(views.map(referenceOf), { fullFeatureNames });
const collision = { code: "ASOF_NAME_COLLISION" };

describe("resolving references into a plan", () => {
  test("one name stands for one read: other keys or another age limit need another name", () => {
    assert.throws(() => plan([dim.pick("name"), dim.withKeys({ country: "other" }).pick("pop")], false), collision);
    assert.throws(() => plan([dim.pick("name"), dim.maxAge("1d").pick("pop")], false), collision);
    assert.throws(() => plan([density, dim.as("density").pick("pop")], false), { ...collision, message: /"density" is asked for twice/ });
    const both = plan([dim.pick("name"), dim.as("home").withKeys({ country: "other" }).pick("pop")], false);
    assert.deepEqual(
      both.outputs.map((o) => [o.viewName, o.index]),
      [
        ["dim", 0],
        ["home", 1],
      ],
    );
  });

  test("the same read under one name may be asked for in parts, and is read once", () => {
    const { stored, outputs } = plan([dim.pick("name"), dim.pick("pop")]);
    assert.equal(stored.length, 1);
    assert.deepEqual(
      outputs.map((o) => o.flatName),
      ["dim__name", "dim__pop"],
    );
  });

  test("flat names that meet are an error that names both, with short and with full names", () => {
    const message = /Features "dim:name" and "home:name" both come out as "name"/;
    assert.throws(() => plan([dim, dim.as("home")], false), { ...collision, message });
    assert.equal(plan([dim, dim.as("home")]).outputs.length, 4);
    const sliced = featureView("a", { source: parquet("s", { path: "s.parquet", columns: { b__c: string() } }) }, { b__c: string() });
    const whole = featureView("a__b", { source: parquet("t", { path: "t.parquet", columns: { c: string() } }) }, { c: string() });
    assert.throws(() => plan([sliced, whole]), { ...collision, message: /"a:b__c" and "a__b:c" both come out as "a__b__c"/ });
  });

  test("keys renamed on a request view reach all that feeds it", () => {
    const { keyColumns, stored, computed, requestFields } = plan([gap.withKeys({ country: "mine", other: "theirs" })]);
    assert.deepEqual(
      keyColumns.map((k) => k.column),
      ["mine", "zone", "theirs"],
    );
    assert.deepEqual(
      stored.map((use) => use.keys.map((k) => `${k.key}=${k.column}`).join()),
      ["country=mine,zone=zone", "country=theirs,zone=zone"],
    );
    assert.deepEqual(
      computed.map((use) => use.view.name),
      ["density", "gap"],
    );
    assert.deepEqual(
      requestFields.map((f) => f.name),
      ["area"],
    );
  });

  test("a key named like a member of every object is a key", () => {
    const odd = entity("odd", { key: { constructor: int64() } });
    const view = featureView("odd_view", { entities: [odd], source: places }, { name: string() });
    assert.deepEqual(
      plan([view]).keyColumns.map((k) => k.column),
      ["constructor"],
    );
  });
});
