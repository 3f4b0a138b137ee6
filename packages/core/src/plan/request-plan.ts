import type {
  ColumnModel,
  FeatureModel,
  PlainViewModel,
  RequestViewModel,
  ServiceModel,
  ViewReference,
  WindowedViewModel,
} from "../definition/model.ts";
import { didYouMean } from "../definition/read.ts";
import { AsofError } from "../error/error.ts";
import { internName } from "../platform/intern-name.ts";
import type { ValueType } from "../value/type.ts";

/**
 * What a retrieval needs, resolved from references: which features of which stored views, which request views in which
 * order, and what comes out under which name. Compiled once per (references, registry version); offline and online follow
 * the same plan, so that both answer the same question.
 */
export interface RequestPlan {
  readonly stored: readonly StoredUse[];
  /** Request views, each after those that feed it. */
  readonly computed: readonly ComputedUse[];
  /** What was asked for, in the order asked. */
  readonly outputs: readonly RequestOutput[];
  /** Key columns of the spine or the request rows, in order of first use. */
  readonly keyColumns: readonly { readonly column: string; readonly type: ValueType }[];
  /** Fields that request views need beside the keys. */
  readonly requestFields: readonly ColumnModel[];
}

/** One stored view under one choice of keys and age limit. */
export interface StoredUse {
  readonly view: PlainViewModel | WindowedViewModel;
  /** The version asked for by its number; absent = the active one. `view` is then its definition. */
  readonly version?: number;
  /** The project that owns the view; absent = the one at hand. */
  readonly project?: string;
  /** The name in results, or null when only request views use it. */
  readonly name: string | null;
  readonly keys: readonly { readonly key: string; readonly column: string; readonly type: ValueType }[];
  /** The smaller of the view's ttl and the use's maxAge; null = unbounded. */
  readonly ttlUs: number | null;
  /** Features read, asked for or needed by a request view, in the view's order. */
  readonly features: readonly FeatureModel[];
}

/** One request view and where its inputs come from. */
export interface ComputedUse {
  readonly view: RequestViewModel;
  readonly name: string | null;
  readonly inputs: readonly ComputedInput[];
}

export interface ComputedInput {
  /** The property under which `compute` finds it: the name of the view as referenced. */
  readonly name: string;
  readonly from: "stored" | "computed";
  /** Index into `stored` or `computed`. */
  readonly index: number;
  readonly features: readonly FeatureModel[];
}

export interface RequestOutput {
  readonly viewName: string;
  readonly feature: FeatureModel;
  /** Column name in flat results: `feature`, or `view__feature` with full names. */
  readonly flatName: string;
  readonly from: "stored" | "computed";
  readonly index: number;
}

export interface RequestPlanOptions {
  /** Columns named `view__feature` instead of `feature`. */
  readonly fullFeatureNames?: boolean;
}

/** Resolves references into a plan. Throws ASOF_NAME_COLLISION naming both features, ASOF_FEATURE_UNKNOWN, ASOF_CYCLE. */
export function planRequest(asked: ServiceModel | readonly ViewReference[], options: RequestPlanOptions = {}): RequestPlan {
  const references = isService(asked) ? asked.views : asked;
  const builder = new PlanBuilder();
  const outputs: RequestOutput[] = [];
  const named = new Map<string, Used>();
  for (const reference of references) {
    const used = builder.use(reference, reference.name, []);
    refuseSecondRead(reference.name, named.get(reference.name), used);
    named.set(reference.name, used);
    for (const feature of used.features) {
      outputs.push({
        viewName: reference.name,
        feature,
        flatName: options.fullFeatureNames === true ? `${reference.name}__${feature.name}` : feature.name,
        from: used.from,
        index: used.index,
      });
    }
  }
  refuseCollisions(outputs, options.fullFeatureNames === true);
  return { ...builder.finish(), outputs };
}

function isService(asked: ServiceModel | readonly ViewReference[]): asked is ServiceModel {
  return !Array.isArray(asked);
}

/** Answers are grouped by name: two different reads under one name could not be told apart. */
function refuseSecondRead(name: string, other: Used | undefined, used: Used): void {
  if (other === undefined || (other.from === used.from && other.index === used.index)) return;
  throw new AsofError("ASOF_NAME_COLLISION", `"${name}" is asked for twice, with different views, keys or age limits.`, {
    path: `features.${name}`,
    value: name,
    fix: `Give one of them another name: .as("${name}_2").`,
  });
}

function refuseCollisions(outputs: readonly RequestOutput[], fullNames: boolean): void {
  const seen = new Map<string, RequestOutput>();
  for (const output of outputs) {
    const other = seen.get(output.flatName);
    if (other !== undefined) {
      throw new AsofError(
        "ASOF_NAME_COLLISION",
        `Features "${other.viewName}:${other.feature.name}" and "${output.viewName}:${output.feature.name}" both come out as "${output.flatName}".`,
        {
          path: `${output.viewName}:${output.feature.name}`,
          value: output.flatName,
          fix: fullNames
            ? "Pick each feature once, and give one of the views another name with .as(…)."
            : "Ask for full feature names, or pick other features.",
        },
      );
    }
    seen.set(output.flatName, output);
  }
}

interface Used {
  readonly from: "stored" | "computed";
  readonly index: number;
  readonly features: readonly FeatureModel[];
}

interface StoredDraft {
  readonly use: Omit<StoredUse, "features">;
  readonly identity: string;
  readonly wanted: Set<string>;
}

/** Collects uses; views used alike (same view, keys and age limit) are read once. */
class PlanBuilder {
  readonly #stored: (StoredDraft & { use: Omit<StoredUse, "features"> & { name: string | null } })[] = [];
  readonly #computed: { view: RequestViewModel; name: string | null; inputs: ComputedInput[]; identity: string }[] = [];
  readonly #requestFields = new Map<string, ColumnModel>();

  use(reference: ViewReference, name: string | null, path: readonly string[]): Used {
    const features = chooseFeatures(reference);
    if (reference.view.form === "request") {
      return { from: "computed", index: this.#useComputed(reference.view, reference, name, path), features };
    }
    return { from: "stored", index: this.#useStored(reference.view, reference, name, features), features };
  }

  finish(): Omit<RequestPlan, "outputs"> {
    const stored = this.#stored.map(({ use, wanted }) => ({ ...use, features: use.view.features.filter((f) => wanted.has(f.name)) }));
    const keyColumns = new Map<string, ValueType>();
    for (const use of stored) {
      for (const key of use.keys) if (!keyColumns.has(key.column)) keyColumns.set(key.column, key.type);
    }
    return {
      stored,
      computed: this.#computed.map(({ view, name, inputs }) => ({ view, name, inputs })),
      keyColumns: [...keyColumns].map(([column, type]) => ({ column: internName(column), type })),
      requestFields: [...this.#requestFields.values()].map((field) => ({ ...field, name: internName(field.name) })),
    };
  }

  #useStored(
    view: PlainViewModel | WindowedViewModel,
    reference: ViewReference,
    name: string | null,
    features: readonly FeatureModel[],
  ): number {
    const keys = view.entities.flatMap((entity) =>
      entity.keys.map((key) => ({ key: key.name, column: columnOf(reference, key.name), type: key.type })),
    );
    const ttlUs = view.form === "plain" ? smaller(view.ttlUs, reference.maxAgeUs) : null;
    const identity = JSON.stringify([view.name, keys.map((k) => k.column), ttlUs, reference.version ?? null, reference.project ?? null]);
    // Two aliases of one view with the same keys are different results but the same read.
    let index = this.#stored.findIndex((draft) => draft.identity === identity);
    if (index === -1) {
      const { version, project } = reference;
      const owner = { ...(version === undefined ? {} : { version }), ...(project === undefined ? {} : { project }) };
      index = this.#stored.push({ use: { view, name, keys, ttlUs, ...owner }, identity, wanted: new Set() }) - 1;
    }
    const draft = this.#stored[index];
    if (draft !== undefined) {
      if (draft.use.name === null && name !== null) draft.use = { ...draft.use, name };
      for (const feature of features) draft.wanted.add(feature.name);
    }
    return index;
  }

  #useComputed(view: RequestViewModel, reference: ViewReference, name: string | null, path: readonly string[]): number {
    if (path.includes(view.name)) {
      throw new AsofError("ASOF_CYCLE", `Request views depend on each other in a circle: ${[...path, view.name].join(" → ")}.`, {
        path: view.name,
        fix: "Remove one of these inputs.",
      });
    }
    const identity = JSON.stringify([view.name, Object.entries(reference.keys).sort()]);
    const known = this.#computed.findIndex((draft) => draft.identity === identity);
    if (known !== -1) {
      const draft = this.#computed[known];
      if (draft !== undefined && draft.name === null) draft.name = name;
      return known;
    }
    const inputs = view.inputs.map((input): ComputedInput => {
      const renamed = { ...input, keys: composeKeys(input, reference) };
      const used = this.use(renamed, null, [...path, view.name]);
      return { name: input.name, from: used.from, index: used.index, features: used.features };
    });
    for (const field of view.request) this.#requestFields.set(field.name, field);
    return this.#computed.push({ view, name, inputs, identity }) - 1;
  }
}

/** The column from which a use reads a key. A key may be called `constructor`, which every object inherits. */
function columnOf(use: ViewReference, key: string): string {
  return Object.hasOwn(use.keys, key) ? (use.keys[key] ?? key) : key;
}

/** Keys renamed on a request view reach its inputs: an input's column that the use renames takes the new name. */
function composeKeys(input: ViewReference, use: ViewReference): Readonly<Record<string, string>> {
  if (Object.keys(use.keys).length === 0) return input.keys;
  const keys: Record<string, string> = {};
  for (const key of entityKeysOf(input)) {
    keys[key] = columnOf(use, columnOf(input, key));
  }
  return keys;
}

function entityKeysOf(reference: ViewReference): readonly string[] {
  if (reference.view.form !== "request") return reference.view.entities.flatMap((e) => e.keys.map((k) => k.name));
  return reference.view.inputs.flatMap((input) => entityKeysOf(input).map((key) => columnOf(input, key)));
}

function chooseFeatures(reference: ViewReference): readonly FeatureModel[] {
  if (reference.features === null) return reference.view.features;
  return reference.features.map((name) => {
    const feature = reference.view.features.find((f) => f.name === name);
    if (feature !== undefined) return feature;
    const names = reference.view.features.map((f) => f.name);
    const message = `Feature view "${reference.view.name}" has no feature "${name}". It has: ${names.join(", ")}.`;
    const fix = `${didYouMean(name, names)}Fix the reference, or add the feature and run \`asof apply\`.`;
    throw new AsofError("ASOF_FEATURE_UNKNOWN", message, { path: `${reference.view.name}:${name}`, value: name, fix });
  });
}

function smaller(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
