import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  applyDefinitions,
  bool,
  collectDefinitions,
  count,
  date,
  decimal,
  derive,
  entity,
  featureService,
  featureView,
  float32,
  float64,
  int64,
  json,
  kafka,
  list,
  parquet,
  push,
  repositoryFromSnapshot,
  requestView,
  set,
  sql,
  string,
  struct,
  sum,
  systemClock,
  timestamp,
  uuid,
  vector,
} from "@asof/core";
import type { FeastProcess } from "@asof/testkit";
import { exportFeastRegistry } from "../../src/project/export-registry.ts";
import { temporaryFolder } from "../command/command.test.support.ts";
import { listByFeast, sharedRegistries, shopYaml, startFeast } from "./feast-repo.test.support.ts";

function defineShop() {
  const customer = entity("customer", {
    key: { customer_id: int64({ as: "number" }) },
    owner: "growth@shop",
    description: "who buys",
    tags: { pii: "yes" },
  });
  const item = entity("item", { key: { shop_id: string(), item_id: int64() } });
  const columns = {
    age: float32({ description: "in years", tags: { unit: "year" } }),
    born: date(),
    balance: decimal(12, 2),
    seen: timestamp(),
    token: uuid(),
    profile: json(),
    marks: set(string()),
    taste: vector(3),
    place: struct({ city: string(), floor: float64() }),
    visits: list(list(int64())),
  };
  const profiles = parquet("profiles", {
    path: "data/profiles.parquet",
    eventTime: "at",
    createdTime: "known",
    columns,
    mapping: { age: "AGE" },
    description: "nightly",
    stream: kafka({ topic: "profiles" }),
  });
  const baskets = sql("baskets", { query: "SELECT 1", eventTime: "at", columns: { spend: float64(), paid: bool() } });
  const clicks = push("clicks", { columns: { clicked: bool() }, eventTime: "at" });
  const profile = featureView(
    "profile",
    { entities: [customer], source: profiles, ttl: "30d", owner: "ds@shop", tags: { tier: "gold" } },
    {
      ...columns,
      decade: derive((row) => row.age.div(10)),
    },
  );
  const activity = featureView(
    "activity",
    { entities: [customer], source: baskets },
    { spend_30d: sum("spend", { window: "30d" }), all: count() },
  );
  const clicked = featureView("clicked", { entities: [customer, item], source: clicks, ttl: null }, { clicked: bool() });
  const trend = requestView("trend", { inputs: [activity], request: { amount: float64() } }, { ratio: float64() }, ({ request }) => ({
    ratio: request.amount,
  }));
  const service = featureService("churn", [activity, clicked.pick("clicked").as("last_click"), trend], { owner: "ml@shop" });
  return collectDefinitions([{ customer, item, profiles, baskets, clicks, profile, activity, clicked, trend, service }], "shop");
}

for (const shared of sharedRegistries) {
  const folder = temporaryFolder({ after });
  let feast: FeastProcess;

  before(async () => {
    feast = await startFeast(folder, { "feature_store.yaml": shopYaml(shared) });
  });
  after(() => feast[Symbol.asyncDispose]());

  describe(`a project that asof applies, ${shared.name}`, () => {
    test("is listed by Feast with its types, ttl, tags and keys, and read back by asof as it was", async () => {
      const model = defineShop();
      assert.deepEqual(model.issues, []);
      {
        await using registry = await shared.open(folder);
        await applyDefinitions(registry, model, "shop", {}, systemClock);
      }
      const found = await listByFeast(feast, "feature_store.yaml", "shop");
      assert.deepEqual(Object.keys(found.entity ?? {}), ["customer", "item", "item__item_id"]);
      assert.deepEqual(found.entity?.customer?.spec, {
        name: "customer",
        joinKey: "customer_id",
        valueType: "INT64",
        description: "who buys",
        owner: "growth@shop",
        tags: { pii: "yes" },
      });
      assert.deepEqual(Object.keys(found.data_source ?? {}).sort(), ["baskets", "clicks", "profiles", "profiles_stream"]);
      const spec = found.feature_view?.profile?.spec as {
        ttl: string;
        tags: object;
        online: boolean;
        features: { name: string; valueType: string; tags?: object }[];
      };
      assert.equal(spec.ttl, "2592000s");
      assert.equal(spec.online, true);
      assert.deepEqual(spec.tags, { tier: "gold" });
      assert.deepEqual(
        spec.features.map((f) => [f.name, f.valueType, f.tags ?? {}]),
        [
          ["age", "FLOAT", { unit: "year" }],
          ["born", "UNIX_TIMESTAMP", { "asof:type": "date" }],
          ["balance", "DECIMAL", { "asof:type": "decimal(12, 2)" }],
          ["seen", "UNIX_TIMESTAMP", { "asof:type": "timestamp" }],
          ["token", "UUID", {}],
          ["profile", "JSON", {}],
          ["marks", "STRING_SET", {}],
          ["taste", "FLOAT_LIST", {}],
          [
            "place",
            "STRUCT",
            { "asof:type": "struct({ city: string, floor: float64 })", "feast:struct_schema": '{"city": "STRING", "floor": "FLOAT64"}' },
          ],
          ["visits", "VALUE_LIST", { "feast:nested_inner_type": "Array(Array(INT64))" }],
          ["decade", "DOUBLE", {}],
        ],
      );
      const activity = found.feature_view?.activity?.spec as { online?: boolean; entities: string[] };
      assert.notEqual(activity.online, true, "only asof can compute windows");
      const clicked = found.feature_view?.clicked?.spec as { entities: string[] };
      assert.deepEqual(clicked.entities, ["customer", "item", "item__item_id"]);
      const service = found.feature_service?.churn?.spec as {
        owner: string;
        features: { featureViewName: string; featureViewNameAlias?: string }[];
      };
      assert.deepEqual(
        service.features.map((f) => [f.featureViewName, f.featureViewNameAlias ?? ""]),
        [
          ["activity", ""],
          ["clicked", "last_click"],
        ],
      );
      await using registry = await shared.open(folder);
      const { outcome } = await applyDefinitions(registry, model, "shop", {}, systemClock);
      assert.equal(outcome.status, "unchanged");
    });

    test("goes to Feast as an exported file too, whatever registry it was in", async () => {
      await using registry = await shared.open(folder);
      const counts = await exportFeastRegistry(registry, join(folder, "exported.pb"), systemClock.nowUs());
      assert.ok(counts.feastObjects >= 10 && counts.records >= 10);
      const yaml = readFileSync(join(folder, "feature_store.yaml"), "utf8").replace(shared.yaml, "registry: exported.pb");
      writeFileSync(join(folder, "exported.yaml"), yaml);
      const [own, exported] = [await listByFeast(feast, "feature_store.yaml", "shop"), await listByFeast(feast, "exported.yaml", "shop")];
      assert.deepEqual(exported, own);
    });

    test("keeps what Feast cannot say when Feast changes an object of it", async () => {
      await using registry = await shared.open(folder);
      await feast.run(`
store = open_store("feature_store.yaml")
for name in ("profile", "activity"):
    view = store.registry.get_feature_view(name, "shop"); view.description = "seen by Feast"; store.apply([view])
reply(True)`);
      const after = repositoryFromSnapshot(await registry.snapshot("shop"), "shop");
      const expected = defineShop();
      for (const name of ["profile", "activity"]) {
        const [found, defined] = [after, expected].map((model) => model.views.find((view) => view.name === name));
        assert.equal(found?.meta.description, "seen by Feast");
        assert.deepEqual({ ...found, meta: null, source: null, entities: null }, { ...defined, meta: null, source: null, entities: null });
      }
      const [record] = (await registry.snapshot("shop")).records.filter((r) => r.kind === "feature_view" && r.name === "activity");
      assert.equal(record?.repository, "shop");
    });
  });
}
