import type { FeatureModel, ServiceModel, ViewReference } from "../definition/model.ts";
import { planRequest, type RequestOutput, type RequestPlan } from "../plan/request-plan.ts";
import type { RunOptions, SpineInput } from "../store/offline.ts";
import { equalValues } from "../value/equality.ts";
import { equalAggregate } from "../value/equality-float.ts";
import { compileNormalizer } from "../value/normalize.ts";
import type { Value } from "../value/type.ts";
import { type HistoricalContext, planHistorical, runHistorical } from "./historical.ts";
import type { EntityRow } from "./online.ts";
import type { OnlineAnswer } from "./online-answer.ts";

export interface ParityRequest extends RunOptions {
  readonly asked: ServiceModel | readonly ViewReference[];
  readonly entities: readonly EntityRow[];
  /** Both sides are asked as of this instant, or of each of these, UTC µs: one retrieval answers all of them. */
  readonly atUs: number | readonly number[];
  /** Called with the training side's values of each row, in the order of the outputs. Rows: all entities at the first instant, then the next. */
  readonly onOffline?: ((row: number, values: readonly Value[]) => void) | undefined;
}

/** What the comparison needs of an answer, wherever it was given. */
export type ServedAnswer = Pick<OnlineAnswer, "rows" | "statuses">;

/** One value that differs. */
export interface ParityMismatch {
  /** `view:feature`. */
  readonly feature: string;
  readonly entity: EntityRow;
  readonly atUs: number;
  readonly offline: Value;
  readonly online: Value;
  readonly status: string;
}

export interface ParityReport {
  /** Values compared: rows × features. */
  readonly compared: number;
  /** How many of them agree to the last bit; the others agree within the bound of float aggregates. */
  readonly identical: number;
  readonly mismatches: readonly ParityMismatch[];
}

/**
 * Asks the same question of training and of serving and compares every value. The training side is computed by the engine from
 * history; `readOnline` answers from the online store, possibly in another process.
 */
export async function compareParity(
  context: HistoricalContext,
  request: ParityRequest,
  readOnline: (entities: readonly EntityRow[], atUs: number) => Promise<ServedAnswer>,
): Promise<ParityReport> {
  const instants = typeof request.atUs === "number" ? [request.atUs] : request.atUs;
  const { entities } = request;
  const spine: SpineInput = { kind: "rows", ...typedRows(request, instants) };
  const planned = await planHistorical(context, { asked: request.asked, spine, bounds: true, fullFeatureNames: true });
  const answers: ServedAnswer[] = [];
  for (const atUs of instants) {
    const { rows, statuses } = await readOnline(entities, atUs);
    answers.push({ rows, statuses });
  }
  await using training = await runHistorical(context, planned, request);
  const judge = new Judge(planned.request);
  let row = 0;
  for await (const batch of training.batches(request)) {
    const columns = new Map(batch.columns.map((c) => [c.name, c]));
    for (let i = 0; i < batch.rowCount; i++, row++) {
      const place = row % entities.length;
      const answer = answers[Math.floor(row / entities.length)];
      const atUs = instants[Math.floor(row / entities.length)] ?? 0;
      const online = answer?.rows[place] ?? {};
      const entity = entities[place] ?? {};
      request.onOffline?.(
        row,
        planned.request.outputs.map((output) => columns.get(output.flatName)?.get(i) ?? null),
      );
      for (const output of planned.request.outputs) {
        const at = (suffix: string): Value => columns.get(`${output.flatName}${suffix}`)?.get(i) ?? null;
        const served = online[output.viewName]?.[output.feature.name] ?? null;
        const status = answer?.statuses[place]?.[output.viewName]?.[output.feature.name] ?? "NOT_FOUND";
        judge.compare(
          output,
          { offline: at(""), online: served, n: Number(at("__n") ?? 0), absSum: Number(at("__abs") ?? 0) },
          { entity, status, row, atUs },
        );
      }
    }
  }
  return judge.report();
}

/**
 * A spine of every entity at every instant, typed and normalized by what the asked views declare for their keys and request fields, as
 * serving does: both sides read the same entity.
 */
function typedRows(request: ParityRequest, instants: readonly number[]) {
  const { keyColumns, requestFields } = planRequest(request.asked, { fullFeatureNames: true });
  const types = new Map<string, FeatureModel["type"]>(requestFields.map((f) => [f.name, f.type]));
  for (const { column, type } of keyColumns) types.set(column, type);
  const names = [...new Set(request.entities.flatMap((row) => Object.keys(row)))];
  const columns = names.map((name) => ({ name, type: types.get(name) ?? ({ kind: "string" } as const) }));
  const normalizers = columns.map(({ type }) => compileNormalizer(type, true));
  const keyed = request.entities.map((row, i) =>
    names.map((name, column) => normalizers[column]?.(row[name] ?? null, `entities[${i}].${name}`) ?? null),
  );
  return {
    columns: [...columns, { name: "event_timestamp", type: { kind: "timestamp" } as const }],
    rows: instants.flatMap((atUs) => keyed.map((values): readonly Value[] => [...values, atUs])),
  };
}

interface Pair {
  readonly offline: Value;
  readonly online: Value;
  readonly n: number;
  readonly absSum: number;
}

/** Counts and keeps what differs. */
class Judge {
  readonly #plan: RequestPlan;
  readonly #inexactRows = new Set<number>();
  readonly #mismatches: ParityMismatch[] = [];
  #compared = 0;
  #identical = 0;

  constructor(plan: RequestPlan) {
    this.#plan = plan;
  }

  compare(output: RequestOutput, pair: Pair, where: { entity: EntityRow; status: string; row: number; atUs: number }): void {
    this.#compared++;
    const verdict = this.#verdict(output, pair, where.row);
    if (verdict === "identical") this.#identical++;
    if (verdict === "equal") this.#inexactRows.add(where.row);
    if (verdict === "different") {
      const feature = `${output.viewName}:${output.feature.name}`;
      this.#mismatches.push({
        feature,
        entity: where.entity,
        atUs: where.atUs,
        offline: pair.offline,
        online: pair.online,
        status: where.status,
      });
    }
  }

  #verdict(output: RequestOutput, pair: Pair, row: number): "identical" | "equal" | "different" {
    const { feature } = output;
    if (feature.kind === "aggregate") {
      return equalAggregate(feature.aggregate.function, feature.type, pair.offline, pair.online, { n: pair.n, absSum: pair.absSum });
    }
    if (equalValues(feature.type, pair.offline, pair.online)) return "identical";
    // A request view's output may differ where one of its float inputs differs within its bound; the inputs are compared themselves.
    return output.from === "computed" && this.#readsFloats(output) && this.#inexactRows.has(row) ? "equal" : "different";
  }

  #readsFloats(output: RequestOutput): boolean {
    return this.#plan.computed[output.index]?.inputs.some((input) => input.features.some((f) => f.type.kind === "float64")) ?? false;
  }

  report(): ParityReport {
    return { compared: this.#compared, identical: this.#identical, mismatches: this.#mismatches };
  }
}
