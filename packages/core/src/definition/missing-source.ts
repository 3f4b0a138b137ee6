import type { SourceModel } from "./model.ts";

/** Stands for a source that was not given, or that is looked up elsewhere before it is used. */
export const missingSource: SourceModel = Object.freeze({
  kind: "source",
  type: "sql",
  name: "",
  query: "",
  eventTime: null,
  createdTime: null,
  eventId: null,
  columns: [],
  mapping: {},
  stream: null,
  meta: {},
});
