import type { FeatureStatus } from "../definition/retrieval-types.ts";
import type { RequestOutput, RequestPlan } from "../plan/request-plan.ts";
import { internName } from "../platform/intern-name.ts";
import type { Value } from "../value/type.ts";
import type { UseAnswer } from "./online.ts";

/** One answered row: view name → feature → value. */
export type AnsweredRow = Readonly<Record<string, Readonly<Record<string, Value>>>>;

/** The answer to an online request, in the request's order of rows and features. Statuses and times are built when asked for. */
export class OnlineAnswer {
  readonly rows: readonly AnsweredRow[];
  /** The t of this read, UTC µs. */
  readonly asOfUs: number;
  readonly #plan: RequestPlan;
  readonly #stored: readonly UseAnswer[];
  readonly #computed: readonly (readonly (readonly Value[])[])[];

  constructor(
    plan: RequestPlan,
    rowCount: number,
    asOfUs: number,
    stored: readonly UseAnswer[],
    computed: readonly (readonly (readonly Value[])[])[],
  ) {
    this.asOfUs = asOfUs;
    this.#plan = plan;
    this.#stored = stored;
    this.#computed = computed;
    const views = groupOutputs(plan);
    const rows = new Array<AnsweredRow>(rowCount);
    for (let row = 0; row < rowCount; row++) {
      const answered: Record<string, Record<string, Value>> = {};
      for (let v = 0; v < views.length; v++) {
        const view = views[v];
        if (view === undefined) continue;
        const values = view.from === "stored" ? stored[view.index]?.valuesOf(row) : computed[row]?.[view.index];
        answered[view.name] = makeObject(view, values ?? null);
      }
      rows[row] = answered;
    }
    this.rows = rows;
  }

  /** Status of each feature, in the shape of `rows`. A request view's outputs are PRESENT or NULL_VALUE. */
  get statuses(): readonly Readonly<Record<string, Readonly<Record<string, FeatureStatus>>>>[] {
    return this.rows.map((_, row) => {
      const answered: Record<string, Record<string, FeatureStatus>> = {};
      for (const output of this.#plan.outputs) {
        const object = answered[output.viewName] ?? {};
        object[output.feature.name] = this.#status(row, output);
        answered[output.viewName] = object;
      }
      return answered;
    });
  }

  /** Per row and stored view: event time (UTC µs) of the stored row, or of the newest event in a windowed state; else null. */
  get eventTimes(): readonly Readonly<Record<string, number | null>>[] {
    return this.rows.map((_, row) => {
      const times: Record<string, number | null> = {};
      for (const output of this.#plan.outputs) {
        if (output.from === "stored") times[output.viewName] = this.#stored[output.index]?.eventTimeOf(row) ?? null;
      }
      return times;
    });
  }

  /** How many of the stored values that were read, inputs of request views included, are INCOMPLETE. */
  get incompleteCount(): number {
    let count = 0;
    for (const use of this.#stored) count += use.incompleteCount;
    return count;
  }

  #status(row: number, output: RequestOutput): FeatureStatus {
    if (output.from === "computed") {
      const view = this.#plan.computed[output.index]?.view;
      const position = view?.features.findIndex((f) => f.name === output.feature.name) ?? -1;
      return (this.#computed[row]?.[output.index]?.[position] ?? null) === null ? "NULL_VALUE" : "PRESENT";
    }
    const position = this.#plan.stored[output.index]?.features.findIndex((f) => f.name === output.feature.name) ?? -1;
    return this.#stored[output.index]?.statusOf(row, position) ?? "NOT_FOUND";
  }
}

interface OutputGroup {
  readonly name: string;
  readonly from: "stored" | "computed";
  readonly index: number;
  readonly names: string[];
  readonly positions: number[];
}

function makeObject({ names, positions }: OutputGroup, values: readonly (Value | undefined)[] | null): Record<string, Value> {
  const object: Record<string, Value> = {};
  for (let i = 0; i < names.length; i++) object[names[i] ?? ""] = values?.[positions[i] ?? 0] ?? null;
  return object;
}

const grouped = new WeakMap<RequestPlan, readonly OutputGroup[]>();

/** Outputs by view, with their positions in the use's values; worked out once per plan. */
function groupOutputs(plan: RequestPlan): readonly OutputGroup[] {
  const known = grouped.get(plan);
  if (known !== undefined) return known;
  const groups = new Map<string, OutputGroup>();
  for (const output of plan.outputs) {
    const features = output.from === "stored" ? plan.stored[output.index]?.features : plan.computed[output.index]?.view.features;
    const group = groups.get(output.viewName) ?? {
      name: internName(output.viewName),
      from: output.from,
      index: output.index,
      names: [],
      positions: [],
    };
    group.names.push(internName(output.feature.name));
    group.positions.push(features?.findIndex((f) => f.name === output.feature.name) ?? -1);
    groups.set(output.viewName, group);
  }
  const list = [...groups.values()];
  grouped.set(plan, list);
  return list;
}
