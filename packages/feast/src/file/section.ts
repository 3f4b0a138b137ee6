import { AsofError, asBuffer, ByteWriter, type Json } from "@asof/core";
import { readLength } from "../wire/message.ts";
import { writeVarint } from "../wire/write.ts";

interface Entry<T> {
  /** Key and JSON as they stand in the file; null until they are written. */
  bytes: Uint8Array | null;
  /** JSON, as bytes of the file or as text. */
  json: Uint8Array | string;
  value: T | undefined;
}

/** An item is a key and the JSON of its value, one after the other: delimited fields 1 and 2. */
const keyTag = 0x0a;
const jsonTag = 0x12;

/**
 * Values by key, in the file as one piece of items. A piece is taken apart when something in it is asked for, a value when it is itself
 * asked for, and bytes are kept while they hold, so that a large registry costs little where little of it is used or changed.
 */
export class Section<T> {
  readonly name: string;
  #raw: Uint8Array | null = null;
  #entries: Map<string, Entry<T>> | null = new Map();

  constructor(name: string) {
    this.name = name;
  }

  load(raw: Uint8Array): void {
    this.#raw = raw;
    this.#entries = null;
  }

  #opened(): Map<string, Entry<T>> {
    this.#entries ??= readItems<T>(this.#raw ?? new Uint8Array());
    return this.#entries;
  }

  /** The entries, about to change. */
  #changing(): Map<string, Entry<T>> {
    const entries = this.#opened();
    this.#raw = null;
    return entries;
  }

  has(key: string): boolean {
    return this.#opened().has(key);
  }

  get(key: string): T | undefined {
    const entry = this.#opened().get(key);
    return entry === undefined ? undefined : parsedValue(entry);
  }

  /** Keeps a copy; it moves to the end. */
  set(key: string, value: T & Json): void {
    const entries = this.#changing();
    entries.delete(key);
    entries.set(key, { bytes: null, json: JSON.stringify(value), value: undefined });
  }

  delete(key: string): boolean {
    return this.#opened().has(key) && this.#changing().delete(key);
  }

  keys(): Iterable<string> {
    return this.#opened().keys();
  }

  values(): readonly T[] {
    return [...this.#opened().values()].map(parsedValue);
  }

  get isEmpty(): boolean {
    return this.#raw === null ? this.#opened().size === 0 : this.#raw.length === 0;
  }

  /** All items, as `load` takes them. */
  encode(): Uint8Array {
    if (this.#raw !== null) return this.#raw;
    const parts: Uint8Array[] = [];
    for (const [key, entry] of this.#opened()) {
      entry.bytes ??= encodeItem(key, entry.json);
      parts.push(entry.bytes);
    }
    return Buffer.concat(parts);
  }
}

function parsedValue<T>(entry: Entry<T>): T {
  // The text was written by this class from a T.
  entry.value ??= JSON.parse(typeof entry.json === "string" ? entry.json : asBuffer(entry.json).toString("utf8")) as T;
  return entry.value;
}

function readItems<T>(raw: Uint8Array): Map<string, Entry<T>> {
  const entries = new Map<string, Entry<T>>();
  const buffer = asBuffer(raw);
  for (let at = 0; at < raw.length; ) {
    if (raw[at] !== keyTag) throw damaged();
    const key = readLength(raw, at + 1);
    const keyEnd = key.next + key.value;
    if (raw[keyEnd] !== jsonTag) throw damaged();
    const json = readLength(raw, keyEnd + 1);
    const end = json.next + json.value;
    if (end > raw.length) throw damaged();
    entries.set(buffer.toString("utf8", key.next, keyEnd), {
      bytes: raw.subarray(at, end),
      json: raw.subarray(json.next, end),
      value: undefined,
    });
    at = end;
  }
  return entries;
}

function encodeItem(key: string, json: Uint8Array | string): Uint8Array {
  const [name, value] = [Buffer.from(key), typeof json === "string" ? Buffer.from(json) : json];
  const writer = new ByteWriter(name.length + value.length + 24);
  for (const [tag, bytes] of [
    [keyTag, name],
    [jsonTag, value],
  ] as const) {
    writeVarint(writer, tag);
    writeVarint(writer, bytes.length);
    writer.writeBytes(bytes);
  }
  return writer.take();
}

function damaged(): AsofError {
  return new AsofError("ASOF_REGISTRY_UNREADABLE", "The registry is damaged: what asof keeps in it cannot be read.", {
    fix: "Restore it from a copy; nothing was changed.",
  });
}
