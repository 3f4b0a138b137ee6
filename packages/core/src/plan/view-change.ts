import type { ViewModel } from "../definition/model.ts";
import { canonicalJson, equalJson, isJsonObject } from "../registry/canonical-json.ts";
import { encodeDefinition, plainDataOf } from "../registry/encode-definition.ts";
import type { Json } from "../value/json.ts";
import { compareText } from "../value/order.ts";

/** What a change of a stored view's data means for the values that it has stored. */
export interface ViewChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Paths whose change gives stored values another meaning. Empty: the change is in place. */
  readonly rebuild: readonly string[];
  /** Whether services that read the view may answer otherwise, beyond features added and removed. */
  readonly altersAnswers: boolean;
}

/**
 * Compares two definitions of a stored view. In place are: features added and removed, `ttl` (applied when values are read),
 * whether a feature is nullable, and another name for an entity or a batch source that says the same. A feature that rows
 * written earlier may still hold under its name (`former`) cannot be added in place: they would be read as the new one.
 */
export function compareViews(before: ViewModel, after: ViewModel, former: ReadonlySet<string>): ViewChange {
  const a = membersOf(plainDataOf(before));
  const b = membersOf(plainDataOf(after));
  const [oldFeatures, newFeatures] = [membersOf(a.get("features")), membersOf(b.get("features"))];
  const names = [...new Set([...oldFeatures.keys(), ...newFeatures.keys()])].sort(compareText);
  const added = names.filter((name) => !oldFeatures.has(name));
  const common = names.filter((name) => oldFeatures.has(name) && newFeatures.has(name));
  const changed = common.filter((name) => !equalJson(meaningOf(oldFeatures.get(name)), meaningOf(newFeatures.get(name))));
  const rebuild = [
    ...(before.form === after.form ? [] : ["form"]),
    ...(sameEntities(before, after) ? [] : ["entities"]),
    ...(sameSource(before, after, a, b) ? [] : ["source"]),
    ...(equalJson(a.get("separableUs") ?? null, b.get("separableUs") ?? null) ? [] : ["separableUs"]),
    ...changed.map((name) => `features.${name}`),
    ...added.filter((name) => former.has(name)).map((name) => `features.${name}`),
  ];
  const altersAnswers = rebuild.length > 0 || !equalJson(a.get("ttlUs") ?? null, b.get("ttlUs") ?? null);
  return { added, removed: names.filter((name) => !newFeatures.has(name)), rebuild, altersAnswers };
}

/** A feature's data without what does not touch stored values. */
function meaningOf(feature: Json | undefined): Json {
  return Object.fromEntries([...membersOf(feature)].filter(([name]) => name !== "nullable"));
}

function sameEntities(before: ViewModel, after: ViewModel): boolean {
  return keysOf(before) === keysOf(after);
}

/** The keys in their order, by name and type: what key bytes are made from. */
function keysOf(view: ViewModel): string {
  return view.form === "request" ? "" : canonicalJson(view.entities.map((e) => encodeDefinition(e).dataFingerprint));
}

function sameSource(before: ViewModel, after: ViewModel, dataBefore: Members, dataAfter: Members): boolean {
  if (before.form === "request" || after.form === "request") return before.form === after.form;
  const [a, b] = [membersOf(dataBefore.get("source")), membersOf(dataAfter.get("source"))];
  if (!equalJson(a.get("fingerprint") ?? null, b.get("fingerprint") ?? null)) return false;
  // The history of pushed and streamed rows is kept under the source's name.
  const isLive = before.source.type === "push" || before.source.stream !== null;
  return before.source.name === after.source.name || !isLive;
}

type Members = ReadonlyMap<string, Json>;

function membersOf(json: Json | undefined): Members {
  return new Map(Object.entries(isJsonObject(json) ? json : {}));
}
