import { asBuffer, ByteWriter } from "@asof/core";
import { damaged, newCursor, readVarint32, skipField, tagOf, wireType } from "../wire/cursor.ts";
import { writeVarint } from "../wire/write.ts";

/** A field of a message as it was stored. Never changed: a changed field is a new chunk. */
export interface Chunk {
  readonly field: number;
  readonly wire: number;
  /** Tag, length and value. */
  readonly bytes: Uint8Array;
  /** Where the value begins in `bytes`, behind tag and length. */
  readonly valueAt: number;
}

/** Neighbouring chunks of one field. */
interface Run {
  readonly field: number;
  chunks: Chunk[];
}

/**
 * A message as the sequence of its fields, none of which is looked into: what is not changed is written back byte for byte, whether
 * this version knows it or not. Fields are kept in the order in which they were stored; a new one goes behind the last of its
 * number, or where its number belongs.
 */
export class ChunkedMessage {
  readonly #runs: Run[];

  private constructor(runs: Run[]) {
    this.#runs = runs;
  }

  static empty(): ChunkedMessage {
    return new ChunkedMessage([]);
  }

  /** Takes a message apart; the bytes are kept, not copied, and must not change. Damaged bytes are ASOF_STORE_FAILED. */
  static decode(bytes: Uint8Array): ChunkedMessage {
    const runs: Run[] = [];
    const cursor = newCursor();
    cursor.buffer = asBuffer(bytes);
    cursor.end = bytes.length;
    while (cursor.at < cursor.end) {
      const start = cursor.at;
      const tag = readVarint32(cursor);
      const field = tag >>> 3;
      if (field === 0) throw damaged("there is no field 0");
      const afterTag = cursor.at;
      skipField(cursor, tag);
      const chunk = { field, wire: tag & 7, bytes: bytes.subarray(start, cursor.at), valueAt: afterTag - start };
      addTo(runs, (tag & 7) === wireType.delimited ? { ...chunk, valueAt: chunk.valueAt + lengthOfVarint(chunk) } : chunk);
    }
    return new ChunkedMessage(runs);
  }

  /** The chunks of a field, in order. */
  *chunks(field: number): Generator<Chunk> {
    for (const run of this.#runs) if (run.field === field) yield* run.chunks;
  }

  /** Numbers of the fields that are there. */
  fields(): readonly number[] {
    return [...new Set(this.#runs.map(({ field }) => field))];
  }

  /** Adds a delimited field and returns its chunk. */
  add(field: number, value: Uint8Array): Chunk {
    const chunk = delimitedChunk(field, value);
    const last = this.#runs.findLast((run) => run.field === field);
    if (last !== undefined) last.chunks.push(chunk);
    else {
      const before = this.#runs.findIndex((run) => run.field > field);
      this.#runs.splice(before < 0 ? this.#runs.length : before, 0, { field, chunks: [chunk] });
    }
    return chunk;
  }

  /** Puts a value in the place of a chunk and returns the new chunk. */
  replace(chunk: Chunk, value: Uint8Array): Chunk {
    const next = delimitedChunk(chunk.field, value);
    const run = this.#runs.find((each) => each.chunks.includes(chunk));
    if (run !== undefined) run.chunks[run.chunks.indexOf(chunk)] = next;
    return next;
  }

  /** Removes chunks of one field. */
  remove(field: number, isRemoved: (chunk: Chunk) => boolean): void {
    for (const run of this.#runs) if (run.field === field) run.chunks = run.chunks.filter((chunk) => !isRemoved(chunk));
  }

  encode(): Uint8Array {
    return Buffer.concat(this.#runs.flatMap(({ chunks }) => chunks.map(({ bytes }) => bytes)));
  }
}

export function contentOf(chunk: Chunk): Uint8Array {
  return chunk.bytes.subarray(chunk.valueAt);
}

function addTo(runs: Run[], chunk: Chunk): void {
  const last = runs.at(-1);
  if (last?.field === chunk.field) last.chunks.push(chunk);
  else runs.push({ field: chunk.field, chunks: [chunk] });
}

function lengthOfVarint({ bytes, valueAt }: Chunk): number {
  let at = valueAt;
  while ((bytes[at++] ?? 0) >= 0x80);
  return at - valueAt;
}

function delimitedChunk(field: number, value: Uint8Array): Chunk {
  const writer = new ByteWriter(value.length + 15);
  writeVarint(writer, tagOf(field, wireType.delimited));
  writeVarint(writer, value.length);
  const valueAt = writer.length;
  writer.writeBytes(value);
  return { field, wire: wireType.delimited, bytes: writer.take(), valueAt };
}
