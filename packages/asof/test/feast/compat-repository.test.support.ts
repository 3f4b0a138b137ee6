import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, collectDefinitions } from "@asof/core";
import {
  bool,
  bytes,
  entity,
  featureService,
  featureView,
  float32,
  float64,
  int32,
  int64,
  list,
  parquet,
  push,
  requestView,
  string,
  timestamp,
} from "../../src/index.ts";
import type { FeatureStore } from "../../src/store/feature-store.ts";
import { openFeatureStore } from "../../src/store/open.ts";

/** What Feast wrote; shared with the tests of its formats. */
export const golden = new URL("../../../feast/test/golden/", import.meta.url);

// The definitions of golden/feature_repo/features.py, by asof. Its Python functions are request views; its stream view is left out.
const driver = entity("driver", { key: { driver_id: int64({ as: "number" }) } });
const customer = entity("customer", { key: { customer_id: string() } });

const driverSource = parquet("driver_src", {
  path: "data/driver_stats.parquet",
  eventTime: "event_timestamp",
  createdTime: "created",
  columns: {
    ...{ conv_rate: float32(), acc_rate: float64(), trips: int64(), rank: int32(), active: bool(), city: string(), blob: bytes() },
    ...{ last_seen: timestamp({ precision: "s" }), embedding: list(float32()), labels: list(string()) },
  },
});
const driverStats = featureView(
  "driver_stats",
  { entities: [driver], source: driverSource, ttl: "2d" },
  {
    ...{ conv_rate: float32(), acc_rate: float64(), trips: int64(), rank: int32(), active: bool(), city: string(), blob: bytes() },
    ...{ last_seen: timestamp({ precision: "s" }), embedding: list(float32()), labels: list(string()) },
  },
);

const tripsSource = parquet("trips_src", { path: "data/trips.parquet", eventTime: "ts", columns: { amount: float64(), n: int64() } });
const tripsPush = push("trips_push", { batch: tripsSource });
const tripTotals = featureView("trip_totals", { entities: [driver, customer], source: tripsPush }, { amount: float64(), n: int64() });

const globalSource = parquet("global_src", {
  ...{ path: "data/global.parquet", eventTime: "ts", columns: { load: float64() }, mapping: { load: "ld" } },
});
const globalStats = featureView("global_stats", { entities: [], source: globalSource, ttl: "30d" }, { load: float64() });

const boosted = requestView(
  "boosted",
  { inputs: [driverStats.pick("conv_rate")], request: { boost: float64() } },
  { boosted_rate: float64() },
  ({ driver_stats, request }) => ({ boosted_rate: driver_stats.conv_rate === null ? null : driver_stats.conv_rate * request.boost }),
);
const plus = requestView(
  "plus",
  { inputs: [driverStats.pick("trips")], request: { boost: float64() } },
  { trips_plus: int64() },
  ({ driver_stats, request }) => ({
    trips_plus: driver_stats.trips === null ? null : driver_stats.trips + BigInt(Math.trunc(request.boost)),
  }),
);

const driverService = featureService("driver_service", [driverStats.pick("conv_rate", "trips"), tripTotals.as("tt"), boosted]);
const mappedService = featureService("mapped_service", [
  driverStats.pick("city").as("origin").withKeys({ driver_id: "origin_driver_id" }),
  driverStats.pick("trips").as("dest").withKeys({ driver_id: "dest_driver_id" }),
]);

const definitions = { driver, customer, driverStats, tripTotals, globalStats, boosted, plus, driverService, mappedService };

/** A copy of the repository in a folder of its own, where Feast and asof have an online store in common and a registry each. */
export class CompatRepository implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "asof-compat-"));
  readonly onlineStore = join(this.folder, "data/online_store.db");

  constructor(given: { readonly materializedByFeast: boolean }) {
    cpSync(new URL("feature_repo/", golden), this.folder, { recursive: true });
    mkdirSync(join(this.folder, "data"), { recursive: true });
    if (given.materializedByFeast) copyFileSync(new URL("online_store.db", golden), this.onlineStore);
  }

  /** Opens it with asof and registers its definitions. Definitions are the same whatever Feast's own registry holds. */
  async open(compatibility: "corrected" | "strict", clock: Clock): Promise<FeatureStore> {
    const yaml = `project: compat
registry: data/asof_registry.db
online_store: { type: sqlite, path: data/online_store.db }
feast_compatibility: ${compatibility}
`;
    const configFile = join(this.folder, `asof_${compatibility}.yaml`);
    writeFileSync(configFile, yaml);
    const model = collectDefinitions([definitions], "compat");
    const store = await openFeatureStore({ repo: this.folder, configFile, definitions: model, clock, environment: {} });
    await store.session.apply(await store.session.plan());
    return store;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
