import { AsofError, asBuffer, ByteWriter, sentenceOf } from "@asof/core";
import { newCursor, readFields, readInt32, readInt64AsNumber, tagOf, wireType } from "../wire/cursor.ts";
import { writeInt, writeVarint } from "../wire/write.ts";
import { type Chunk, ChunkedMessage, contentOf } from "./chunks.ts";
import { type FeastObjectName, type FeastRegistryKind, feastKinds, readObjectName } from "./kinds.ts";

/** An object of a registry: its names, and its own message's bytes, which are shared with the registry and must not change. */
export interface FeastRegistryObject extends FeastObjectName {
  readonly bytes: Uint8Array;
}

/** The schema that this version reads and writes; Feast has had no other. */
const SCHEMA_VERSION = "1";

/** Single fields of `feast.core.Registry`. */
const registryFields = { schemaVersion: 3, versionId: 4, lastUpdated: 5, infra: 10, versionHistory: 18 } as const;

/**
 * Field of `Registry` for what asof keeps beside Feast's objects. Feast does not know it, and keeps it as it is when it rewrites the
 * registry.
 */
export const asofRegistryField = 51_966;

/**
 * Feast's registry, the message `feast.core.Registry`, as a document that is changed in place: objects are read when they are asked
 * for, and only those that were put are written anew. Every other byte, known to this version or not, is written back as it was read.
 */
export class FeastRegistryFile {
  readonly #message: ChunkedMessage;
  #history: ChunkedMessage;
  #isHistoryChanged = false;
  /** Kind → project and name → chunks; built when a kind is first asked for. */
  readonly #indexes = new Map<FeastRegistryKind, Map<string, Chunk[]>>();

  private constructor(message: ChunkedMessage) {
    this.#message = message;
    this.#history = ChunkedMessage.decode(Buffer.concat([...message.chunks(registryFields.versionHistory)].map(contentOf)));
  }

  /** A registry without objects, of today's schema. */
  static empty(): FeastRegistryFile {
    const message = ChunkedMessage.empty();
    message.add(registryFields.schemaVersion, Buffer.from(SCHEMA_VERSION));
    return new FeastRegistryFile(message);
  }

  /**
   * Opens a registry. Bytes that are cut short or of something else are ASOF_REGISTRY_UNREADABLE, those of a newer schema
   * ASOF_REGISTRY_VERSION. A cut between two objects shows too, as long as the schema's version is behind it.
   * @param path names the registry in errors.
   */
  static decode(bytes: Uint8Array, path = "The registry"): FeastRegistryFile {
    const file = readable(path, () => new FeastRegistryFile(ChunkedMessage.decode(bytes)));
    const version = file.#text(registryFields.schemaVersion);
    if (version === null)
      throw unreadable(path, bytes.length === 0 ? "It is empty." : "It has no schema version; it is cut short, or no registry of Feast.");
    if (version !== SCHEMA_VERSION)
      throw new AsofError(
        "ASOF_REGISTRY_VERSION",
        `${path} has schema version "${version}", and this version of asof reads "${SCHEMA_VERSION}".`,
        {
          path,
          value: version,
          fix: "Upgrade asof.",
        },
      );
    for (const place of Object.values(feastKinds))
      for (const chunk of file.#message.chunks(place.field))
        if (chunk.wire !== wireType.delimited) throw unreadable(path, `Field ${place.field} has wire type ${chunk.wire}.`);
    return file;
  }

  encode(): Uint8Array {
    if (this.#isHistoryChanged) this.setField(registryFields.versionHistory, [this.#history.encode()]);
    this.#isHistoryChanged = false;
    return this.#message.encode();
  }

  /** The objects of a kind, in the order of the file; of one project or of all. */
  *iterate(kind: FeastRegistryKind, project?: string): Generator<FeastRegistryObject> {
    for (const chunk of this.#owner(kind).chunks(fieldOf(kind))) {
      const bytes = contentOf(chunk);
      const name = readName(kind, bytes);
      if (project === undefined || name.project === project) yield { ...name, bytes };
    }
  }

  /** The bytes of one object, or null. Of several with the same names the first counts, as in Feast. */
  get(kind: FeastRegistryKind, project: string, name: string): Uint8Array | null {
    const chunk = this.#index(kind).get(keyOf({ project, name }))?.[0];
    return chunk === undefined ? null : contentOf(chunk);
  }

  /** Adds an object, or puts it in the place of the one with its names, which are read from its bytes. */
  put(kind: FeastRegistryKind, bytes: Uint8Array): void {
    const index = this.#index(kind);
    const key = keyOf(readName(kind, bytes));
    const found = index.get(key)?.[0];
    if (found === undefined) index.set(key, [this.#changed(kind).add(fieldOf(kind), bytes)]);
    else if (!asBuffer(contentOf(found)).equals(bytes)) this.#changed(kind).replace(found, bytes);
  }

  /** Removes an object, with any copies of it; false if there is none. */
  delete(kind: FeastRegistryKind, project: string, name: string): boolean {
    const index = this.#index(kind);
    const key = keyOf({ project, name });
    const chunks = index.get(key);
    if (chunks === undefined) return false;
    for (const chunk of chunks) this.#changed(kind).remove(chunk);
    index.delete(key);
    return true;
  }

  /** The values of a field of `Registry`, among them fields that Feast does not know. */
  getField(field: number): readonly Uint8Array[] {
    return [...this.#message.chunks(field)].map(contentOf);
  }

  /** Replaces all values of a field; those of the kinds' fields are changed by `put` and `delete` alone. */
  setField(field: number, values: readonly Uint8Array[]): void {
    for (const chunk of [...this.#message.chunks(field)]) this.#message.remove(chunk);
    for (const value of values) this.#message.add(field, value);
  }

  /** `Infra`: what Feast made in its online store. Null when it is not there. */
  get infra(): Uint8Array | null {
    const values = this.getField(registryFields.infra);
    return values.length === 0 ? null : Buffer.concat(values);
  }

  set infra(bytes: Uint8Array | null) {
    this.setField(registryFields.infra, bytes === null ? [] : [bytes]);
  }

  /** A UUID that Feast makes anew at each write. */
  get versionId(): string {
    return this.#text(registryFields.versionId) ?? "";
  }

  /** When the registry was last written, in UTC microseconds; null if it does not say. */
  get lastUpdatedUs(): number | null {
    const values = this.getField(registryFields.lastUpdated);
    return values.length === 0 ? null : readTimestamp(Buffer.concat(values));
  }

  /** Marks the registry as written: what a writer of Feast's does before each write. */
  touch(versionId: string, nowUs: number): void {
    this.setField(registryFields.versionId, [Buffer.from(versionId)]);
    this.setField(registryFields.lastUpdated, [writeTimestamp(nowUs)]);
  }

  #text(field: number): string | null {
    const value = this.getField(field).at(-1);
    return value === undefined ? null : Buffer.from(value).toString("utf8");
  }

  #owner(kind: FeastRegistryKind): ChunkedMessage {
    return kind === "feature_view_version" ? this.#history : this.#message;
  }

  #changed(kind: FeastRegistryKind): ChunkedMessage {
    if (kind === "feature_view_version") this.#isHistoryChanged = true;
    return this.#owner(kind);
  }

  #index(kind: FeastRegistryKind): Map<string, Chunk[]> {
    const known = this.#indexes.get(kind);
    if (known !== undefined) return known;
    const index = new Map<string, Chunk[]>();
    for (const chunk of this.#owner(kind).chunks(fieldOf(kind))) {
      const key = keyOf(readName(kind, contentOf(chunk)));
      const same = index.get(key);
      if (same === undefined) index.set(key, [chunk]);
      else same.push(chunk);
    }
    this.#indexes.set(kind, index);
    return index;
  }
}

/** Versions lie in a message of their own, as its field 1. */
function fieldOf(kind: FeastRegistryKind): number {
  return kind === "feature_view_version" ? 1 : feastKinds[kind].field;
}

function keyOf({ project, name }: FeastObjectName): string {
  return `${project}\0${name}`;
}

function readName(kind: FeastRegistryKind, bytes: Uint8Array): FeastObjectName {
  return readable(`An object of kind ${kind}`, () => readObjectName(kind, bytes));
}

/** Says of a fault in protobuf bytes whose they are. */
function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AsofError) || error.code !== "ASOF_STORE_FAILED") throw error;
    throw unreadable(path, sentenceOf(error), error);
  }
}

function unreadable(path: string, why: string, cause?: unknown): AsofError {
  return new AsofError("ASOF_REGISTRY_UNREADABLE", `${path} cannot be read. ${why}`, {
    path,
    fix: "Restore it from a copy; nothing was changed.",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** `google.protobuf.Timestamp` of an instant in microseconds. */
function writeTimestamp(us: number): Uint8Array {
  const seconds = Math.floor(us / 1_000_000);
  const writer = new ByteWriter();
  for (const [field, value] of [
    [1, seconds],
    [2, (us - seconds * 1_000_000) * 1000],
  ] as const) {
    if (value === 0) continue;
    writeVarint(writer, tagOf(field, wireType.varint));
    writeInt(writer, value);
  }
  return writer.take();
}

function readTimestamp(bytes: Uint8Array): number {
  const cursor = newCursor();
  cursor.bytes = bytes;
  cursor.end = bytes.length;
  let [seconds, nanos] = [0, 0];
  readFields(cursor, (tag) => {
    if (tag === tagOf(1, wireType.varint)) seconds = readInt64AsNumber(cursor);
    else if (tag === tagOf(2, wireType.varint)) nanos = readInt32(cursor);
    else return false;
    return true;
  });
  return seconds * 1_000_000 + Math.floor(nanos / 1000);
}
