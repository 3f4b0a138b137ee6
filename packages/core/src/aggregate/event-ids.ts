import { sha256Hex } from "../value/hash.ts";

/** Bytes of a kept id. */
export const idBytes = 16;

/** Ids wait in the head until there are as many, so that an event does not rewrite a chunk. */
const pendingMax = 64;

/** A chunk of ids is rewritten as often as it takes to fill it; this bounds what one rewrite costs to 16 KiB. */
const chunkMax = 1024;

/** An id of an event that has left the head. */
interface PendingId {
  readonly id: string;
  readonly eventTimeUs: number;
  readonly generation: number;
}

/** Sorted ids of one generation, stored as a part of their own. */
export interface IdChunk {
  readonly generation: number;
  /** Greatest event time among them: the chunk goes when nothing so old can matter any more. */
  readonly maxEventUs: number;
  /** 16 bytes each, in bytewise order. */
  readonly ids: Buffer;
}

/** Ids of the live events that have left the head, so that a replay of one is recognized. Ids in the head are with their events. */
export interface EventIds {
  pending: PendingId[];
  /** By part number. */
  readonly chunks: Map<number, IdChunk>;
}

export function emptyIds(): EventIds {
  return { pending: [], chunks: new Map() };
}

/**
 * Sixteen bytes (as a string of that many characters) that identify an event id: text of up to 15 bytes itself, behind its length,
 * else 127 bits of its SHA-256. The first byte tells the two apart.
 */
export function hashEventId(eventId: string): string {
  const length = Buffer.byteLength(eventId, "utf8");
  const bytes = Buffer.alloc(idBytes);
  if (length < idBytes) {
    bytes[0] = length;
    bytes.write(eventId, 1, "utf8");
  } else {
    bytes.write(sha256Hex(eventId), "hex");
    bytes[0] = (bytes[0] ?? 0) | 0x80;
  }
  return bytes.toString("latin1");
}

/**
 * Looks ids up: the generation in which the event was folded, or null. Valid until the ids change. `lookups` is how many are to
 * come: for few the chunks are searched as they are, for many they are unpacked first.
 */
export function compileIdLookup(ids: EventIds, lookups: number): (id: string) => number | null {
  const known = new Map(ids.pending.map((entry) => [entry.id, entry.generation]));
  const chunks = [...ids.chunks.values()];
  // A search costs about as much as unpacking four ids.
  if (lookups * 4 > chunkMax) for (const chunk of chunks.splice(0)) unpackChunk(chunk, known);
  return (id) => {
    const generation = known.get(id);
    if (generation !== undefined) return generation;
    if (chunks.length === 0) return null;
    const bytes = Buffer.from(id, "latin1");
    return chunks.find((chunk) => chunkHas(chunk, bytes))?.generation ?? null;
  };
}

function unpackChunk(chunk: IdChunk, known: Map<string, number>): void {
  for (let at = 0; at < chunk.ids.length; at += idBytes) known.set(chunk.ids.toString("latin1", at, at + idBytes), chunk.generation);
}

function chunkHas(chunk: IdChunk, id: Buffer): boolean {
  const at = placeIn(chunk.ids, id);
  return chunk.ids.compare(id, 0, idBytes, at, Math.min(at + idBytes, chunk.ids.length)) === 0;
}

/** Offset of the first id in sorted ids that is not less. */
function placeIn(ids: Buffer, id: Buffer): number {
  const prefix = prefixAt(id, 0);
  let low = 0;
  let high = ids.length / idBytes;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = middle * idBytes;
    const found = prefixAt(ids, at);
    if (found < prefix || (found === prefix && ids.compare(id, 0, idBytes, at, at + idBytes) < 0)) low = middle + 1;
    else high = middle;
  }
  return low * idBytes;
}

/** The first six bytes as a number: they nearly always decide, and a call of `compare` costs more than reading them. */
function prefixAt(ids: Buffer, at: number): number {
  return ids.readUIntBE(at, 6);
}

/** Sorted ids with others added; as these are few, the rest is copied in long runs. */
function withIds(ids: Buffer, added: readonly Buffer[]): Buffer {
  const pieces: Buffer[] = [];
  let copied = 0;
  for (const id of added.toSorted(Buffer.compare)) {
    const at = placeIn(ids, id);
    pieces.push(ids.subarray(copied, at), id);
    copied = at;
  }
  return Buffer.concat([...pieces, ids.subarray(copied)]);
}

/** Adds ids of events that leave the head. Returns the numbers of the chunks that changed. */
export function addIds(ids: EventIds, added: readonly PendingId[]): number[] {
  ids.pending = [...ids.pending, ...added];
  if (ids.pending.length <= pendingMax) return [];
  const changed: number[] = [];
  const generations = new Set(ids.pending.map((entry) => entry.generation));
  for (const generation of generations) {
    const entries = ids.pending.filter((entry) => entry.generation === generation);
    for (let at = 0; at < entries.length; ) at += fillChunk(ids, generation, entries.slice(at), changed);
  }
  ids.pending = [];
  return changed;
}

/** Puts as many entries as fit into the newest chunk of their generation, or into a new one. Returns how many. */
function fillChunk(ids: EventIds, generation: number, entries: readonly PendingId[], changed: number[]): number {
  const last = Math.max(-1, ...ids.chunks.keys());
  const newest = ids.chunks.get(last);
  const isOpen = newest !== undefined && newest.generation === generation && newest.ids.length < chunkMax * idBytes;
  const number = isOpen ? last : last + 1;
  const before = isOpen ? newest.ids : Buffer.alloc(0);
  const taken = entries.slice(0, chunkMax - before.length / idBytes);
  const added = taken.map((entry) => Buffer.from(entry.id, "latin1"));
  const maxEventUs = taken.reduce((max, entry) => Math.max(max, entry.eventTimeUs), isOpen ? newest.maxEventUs : Number.NEGATIVE_INFINITY);
  ids.chunks.set(number, { generation, maxEventUs, ids: withIds(before, added) });
  changed.push(number);
  return taken.length;
}

/** Forgets ids of events before that time, as far as whole chunks hold no other. Returns the numbers of the chunks that went. */
export function dropIdsBefore(ids: EventIds, beforeUs: number): number[] {
  ids.pending = ids.pending.filter((entry) => entry.eventTimeUs >= beforeUs);
  const dropped = [...ids.chunks].filter(([, chunk]) => chunk.maxEventUs < beforeUs).map(([number]) => number);
  for (const number of dropped) ids.chunks.delete(number);
  return dropped;
}
