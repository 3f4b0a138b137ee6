import type { FeatureStatus } from "../definition/retrieval-types.ts";
import type { RequestPlan } from "../plan/request-plan.ts";
import type { Value } from "../value/type.ts";
import type { OnlineAnswer } from "./online-answer.ts";
import type { FeastCompatibility } from "./runtime.ts";

/** One named column of an answer in Feast's shape. */
export interface FeastColumn {
  readonly name: string;
  readonly values: readonly Value[];
  readonly statuses: readonly FeatureStatus[];
  /** Event times in seconds, floored; 0 where there is none, as for keys and request views. */
  readonly eventSeconds: readonly number[];
}

/** A column of the request that is echoed. */
export interface EchoedColumn {
  readonly name: string;
  readonly values: readonly Value[];
}

/** An online answer as Feast's SDK gives it: columns by name, join keys first. */
export class FeastAnswer {
  readonly columns: readonly FeastColumn[];

  constructor(columns: readonly FeastColumn[]) {
    this.columns = columns;
  }

  /** Name → values, as `OnlineResponse.to_dict` gives it; with event times also `name__ts` → seconds. */
  toDict(options: { readonly includeEventTimestamps?: boolean } = {}): Record<string, readonly Value[]> {
    const columns = this.columns.flatMap(({ name, values, eventSeconds }): [string, readonly Value[]][] =>
      options.includeEventTimestamps === true
        ? [
            [name, values],
            [`${name}__ts`, eventSeconds],
          ]
        : [[name, values]],
    );
    return Object.fromEntries(columns);
  }
}

/**
 * Puts an answer into Feast's shape. Corrected: features in the order asked for. Strict: as Feast answers, stored features before those of
 * request views, grouped by view in the order of their first mention (within a view Feast's own order is random; here it is the order asked
 * for), and outputs of request views PRESENT whatever their value.
 */
export function shapeAsFeast(
  plan: RequestPlan,
  answer: OnlineAnswer,
  echoed: readonly EchoedColumn[],
  compatibility: FeastCompatibility,
): FeastAnswer {
  const { statuses, eventTimes } = answer;
  const isStrict = compatibility === "strict";
  const outputs = isStrict ? groupedOutputs(plan) : plan.outputs;
  const features = outputs.map(({ viewName, feature, flatName, from }): FeastColumn => {
    const isComputed = from === "computed";
    return {
      name: flatName,
      values: answer.rows.map((row) => row[viewName]?.[feature.name] ?? null),
      statuses: statuses.map((row) => (isStrict && isComputed ? "PRESENT" : (row[viewName]?.[feature.name] ?? "NOT_FOUND"))),
      eventSeconds: eventTimes.map((row) => (isComputed ? 0 : secondsOf(row[viewName] ?? null))),
    };
  });
  const keys = echoed.map(({ name, values }): FeastColumn => {
    return { name, values, statuses: values.map(() => "PRESENT"), eventSeconds: values.map(() => 0) };
  });
  return new FeastAnswer([...keys, ...features]);
}

function groupedOutputs(plan: RequestPlan): RequestPlan["outputs"] {
  const order: string[] = [];
  for (const { viewName } of plan.outputs) if (!order.includes(viewName)) order.push(viewName);
  const rank = (output: RequestPlan["outputs"][number]): number =>
    (output.from === "computed" ? order.length : 0) + order.indexOf(output.viewName);
  return plan.outputs.toSorted((a, b) => rank(a) - rank(b));
}

function secondsOf(eventTimeUs: number | null): number {
  return eventTimeUs === null ? 0 : Math.floor(eventTimeUs / 1_000_000);
}
