import type { PlainViewModel, SourceModel } from "./model.ts";

const elsewhere: SourceModel = Object.freeze({
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

/** Stands for a view of another project, whose definition is looked up in that project's part of the registry before it is used. */
export function foreignView(name: string): PlainViewModel {
  return Object.freeze({ kind: "view", form: "plain", name, entities: [], source: elsewhere, ttlUs: null, features: [], meta: {} });
}
