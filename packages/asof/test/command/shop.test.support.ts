import { join } from "node:path";
import { writeFiles } from "./command.test.support.ts";

/** A small project: a plain view with a created time, a windowed view, a pushed one, a request view and a service. */
export const shopFiles: Readonly<Record<string, string>> = {
  "package.json": `{ "name": "shop", "private": true, "type": "module" }\n`,
  "feature_store.yaml": [
    "project: shop",
    "provider: local",
    "registry:",
    "  registry_type: sqlite",
    "  path: data/registry.db",
    "offline_store:",
    "  type: duckdb",
    "online_store:",
    "  type: lmdb",
    "  path: data/online",
    "",
  ].join("\n"),
  "features/shop.ts": `
import { count, csv, entity, featureService, featureView, float64, int64, push, requestView, string, sum } from "asof";

export const customer = entity("customer", { key: { customer_id: int64() }, owner: "growth@shop", tags: { team: "growth" } });

const profiles = csv("profiles", {
  path: "data/profiles.csv", eventTime: "event_timestamp", createdTime: "created", columns: { tier: string(), score: float64() },
});
export const profile = featureView("profile", { entities: [customer], source: profiles, ttl: "30d", tags: { team: "growth" } }, {
  tier: string({ description: "gold or basic" }), score: float64(),
});

const baskets = csv("baskets", { path: "data/baskets.csv", eventTime: "event_timestamp", columns: { spend: float64() } });
export const activity = featureView("activity", { entities: [customer], source: baskets }, {
  spend_1d: sum("spend", { window: "1d" }),
  baskets_7d: count({ window: "7d", where: (b) => b.spend.gt(1) }),
});

export const clicks = push("clicks", { eventTime: "event_timestamp", columns: { page: string() } });
export const clicked = featureView("clicked", { entities: [customer], source: clicks }, { clicks_1h: count({ window: "1h" }) });

export const ratio = requestView("ratio", { inputs: [activity], request: { amount: float64() } }, { share: float64() },
  ({ activity: a, request }) => ({ share: a.spend_1d === null ? null : request.amount / a.spend_1d }));

export const everything = featureService("everything", [profile, activity, ratio], { owner: "growth@shop" });
`,
  "data/profiles.csv": [
    "customer_id,event_timestamp,created,tier,score",
    "1,2024-01-01T00:00:00Z,2024-01-01T01:00:00Z,basic,0.5",
    "1,2024-01-10T00:00:00Z,2024-01-12T00:00:00Z,gold,0.75",
    "2,2024-01-05T00:00:00Z,2024-01-05T00:00:00Z,basic,",
    "9007199254740993,2024-01-05T00:00:00Z,2024-01-05T00:00:00Z,gold,1",
    "",
  ].join("\n"),
  "data/baskets.csv": [
    "customer_id,event_timestamp,spend",
    "1,2024-01-10T08:00:00Z,10",
    "1,2024-01-10T09:30:00Z,2.5",
    "2,2024-01-09T12:00:00Z,1",
    "",
  ].join("\n"),
  "labels.csv": ["customer_id,event_timestamp,amount,label", "1,2024-01-11T00:00:00Z,5,true", "2,2024-01-11T00:00:00Z,5,false", ""].join(
    "\n",
  ),
};

/** Writes the project into a folder. */
export function writeShop(folder: string): string {
  const shop = join(folder, "shop");
  writeFiles(shop, shopFiles);
  return shop;
}
