import { ByteWriter } from "@asof/core";
import { damaged, newCursor, readVarint32, skipField, tagOf, wireType } from "../wire/cursor.ts";
import { writeVarint } from "../wire/write.ts";

/** A field of a message, in its place. */
export interface Chunk {
  readonly field: number;
  readonly wire: number;
  /** Tag, length and value. */
  bytes: Uint8Array;
  /** Where the value begins in `bytes`, behind tag and length. */
  valueAt: number;
  readonly run: Run;
}

/** Neighbouring chunks of one field, in order. */
interface Run {
  readonly field: number;
  readonly chunks: Set<Chunk>;
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
    cursor.bytes = bytes;
    cursor.end = bytes.length;
    while (cursor.at < cursor.end) {
      const start = cursor.at;
      const tag = readVarint32(cursor);
      const field = tag >>> 3;
      if (field === 0) throw damaged("there is no field 0");
      const isDelimited = (tag & 7) === wireType.delimited;
      const afterTag = cursor.at;
      const valueAt = isDelimited ? afterTag + lengthOfVarint(bytes, afterTag) : afterTag;
      skipField(cursor, tag);
      addTo(runs, field, { wire: tag & 7, bytes: bytes.subarray(start, cursor.at), valueAt: valueAt - start });
    }
    return new ChunkedMessage(runs);
  }

  /** The chunks of a field, in order. */
  *chunks(field: number): Generator<Chunk> {
    for (const run of this.#runs) if (run.field === field) yield* run.chunks;
  }

  /** Adds a delimited field and returns its chunk. */
  add(field: number, value: Uint8Array): Chunk {
    const run = this.#runs.findLast((each) => each.field === field) ?? this.#newRun(field);
    const chunk = { field, wire: wireType.delimited, run, ...delimited(field, value) };
    run.chunks.add(chunk);
    return chunk;
  }

  /** Gives a chunk another value. */
  replace(chunk: Chunk, value: Uint8Array): void {
    Object.assign(chunk, delimited(chunk.field, value));
  }

  remove(chunk: Chunk): void {
    chunk.run.chunks.delete(chunk);
  }

  /** A run where the field's number belongs. */
  #newRun(field: number): Run {
    const run: Run = { field, chunks: new Set() };
    const before = this.#runs.findIndex((each) => each.field > field);
    this.#runs.splice(before < 0 ? this.#runs.length : before, 0, run);
    return run;
  }

  encode(): Uint8Array {
    return Buffer.concat(this.#runs.flatMap(({ chunks }) => Array.from(chunks, ({ bytes }) => bytes)));
  }
}

/** The value of a chunk where it lies; it stays as it is when the chunk is given another. */
export function contentOf(chunk: Chunk): Uint8Array {
  return chunk.bytes.subarray(chunk.valueAt);
}

function addTo(runs: Run[], field: number, chunk: Pick<Chunk, "wire" | "bytes" | "valueAt">): void {
  let run = runs.at(-1);
  if (run?.field !== field) {
    run = { field, chunks: new Set() };
    runs.push(run);
  }
  run.chunks.add({ field, run, ...chunk });
}

function lengthOfVarint(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at++] ?? 0) >= 0x80);
  return at - start;
}

function delimited(field: number, value: Uint8Array): Pick<Chunk, "bytes" | "valueAt"> {
  const writer = new ByteWriter(value.length + 15);
  writeVarint(writer, tagOf(field, wireType.delimited));
  writeVarint(writer, value.length);
  const valueAt = writer.length;
  writer.writeBytes(value);
  return { bytes: writer.take(), valueAt };
}
