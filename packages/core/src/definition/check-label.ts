import { checkView } from "./check-view.ts";
import { viewOfLabel } from "./label.ts";
import type { LabelModel } from "./model.ts";
import type { IssueList } from "./read.ts";

/** Checks one label against its source and entities. */
export function checkLabel(label: LabelModel, list: IssueList): void {
  const path = `labels.${label.name}`;
  checkView(viewOfLabel({ ...label, ttlUs: label.source.eventTime === null ? null : label.ttlUs }), list, path);
  if (label.source.eventTime !== null || label.source.name === "") return;
  const message = `A label needs the event time of its rows, but source "${label.source.name}" declares none.`;
  list.add("ASOF_DEFINITION_INVALID", `${path}.source`, label.source.name, message, "Give the source an eventTime.");
}
