import { decodeErasure, type RegistryRecord } from "@asof/core";
import { viewFields, viewMeta } from "../definition/fields.ts";
import { type FeastKind, feastId } from "../definition/objects.ts";
import { readIntervals } from "../mirror/view-meta.ts";
import { Message } from "../wire/message.ts";
import { createdUsOf, type RegistryDocument } from "./document.ts";
import { meaningIn, meaningOf } from "./mark.ts";
import type { AsofState } from "./state.ts";

/** What a copy gave to a file. */
export interface Restored {
  /** Whether the copy is of this registry. */
  readonly isOwn: boolean;
  /** What was added, as text, so that the same is known again; empty where the file or the copy holds as it is. */
  readonly signature: string;
}

/**
 * Completes a file by the copy of what asof wrote last, which Feast never touches. Feast writes a file whole from what it read at some time
 * before, hours perhaps: what asof wrote in between is not in it and is taken from the copy, and what Feast changed stays. A file that is
 * older than the copy was put back by somebody, so it holds; only erasures stay, since a backup must not show what was erased.
 * @param isOurs whether asof was the last to write the file.
 */
export function restoreFromCopy(document: RegistryDocument, copy: RegistryDocument, isOurs: boolean): Restored {
  const [own, kept] = [document.state.header, copy.state.header];
  const isSame = own.registryId === "" ? sharesOrigin(document, copy) : own.registryId === kept.registryId;
  if (!isSame || own.versionId === kept.versionId) return { isOwn: isSame, signature: "" };
  const isOutdated = own.writtenAtUs <= kept.writtenAtUs && (document.lastUpdatedUs ?? 0) >= kept.writtenAtUs;
  if (isOurs || !isOutdated) return { isOwn: true, signature: keepErasures(document.state, copy.state) };
  mergeObjects(document, copy);
  document.addVersionsOf(copy);
  document.takeState(copy);
  return { isOwn: true, signature: "" };
}

/** Whether a file without asof's part is of the registry that the copy is of, and not one that was made anew: times of creation tell. */
function sharesOrigin(document: RegistryDocument, copy: RegistryDocument): boolean {
  return document.objects(null).some((object) => {
    const bytes = copy.bytesOf(object.kind, object.project, object.name);
    const createdUs = createdUsOf(object);
    return createdUs !== null && bytes !== null && createdUs === createdUsOf({ ...object, bytes });
  });
}

/** Adds erasures that the file has not, or has in a form that leaves out less. Returns their names. */
function keepErasures(state: AsofState, copy: AsofState): string {
  const kept = copy.records(null).filter((record) => record.kind === "erasure" && reachOf(record) > reachOf(state.record(record)));
  if (kept.length === 0) return "";
  state.header = { ...state.header, version: state.header.version + 1 };
  for (const record of kept) state.apply({ op: "put", ifRevision: null, ...record }, record.updatedAtUs);
  return kept.map((record) => `${record.name} ${reachOf(record)}`).join("\n");
}

/** Up to which event time an erasure leaves rows out. */
function reachOf(record: RegistryRecord | null): number {
  if (record === null) return Number.NEGATIVE_INFINITY;
  return decodeErasure(record.name, record.spec).untilUs ?? Number.POSITIVE_INFINITY;
}

/** Puts what asof wrote or removed where Feast left what was there before. */
function mergeObjects(document: RegistryDocument, copy: RegistryDocument): void {
  for (const id of copy.state.replaced.keys()) {
    const [kind, project, name] = JSON.parse(id) as [FeastKind, string, string];
    const [theirs, ours] = [document.bytesOf(kind, project, name), copy.bytesOf(kind, project, name)];
    if (theirs === ours || !isOlder(document, copy, { kind, project, name })) continue;
    const bytes = kind === "feature_view" && ours !== null && theirs !== null ? withIntervals(ours, theirs) : ours;
    document.set({ kind, project, name, bytes });
  }
}

/** Whether an object in the file is one that asof replaced since, and not one that Feast changed. */
function isOlder(
  document: RegistryDocument,
  copy: RegistryDocument,
  object: { readonly kind: FeastKind; readonly project: string; readonly name: string },
): boolean {
  const { kind, project, name } = object;
  const id = feastId(object);
  const base = document.state.written.get(id);
  const before = base === undefined ? copy.state.replaced.get(id) : meaningIn(base);
  const theirs = document.bytesOf(kind, project, name);
  if (theirs === null) return before === "";
  const ours = copy.bytesOf(kind, project, name);
  const meaning = meaningOf(kind, theirs);
  return meaning === before || (ours !== null && meaning === meaningOf(kind, ours));
}

/** asof's bytes of a view with what Feast materialized of the same version meanwhile. */
function withIntervals(ours: Uint8Array, theirs: Uint8Array): Uint8Array {
  const view = new Message(ours);
  const meta = view.message(viewFields.meta) ?? new Message();
  const feast = new Message(theirs).message(viewFields.meta) ?? new Message();
  if (meta.number(viewMeta.versionNumber) !== feast.number(viewMeta.versionNumber)) return ours;
  const known = readIntervals(meta);
  for (const bytes of feast.all(viewMeta.intervals)) {
    const single = new Message();
    single.add(viewMeta.intervals, bytes);
    const [added] = readIntervals(single);
    if (added === undefined || known.some((i) => i.fromUs <= added.fromUs && i.toUs >= added.toUs)) continue;
    meta.add(viewMeta.intervals, bytes);
    if (feast.has(viewMeta.state)) meta.setNumber(viewMeta.state, feast.number(viewMeta.state));
  }
  view.setMessage(viewFields.meta, meta);
  return view.encode();
}
