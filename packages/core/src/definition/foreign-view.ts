import { missingSource } from "./missing-source.ts";
import type { PlainViewModel } from "./model.ts";

/** Stands for a view of another project, whose definition is looked up in that project's part of the registry before it is used. */
export function foreignView(name: string): PlainViewModel {
  return Object.freeze({ kind: "view", form: "plain", name, entities: [], source: missingSource, ttlUs: null, features: [], meta: {} });
}
