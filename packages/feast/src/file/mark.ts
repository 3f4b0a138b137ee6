import { hash } from "node:crypto";
import { dataSource } from "../definition/fields.ts";
import type { FeastKind } from "../definition/objects.ts";
import { feastKinds } from "../registry/kinds.ts";
import { fieldsOf } from "../wire/message.ts";

/**
 * What is remembered of an object's bytes: a short name of the bytes, and one of what they say. Feast's Python writes maps in another order
 * each time, so bytes of one meaning come back as others.
 */
export function markOf(kind: FeastKind, bytes: Uint8Array): string {
  return `${digestOf(bytes)} ${meaningOf(kind, bytes)}`;
}

/** Whether a mark was made of these very bytes. */
export function isMarkOf(mark: string | undefined, bytes: Uint8Array): boolean {
  return mark?.startsWith(digestOf(bytes)) === true;
}

/** The name of the meaning in a mark. */
export function meaningIn(mark: string): string {
  return mark.slice(mark.indexOf(" ") + 1);
}

/**
 * A short name of what an object says: without its metadata (times, what was materialized) and whatever the order of its fields. Two that
 * differ in the order of repeated fields alone have the same name.
 */
export function meaningOf(kind: FeastKind, bytes: Uint8Array): string {
  const { within } = feastKinds[kind];
  const parts = fieldsOf(bytes).filter(({ number }) => (within === null ? number !== dataSource.meta : number === within));
  return hash("sha256", Buffer.concat(parts.map(({ payload, whole }) => sorted(within === null ? whole : payload)).sort(Buffer.compare)), {
    outputEncoding: "base64url",
  }).slice(0, 16);
}

function digestOf(bytes: Uint8Array): string {
  return hash("sha256", bytes, "base64url").slice(0, 24);
}

/** The bytes of a message with its fields in one order, at every depth. Bytes that are no message stay as they are. */
function sorted(bytes: Uint8Array): Uint8Array {
  const fields = split(bytes);
  if (fields === null) return bytes;
  const parts = fields.map(({ start, from, end }) =>
    from === null ? bytes.subarray(start, end) : Buffer.concat([bytes.subarray(start, from), sorted(bytes.subarray(from, end))]),
  );
  return parts.length === 1 ? (parts[0] ?? bytes) : Buffer.concat(parts.sort(Buffer.compare));
}

interface Span {
  readonly start: number;
  /** Where the content of a delimited field starts; null for numbers. */
  readonly from: number | null;
  readonly end: number;
}

/** The fields of a message; null where bytes are none, told without an error since most texts are not. */
function split(bytes: Uint8Array): readonly Span[] | null {
  const spans: Span[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = varint(bytes, at);
    if (tag === null || tag.value < 8) return null;
    const length = tag.value % 8 === 2 ? varint(bytes, tag.next) : null;
    const end = length === null ? endOfNumber(bytes, tag.value % 8, tag.next) : length.next + length.value;
    if (end === null || end > bytes.length) return null;
    spans.push({ start: at, from: length?.next ?? null, end });
    at = end;
  }
  return spans;
}

function endOfNumber(bytes: Uint8Array, wire: number, at: number): number | null {
  if (wire === 0) return varint(bytes, at)?.next ?? null;
  if (wire === 1) return at + 8;
  return wire === 5 ? at + 4 : null;
}

/** A varint, beyond 2⁵³ only its length is right. */
function varint(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } | null {
  let value = 0;
  for (let i = at, scale = 1; i < at + 10; i++, scale *= 128) {
    const byte = bytes[i];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next: i + 1 };
  }
  return null;
}
