import type { AnyLabel } from "./label.ts";
import type { ViewReference } from "./model.ts";
import { payloadOf } from "./payload.ts";
import type { IssueList } from "./read.ts";
import { describe } from "./read-columns.ts";
import { viewReference } from "./view.ts";

/** Reads a list of views. An `undefined` one is what a circle of module imports leaves behind. */
export function readReferences(views: unknown, path: string, list: IssueList): readonly ViewReference[] {
  if (!Array.isArray(views)) {
    list.add("ASOF_DEFINITION_INVALID", path, views, "Views are given as a list.", "Write [basketActivity, …].");
    return [];
  }
  const references: ViewReference[] = [];
  for (const [i, view] of views.entries()) {
    const reference = viewReference(view);
    if (reference !== null) {
      references.push(reference);
      list.inherit(view);
    } else if (view === undefined) {
      const message = "This view is undefined here: the modules that define it and this object import each other in a circle.";
      list.add("ASOF_CYCLE", `${path}[${i}]`, undefined, message, "Define them in one module, or remove one of the imports.");
    } else if (isLabel(view)) {
      const message = `This is the label "${view.name}": what is to be predicted is not known at a row's time, and as a feature it would leak.`;
      list.add("ASOF_DEFINITION_INVALID", `${path}[${i}]`, view.name, message, "Ask for it with `labels` when making a training set.");
    } else {
      list.add("ASOF_DEFINITION_INVALID", `${path}[${i}]`, undefined, `This is ${describe(view)}, not a feature view.`, "Give a view.");
    }
  }
  return Object.freeze(references);
}

/** Whether a value is a label, which is refused wherever features are read. */
export function isLabel(value: unknown): value is AnyLabel {
  const payload = payloadOf(value);
  return payload?.of === "definition" && payload.model.kind === "label";
}
