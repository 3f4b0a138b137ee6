import type { FeatureStatus } from "../definition/retrieval-types.ts";
import type { RequestOutput, RequestPlan } from "../plan/request-plan.ts";
import { compileObject, type ObjectMaker } from "../platform/compile-object.ts";
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
    const { views, makeRow } = rowShapeOf(plan);
    const parts = new Array<Record<string, Value>>(views.length);
    const rows = new Array<AnsweredRow>(rowCount);
    for (let row = 0; row < rowCount; row++) {
      for (let v = 0; v < views.length; v++) {
        const view = views[v];
        if (view === undefined) continue;
        const values = view.isStored ? stored[view.index]?.valuesOf(row) : computed[row]?.[view.index];
        parts[v] = view.make(values ?? view.nothing);
      }
      rows[row] = makeRow(parts);
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

/** How the rows of a plan's answers look. */
interface RowShape {
  readonly views: readonly ViewShape[];
  readonly makeRow: (parts: readonly Record<string, Value>[]) => AnsweredRow;
}

interface ViewShape {
  readonly isStored: boolean;
  /** Into the plan's stored or computed uses. */
  readonly index: number;
  readonly make: ObjectMaker<Value>;
  /** What a row is made of where there is none. */
  readonly nothing: readonly null[];
}

const shapes = new WeakMap<RequestPlan, RowShape>();

/** Outputs by view, with their places in the use's values; worked out once per plan. */
function rowShapeOf(plan: RequestPlan): RowShape {
  const known = shapes.get(plan);
  if (known !== undefined) return known;
  const byView = [...Map.groupBy(plan.outputs, (output) => output.viewName)];
  const views = byView.flatMap(([, outputs]): ViewShape[] => {
    const [first] = outputs;
    return first === undefined ? [] : [viewShape(plan, first, outputs)];
  });
  const makeRow = compileObject<Record<string, Value>>(
    byView.map(([name]) => name),
    byView.map((_, i) => i),
  );
  // Each view has its part, so that none is null.
  const shape: RowShape = { views, makeRow: makeRow as RowShape["makeRow"] };
  shapes.set(plan, shape);
  return shape;
}

function viewShape(plan: RequestPlan, { from, index }: RequestOutput, outputs: readonly RequestOutput[]): ViewShape {
  const features = (from === "stored" ? plan.stored[index]?.features : plan.computed[index]?.view.features) ?? [];
  const places = outputs.map((output) => features.findIndex((f) => f.name === output.feature.name));
  const names = outputs.map((output) => output.feature.name);
  return { isStored: from === "stored", index, make: compileObject<Value>(names, places), nothing: features.map(() => null) };
}
