import type { FeatureModel } from "../definition/model.ts";
import { AsofError } from "../error/error.ts";
import type { ComputedUse, RequestPlan } from "../plan/request-plan.ts";
import { internName } from "../platform/intern-name.ts";
import { compileNormalizer } from "../value/normalize.ts";
import type { Value } from "../value/type.ts";

/** Where one row's values come from while its request views run. */
export interface RowSource {
  /** Value of a stored use's feature, by its position in `StoredUse.features`. */
  stored(use: number, feature: number): Value;
  /** The request field as it was given, not normalized. */
  request(field: string): unknown;
  /** The row's as-of time, UTC µs. */
  readonly t: number;
  /** Row number for errors, from 0. */
  readonly row: number;
}

/** Runs all request views of a plan for one row: values per computed use, in the order of its view's features. */
export type RequestViewRunner = (source: RowSource) => readonly (readonly Value[])[];

/**
 * Compiles the request views of a plan. The same runner serves training rows and online requests, so both see the same
 * function, the same normalization of inputs (absent = null) and the same order.
 */
export function compileRequestViews(plan: RequestPlan): RequestViewRunner {
  const steps = plan.computed.map((use) => compileStep(plan, use));
  const fields = plan.requestFields.map((field) => ({ name: field.name, normalize: compileNormalizer(field.type, field.nullable) }));
  return (source) => {
    const request: Record<string, Value> = {};
    for (const field of fields) {
      request[field.name] = field.normalize(source.request(field.name) ?? null, `row ${source.row}, request field "${field.name}"`);
    }
    const results: (readonly Value[])[] = [];
    for (const step of steps) results.push(step(source, request, results));
    return results;
  };
}

type Step = (source: RowSource, request: Readonly<Record<string, Value>>, earlier: readonly (readonly Value[])[]) => readonly Value[];

function compileStep(plan: RequestPlan, use: ComputedUse): Step {
  const { view } = use;
  const compute = view.compute;
  if (compute === undefined) {
    throw new AsofError(
      "ASOF_REQUEST_VIEW_FAILED",
      `The function of request view "${view.name}" is not loaded: the registry keeps its text only.`,
      {
        path: view.name,
        fix: "Run where its definition file is, or pass the service object instead of its name.",
      },
    );
  }
  const inputs = use.inputs.map((input) => ({
    ...input,
    name: internName(input.name),
    names: input.features.map((f) => internName(f.name)),
    positions: input.features.map((f) => positionOf(plan, input.from, input.index, f)),
  }));
  const outputs = view.features.map((f) => ({ name: internName(f.name), normalize: compileNormalizer(f.type, true) }));
  const declared = new Set(view.features.map((f) => f.name));
  const fields = new Set(view.request.map((f) => internName(f.name)));

  return (source, request, earlier) => {
    const argument: Record<string, unknown> = { t: source.t };
    const own: Record<string, Value> = {};
    for (const name of fields) own[name] = request[name] ?? null;
    argument.request = own;
    for (const input of inputs) {
      const values: Record<string, Value> = {};
      for (const [i, name] of input.names.entries()) {
        const position = input.positions[i] ?? 0;
        values[name] = input.from === "stored" ? source.stored(input.index, position) : (earlier[input.index]?.[position] ?? null);
      }
      argument[input.name] = values;
    }
    try {
      const result = compute(argument);
      refuseUndeclared(result, declared);
      return outputs.map((output) => output.normalize(result[output.name] ?? null, `request view "${view.name}", output "${output.name}"`));
    } catch (cause) {
      if (view.onError === "null") return outputs.map(() => null);
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new AsofError("ASOF_REQUEST_VIEW_FAILED", `Request view "${view.name}" failed on row ${source.row}: ${why}.`, {
        path: `${view.name}, row ${source.row}`,
        fix: 'Handle the case in its function, or declare onError: "null".',
        cause,
      });
    }
  };
}

/** A misspelt output would leave the declared one null in both paths, so that parity could not tell. */
function refuseUndeclared(result: Readonly<Record<string, unknown>>, declared: ReadonlySet<string>): void {
  for (const name of Object.keys(result)) {
    if (declared.has(name)) continue;
    throw new Error(`its function returns "${name}", which is not declared (${[...declared].join(", ")})`);
  }
}

function positionOf(plan: RequestPlan, from: "stored" | "computed", index: number, feature: FeatureModel): number {
  const features = from === "stored" ? plan.stored[index]?.features : plan.computed[index]?.view.features;
  return features?.findIndex((f) => f.name === feature.name) ?? -1;
}
