import type { ByteWriter } from "../value/bytes.ts";
import { type Cursor, formCode, readByte, readBytes, readSized, readUnsigned, writeSized, writeUnsigned } from "./compact-bytes.ts";
import type { WindowLayout } from "./window-layout.ts";

const fingerprintBytes = 6;

/** The layout with which a state was written, as far as reading it needs. Everything is found by fingerprint, nothing by place. */
export interface StoredLayout {
  readonly hasOrder: boolean;
  readonly series: readonly { readonly name: string; readonly slots: readonly string[] }[];
  readonly arguments: readonly { readonly fingerprint: string; readonly code: ArrayLike<number> }[];
  readonly filters: readonly string[];
}

/** Where a program finds its parts in a stored layout; −1 where they are missing. */
export interface LayoutMapping {
  readonly stored: StoredLayout;
  /** Stored series of each series. */
  readonly series: readonly number[];
  /** Stored column of each slot, by series. */
  readonly columns: readonly (readonly number[])[];
  /** Argument of each stored argument, −1 where it is no longer used. */
  readonly arguments: readonly number[];
  readonly filters: readonly number[];
  /** Whether the layouts are the same, place by place. */
  readonly isOwn: boolean;
}

/** The layout as it is stored at the beginning of each head part. */
export function writeLayout(writer: ByteWriter, layout: WindowLayout): void {
  writer.writeByte(layout.orderColumns.length > 0 ? 1 : 0);
  writeUnsigned(writer, layout.series.length);
  for (const { name, slots } of layout.series) {
    writeSized(writer, Buffer.from(name, "utf8"));
    writeUnsigned(writer, slots.length);
    for (const slot of slots) writer.writeBytes(Buffer.from(slot.fingerprint, "hex"));
  }
  writeUnsigned(writer, layout.arguments.length);
  for (const { fingerprint, node } of layout.arguments) {
    writer.writeBytes(Buffer.from(fingerprint, "hex"));
    writeSized(writer, Uint8Array.from(formCode(node.type)));
  }
  writeUnsigned(writer, layout.filters.length);
  for (const { fingerprint } of layout.filters) writer.writeBytes(Buffer.from(fingerprint, "hex"));
}

export function readLayout(buffer: Buffer): StoredLayout {
  const cursor: Cursor = { at: 0 };
  const hasOrder = readByte(buffer, cursor) === 1;
  const series = readList(buffer, cursor, () => ({
    name: readSized(buffer, cursor).toString("utf8"),
    slots: readList(buffer, cursor, () => readFingerprint(buffer, cursor)),
  }));
  const args = readList(buffer, cursor, () => ({ fingerprint: readFingerprint(buffer, cursor), code: readSized(buffer, cursor) }));
  return { hasOrder, series, arguments: args, filters: readList(buffer, cursor, () => readFingerprint(buffer, cursor)) };
}

export function readList<T>(buffer: Buffer, cursor: Cursor, read: () => T): T[] {
  return Array.from({ length: readUnsigned(buffer, cursor) }, read);
}

function readFingerprint(buffer: Buffer, cursor: Cursor): string {
  return readBytes(buffer, cursor, fingerprintBytes).toString("hex");
}

export function mapLayout(layout: WindowLayout, stored: StoredLayout, isOwn: boolean): LayoutMapping {
  const series = layout.series.map(({ name }) => stored.series.findIndex((candidate) => candidate.name === name));
  return {
    stored,
    series,
    columns: layout.series.map(({ slots }, s) =>
      slots.map((slot) => stored.series[series[s] ?? -1]?.slots.indexOf(slot.fingerprint) ?? -1),
    ),
    arguments: stored.arguments.map(({ fingerprint }) => layout.arguments.findIndex((argument) => argument.fingerprint === fingerprint)),
    filters: stored.filters.map((fingerprint) => layout.filters.findIndex((filter) => filter.fingerprint === fingerprint)),
    isOwn,
  };
}
