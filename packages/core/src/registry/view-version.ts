import type { RecordKey, RegistryChange } from "../store/registry.ts";
import type { Json } from "../value/json.ts";
import { readObject } from "./read-json.ts";
import type { ServedDefinition } from "./view-state.ts";
import { decodeServed, encodeServed } from "./view-state-codec.ts";

/** A version of a view by name: `churn_features@v1`, as references write it. */
export function printVersion(view: string, version: number): string {
  return `${view}@v${version}`;
}

/** What a reference names, as references are written: `growth/churn_features@v1`. */
export function printUsed(reference: {
  readonly view: { readonly name: string };
  readonly version?: number;
  readonly project?: string;
}): string {
  const { view, version, project } = reference;
  const name = version === undefined ? view.name : printVersion(view.name, version);
  return project === undefined ? name : `${project}/${name}`;
}

/** Splits `growth/view@v1`; the project is null where there is none. */
export function parseUsed(text: string): { readonly project: string | null; readonly view: string; readonly version: number | null } {
  const slash = text.indexOf("/");
  return { project: slash < 1 ? null : text.slice(0, slash), ...parseVersion(text.slice(slash + 1)) };
}

/** Splits `view@v1`; the version is null where there is none. Text behind an `@` that is no version stays part of the name. */
export function parseVersion(text: string): { readonly view: string; readonly version: number | null } {
  const found = /^(.+)@v([0-9]{1,9})$/.exec(text);
  if (found !== null) return { view: found[1] ?? text, version: Number(found[2]) };
  return { view: text.endsWith("@latest") && text.length > 7 ? text.slice(0, -7) : text, version: null };
}

/** The record with the definition that a version had when another one took its place as the registered one. */
function viewVersionKey(project: string, view: string, version: number): RecordKey {
  return { project, kind: "view_version", name: printVersion(view, version) };
}

/** A change that writes the record. It goes with a change of the view's state, whose revision guards both. */
export function putViewVersion(project: string, view: string, version: number, definition: ServedDefinition): RegistryChange {
  const key = viewVersionKey(project, view, version);
  const spec: Json = encodeServed(definition);
  return { op: "put", ifRevision: null, ...key, repository: "", dataFingerprint: "", metadataFingerprint: "", spec };
}

/** Reads the spec of a `view_version` record. */
export function decodeViewVersion(name: string, spec: Json): ServedDefinition {
  return decodeServed(readObject(spec, `view version "${name}"`));
}
