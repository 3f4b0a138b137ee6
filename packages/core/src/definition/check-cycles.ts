import type { ViewModel } from "./model.ts";
import type { IssueList } from "./read.ts";

/** Reports each circle of request views, once. Views are followed by name: two objects of one name are an issue of their own. */
export function checkCycles(views: readonly ViewModel[], list: IssueList): void {
  const byName = new Map(views.map((v) => [v.name, v]));
  const done = new Set<string>();
  const visit = (name: string, above: readonly string[]): void => {
    const start = above.indexOf(name);
    if (start !== -1) {
      const circle = [...above.slice(start), name];
      const message = `Request views depend on each other in a circle: ${circle.join(" → ")}.`;
      list.add("ASOF_CYCLE", `feature_views.${name}.inputs`, name, message, "Remove one of these inputs.");
      return;
    }
    if (done.has(name)) return;
    const view = byName.get(name);
    if (view?.form === "request") for (const input of view.inputs) visit(input.view.name, [...above, name]);
    done.add(name);
  };
  for (const view of views) visit(view.name, []);
}
