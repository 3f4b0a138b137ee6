import type { RepositoryModel } from "../definition/model.ts";
import { nearest } from "../definition/read.ts";
import { AsofError } from "../error/error.ts";
import type { PlanOptions } from "./plan.ts";
import type { Registered } from "./registered.ts";
import { objectsOf } from "./write.ts";

/** ASOF_OBJECT_UNKNOWN where an option names what is neither defined nor registered: a plan must not pass over a typo. */
export function checkNamed(registered: Registered, model: RepositoryModel, { recreate, adopt }: PlanOptions): void {
  const registeredViews = registered.records("feature_view").map((record) => record.name);
  checkNames("recreate", recreate, "feature view", [...model.views.map((view) => view.name), ...registeredViews]);
  const defined = [...objectsOf(model)].map(({ model: object }) => object.name);
  checkNames("adopt", adopt, "object", defined);
}

function checkNames(option: string, given: boolean | readonly string[] | undefined, what: string, known: readonly string[]): void {
  for (const name of Array.isArray(given) ? given : []) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw new AsofError("ASOF_OBJECT_UNKNOWN", `There is no ${what} "${name}" to ${option}.`, {
      path: option,
      value: name,
      fix: near === null ? `Known are: ${[...new Set(known)].sort().join(", ") || "none"}.` : `Did you mean "${near}"?`,
    });
  }
}
