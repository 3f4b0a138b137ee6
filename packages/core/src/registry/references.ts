import type { RecordKind } from "../store/registry.ts";
import type { Json } from "../value/json.ts";
import { memberOf, numberAt, objectAt, objectsAt, readObject, textAt, textsAt } from "./read-json.ts";

/** What a registered object refers to, by name, read from its spec without decoding the rest. */
export interface References {
  readonly entities: readonly string[];
  readonly source: string | null;
  /** `features` null = all of them; `version` null = the active one. */
  readonly views: readonly { readonly view: string; readonly features: readonly string[] | null; readonly version: number | null }[];
}

const none: References = { entities: [], source: null, views: [] };

/** References of a spec as `encodeDefinition` made it. */
export function referencesOf(kind: RecordKind, name: string, spec: Json): References {
  if (kind !== "feature_view" && kind !== "feature_service") return none;
  const data = objectAt(readObject(spec, `${kind} "${name}"`), "data");
  const isTable = memberOf(data, "source") !== undefined;
  const member = kind === "feature_service" ? "views" : "inputs";
  return {
    entities: isTable ? objectsAt(data, "entities").map((e) => textAt(e, "name")) : [],
    source: isTable ? textAt(objectAt(data, "source"), "name") : null,
    views: isTable
      ? []
      : objectsAt(data, member).map((r) => ({
          view: textAt(r, "view"),
          features: memberOf(r, "features") === null ? null : textsAt(r, "features"),
          version: memberOf(r, "version") === undefined ? null : numberAt(r, "version"),
        })),
  };
}

/** Names of the features of a view's spec. */
export function featureNamesOf(name: string, spec: Json): ReadonlySet<string> {
  const data = objectAt(readObject(spec, `feature_view "${name}"`), "data");
  return new Set(Object.keys(objectAt(data, "features").members));
}
