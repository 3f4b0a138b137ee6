import { readFileSync } from "node:fs";
import { AsofError, type FeastAnswer, FeastException, type Value } from "@asof/core";
import type { FeatureStore } from "../../src/store/feature-store.ts";
import { golden } from "./compat-repository.test.support.ts";

/** A request to Feast's SDK. */
export interface SdkRequest {
  readonly features?: readonly string[];
  readonly feature_service?: string;
  readonly entities: Readonly<Record<string, readonly unknown[]>>;
  readonly full_feature_names?: boolean;
}

/** What the SDK answers: values and, as `name__ts`, event times in seconds, and statuses in the order of the names; or what it raised. */
export interface SdkAnswer {
  readonly to_dict?: Readonly<Record<string, readonly unknown[]>>;
  readonly statuses?: readonly (readonly string[])[];
  readonly error?: string;
}

/** Requests and answers by name, recorded from Feast 0.67 over `online_store.db`. */
export const recorded: Readonly<Record<string, SdkAnswer & { readonly request: SdkRequest }>> = JSON.parse(
  readFileSync(new URL("responses_sdk.json", golden), "utf8"),
).sdk;

const viewsOfFeatures: Readonly<Record<string, string>> = {
  ...{ amount: "trip_totals", n: "trip_totals", load: "global_stats", boosted_rate: "boosted", trips_plus: "plus" },
};

/** The view that a column comes from: within a view Feast's order is that of a Python set. */
export function viewOfColumn(name: string): string {
  if (name.includes("__")) return name.slice(0, name.indexOf("__"));
  return name.endsWith("_id") ? name : (viewsOfFeatures[name] ?? "driver_stats");
}

/** Names of the columns of an answer, without those of the event times. */
export function columnNames(answer: SdkAnswer): readonly string[] {
  return Object.keys(answer.to_dict ?? {}).filter((name) => !name.endsWith("__ts"));
}

/** Asks asof what the SDK is asked, and gives its answer in the form of the recordings. */
export async function askAsof(store: FeatureStore, request: SdkRequest): Promise<SdkAnswer> {
  let answer: FeastAnswer;
  try {
    answer = await store.getOnlineFeaturesAsFeast({
      features: request.features,
      service: request.feature_service,
      entities: request.entities,
      fullFeatureNames: request.full_feature_names,
    });
  } catch (error) {
    if (!(error instanceof AsofError && error.cause instanceof FeastException)) throw error;
    return { error: `${error.cause.name}: ${error.cause.message}` };
  }
  const entries = Object.entries(answer.toDict({ includeEventTimestamps: true }));
  return {
    to_dict: Object.fromEntries(entries.map(([name, values]) => [name, values.map((value) => recordedForm(name, value))])),
    statuses: answer.columns.map(({ statuses }) => statuses),
  };
}

/** A value in the form of the recordings. */
function recordedForm(name: string, value: Value): unknown {
  if (value instanceof Uint8Array) return { bytes_b64: Buffer.from(value).toString("base64") };
  if (name.endsWith("last_seen") && typeof value === "number")
    return { datetime: new Date(value / 1000).toISOString().replace(".000Z", "+00:00") };
  if (typeof value === "bigint") return BigInt(Number(value)) === value ? Number(value) : { int: String(value) };
  return typeof value === "number" && !Number.isFinite(value) ? { float: String(value).toLowerCase() } : value;
}
