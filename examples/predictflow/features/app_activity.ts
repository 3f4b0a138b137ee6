import { count, featureView, last, push, string } from "asof";
import { customer } from "./customer_features.ts";

/** Page views of the app. Nothing holds them yet: they are pushed as they happen, by `asof push` or `store.push`. */
export const appVisits = push("app_visits", {
  eventTime: "event_timestamp",
  columns: { page: string() },
  owner: "app@predictflow",
});

export const appActivity = featureView(
  "app_activity",
  { entities: [customer], source: appVisits, owner: "growth@predictflow", description: "What a customer does in the app." },
  { visits_1h: count({ window: "1h" }), visits_7d: count({ window: "7d" }), last_page: last("page", { window: "7d" }) },
);
