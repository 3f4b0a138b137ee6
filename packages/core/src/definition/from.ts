import { foreignView } from "./foreign-view.ts";
import { IssueList } from "./read.ts";
import { describe } from "./read-columns.ts";
import { type AnyView, makeView, useOfProject, type View, viewReference } from "./view.ts";

/**
 * A view that another project of the same registry owns and shares: `from("growth", churnFeatures)`, with the view imported from that
 * project's definitions. It is not defined by the project that uses it; what it means is looked up in the owner's part of the
 * registry. Services and request views may use it as any other.
 */
export function from<Name extends string, Keys, Values, Request>(
  project: string,
  view: View<Name, Keys, Values, Request>,
): View<Name, Keys, Values, Request>;
export function from(project: unknown, view: unknown): AnyView {
  const list = new IssueList();
  const reference = viewReference(view);
  const path = `from.${reference?.view.name ?? "view"}`;
  const owner = typeof project === "string" && project !== "" ? project : null;
  if (owner === null) {
    list.add(
      "ASOF_DEFINITION_INVALID",
      path,
      project,
      "from takes the project that owns the view.",
      'Write from("growth", churnFeatures).',
    );
  }
  if (reference === null) {
    list.add("ASOF_DEFINITION_INVALID", path, undefined, `This is ${describe(view)}, not a feature view.`, "Give a view of that project.");
    return makeView(foreignView("view"), list.issues);
  }
  list.inherit(view);
  if (reference.view.form === "request") {
    const message = `"${reference.view.name}" is a request view: a function of its project's code, which no registry holds.`;
    list.add(
      "ASOF_DEFINITION_INVALID",
      path,
      undefined,
      message,
      "Share the views that it reads, and define a request view over them here.",
    );
  }
  return useOfProject(reference, owner ?? "", list.issues);
}
