import type { RecordKind } from "../store/registry.ts";
import type { Json } from "../value/json.ts";
import { memberOf, numberAt, objectAt, objectsAt, readObject, textAt, textsAt } from "./read-json.ts";

/** What a registered object refers to, by name, read from its spec without decoding the rest. */
export interface References {
  readonly entities: readonly string[];
  readonly source: string | null;
  /** Of views of the same project. */
  readonly views: readonly UsedView[];
  /** Of views that other projects own. */
  readonly foreign: readonly (UsedView & { readonly project: string })[];
}

export interface UsedView {
  readonly view: string;
  /** Null = all of them. */
  readonly features: readonly string[] | null;
  /** Null = the active one. */
  readonly version: number | null;
}

const none: References = { entities: [], source: null, views: [], foreign: [] };

/** References of a spec as `encodeDefinition` made it. */
export function referencesOf(kind: RecordKind, name: string, spec: Json): References {
  if (kind !== "feature_view" && kind !== "feature_service" && kind !== "label") return none;
  const data = objectAt(readObject(spec, `${kind} "${name}"`), "data");
  if (memberOf(data, "source") !== undefined) {
    return {
      ...none,
      entities: objectsAt(data, "entities").map((e) => textAt(e, "name")),
      source: textAt(objectAt(data, "source"), "name"),
    };
  }
  const used = objectsAt(data, kind === "feature_service" ? "views" : "inputs").map((r) => ({
    view: textAt(r, "view"),
    features: memberOf(r, "features") === null ? null : textsAt(r, "features"),
    version: memberOf(r, "version") === undefined ? null : numberAt(r, "version"),
    project: memberOf(r, "project") === undefined ? null : textAt(r, "project"),
  }));
  return {
    ...none,
    views: used.flatMap(({ project, ...use }) => (project === null ? [use] : [])),
    foreign: used.flatMap((use) => (use.project === null ? [] : [{ ...use, project: use.project }])),
  };
}

/** Names of the features of a view's spec. */
export function featureNamesOf(name: string, spec: Json): ReadonlySet<string> {
  const data = objectAt(readObject(spec, `feature_view "${name}"`), "data");
  return new Set(Object.keys(objectAt(data, "features").members));
}
