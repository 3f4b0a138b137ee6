import { viewOfLabel } from "../definition/label.ts";
import type { LabelModel } from "../definition/model.ts";
import { AsofError } from "../error/error.ts";
import type { RequestPlan, StoredUse } from "../plan/request-plan.ts";
import type { History, Immature, SpinePlan, ViewJoin } from "../point-in-time/join-plan.ts";
import type { ColumnInfo } from "../store/offline.ts";

/** What a retrieval asks of labels. */
export interface LabelQuery {
  /** Labels to come out beside the features. */
  readonly labels?: readonly LabelModel[] | undefined;
  /** What becomes of rows whose label is not final yet; default `"keep"`, with null. */
  readonly immature?: Immature | undefined;
  /** Up to when the sources of the labels are known; default as far as their rows tell. */
  readonly labelsKnownUntilUs?: number | undefined;
}

/** The labels of a retrieval as joins. Their columns come out by their own names, or `label__column` with full names. */
export function planLabels(
  query: LabelQuery & { readonly fullFeatureNames?: boolean | undefined },
  about: {
    readonly request: RequestPlan;
    readonly spineColumns: readonly ColumnInfo[];
    readonly nowUs: number;
    readonly historyOf: (label: LabelModel) => History;
  },
): readonly ViewJoin[] {
  const taken = new Map(about.request.outputs.map((o) => [o.flatName, `feature "${o.viewName}:${o.feature.name}"`]));
  for (const { name } of about.spineColumns) taken.set(name, `the spine's column "${name}"`);
  return (query.labels ?? []).map((label): ViewJoin => {
    const features = label.features.map((feature) => {
      const output = query.fullFeatureNames === true ? `${label.name}__${feature.name}` : feature.name;
      refuseTaken(taken, label, feature.name, output);
      taken.set(output, `label "${label.name}:${feature.name}"`);
      return { feature, output };
    });
    const keys = label.entities.flatMap((e) => e.keys.map(({ name, type }) => ({ key: name, spineColumn: name, type })));
    for (const { spineColumn } of keys) requireKey(about.spineColumns, label, spineColumn);
    return {
      view: viewOfLabel(label),
      history: about.historyOf(label),
      keys,
      ttlUs: label.ttlUs,
      features,
      label: { delayUs: label.delayUs, knownUntilUs: query.labelsKnownUntilUs ?? null, nowUs: about.nowUs },
    };
  });
}

/** A label's join as a use of a view, which it is in all but its time. */
export function useOfLabel({ view, keys, ttlUs, features }: ViewJoin): StoredUse {
  const columns = keys.map(({ key, spineColumn, type }) => ({ key, column: spineColumn, type }));
  return { view, name: view.name, keys: columns, ttlUs, features: features.map((f) => f.feature) };
}

/** The plan's spine keys with those that only labels use. */
export function withLabelKeys(keys: SpinePlan["keys"], labels: readonly ViewJoin[]): SpinePlan["keys"] {
  const known = new Set(keys.map((k) => k.column));
  const more = new Map(labels.flatMap((l) => l.keys.map((k) => [k.spineColumn, { column: k.spineColumn, type: k.type }] as const)));
  return [...keys, ...[...more.values()].filter((k) => !known.has(k.column))];
}

function refuseTaken(taken: ReadonlyMap<string, string>, label: LabelModel, column: string, output: string): void {
  const other = taken.get(output);
  if (other === undefined) return;
  throw new AsofError("ASOF_NAME_COLLISION", `Label "${label.name}:${column}" comes out as "${output}", and so does ${other}.`, {
    path: `labels.${label.name}`,
    value: output,
    fix: "Ask for full feature names, or rename one of them.",
  });
}

function requireKey(columns: readonly ColumnInfo[], label: LabelModel, key: string): void {
  if (columns.some((c) => c.name === key)) return;
  throw new AsofError(
    "ASOF_SPINE_INVALID",
    `The rows have no column for the key "${key}" of label "${label.name}". They have: ${columns.map((c) => c.name).join(", ")}.`,
    {
      path: "spine",
      value: key,
      fix: "Add the column, or leave the label out.",
    },
  );
}
