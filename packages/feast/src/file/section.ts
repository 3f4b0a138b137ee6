import { AsofError, asBuffer, ByteWriter, type Json } from "@asof/core";
import { readLength } from "../wire/message.ts";
import { writeVarint } from "../wire/write.ts";

interface Entry<T> {
  /** Where the item, its JSON and its end stand in the piece that was loaded. Numbers, since a view of bytes per item costs more than the rest. */
  readonly start: number;
  readonly jsonAt: number;
  readonly end: number;
  /** JSON that was set since; null = what was loaded. */
  readonly text: string | null;
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
  readonly #codec: ItemCodec<T>;
  #loaded: Buffer = Buffer.alloc(0);
  #isChanged = false;
  #entries: Map<string, Entry<T>> | null = new Map();

  constructor(name: string, codec: ItemCodec<T> = plainCodec()) {
    this.name = name;
    this.#codec = codec;
  }

  load(raw: Uint8Array): void {
    this.#loaded = asBuffer(raw);
    this.#entries = null;
  }

  #opened(): Map<string, Entry<T>> {
    this.#entries ??= readItems<T>(this.#loaded);
    return this.#entries;
  }

  /** The entries, about to change. */
  #changing(): Map<string, Entry<T>> {
    this.#isChanged = true;
    return this.#opened();
  }

  has(key: string): boolean {
    return this.#opened().has(key);
  }

  get(key: string): T | undefined {
    const entry = this.#opened().get(key);
    return entry === undefined ? undefined : this.#parsed(entry);
  }

  /** Keeps a copy; it moves to the end. */
  set(key: string, value: T & Json): void {
    const entries = this.#changing();
    entries.delete(key);
    entries.set(key, { start: 0, jsonAt: 0, end: 0, text: this.#codec.encode(value), value: undefined });
  }

  delete(key: string): boolean {
    return this.#opened().has(key) && this.#changing().delete(key);
  }

  keys(): Iterable<string> {
    return this.#opened().keys();
  }

  values(): readonly T[] {
    return [...this.#opened().values()].map((entry) => this.#parsed(entry));
  }

  #parsed(entry: Entry<T>): T {
    entry.value ??= this.#codec.decode(entry.text ?? this.#loaded.toString("utf8", entry.jsonAt, entry.end));
    return entry.value;
  }

  get isEmpty(): boolean {
    return this.#isChanged ? this.#opened().size === 0 : this.#loaded.length === 0;
  }

  /** All items, as `load` takes them. */
  encode(): Uint8Array {
    if (!this.#isChanged) return this.#loaded;
    const parts: Uint8Array[] = [];
    const entries = new Map<string, Entry<T>>();
    let start = 0;
    for (const [key, entry] of this.#opened()) {
      const item = entry.text === null ? this.#loaded.subarray(entry.start, entry.end) : encodeItem(key, entry.text);
      const end = start + item.length;
      const jsonLength = entry.text === null ? entry.end - entry.jsonAt : Buffer.byteLength(entry.text);
      parts.push(item);
      entries.set(key, { start, jsonAt: end - jsonLength, end, text: null, value: entry.value });
      start = end;
    }
    this.#loaded = Buffer.concat(parts);
    this.#entries = entries;
    this.#isChanged = false;
    return this.#loaded;
  }
}

/** A value as the text of its item, and back. */
export interface ItemCodec<T> {
  encode(value: T): string;
  decode(text: string): T;
}

/** JSON as it is: the text was written here from a T. */
function plainCodec<T>(): ItemCodec<T> {
  return { encode: (value) => JSON.stringify(value), decode: (text) => JSON.parse(text) as T };
}

function readItems<T>(raw: Buffer): Map<string, Entry<T>> {
  const entries = new Map<string, Entry<T>>();
  for (let start = 0; start < raw.length; ) {
    if (raw[start] !== keyTag) throw damaged();
    const key = readLength(raw, start + 1);
    const keyEnd = key.next + key.value;
    if (raw[keyEnd] !== jsonTag) throw damaged();
    const json = readLength(raw, keyEnd + 1);
    const end = json.next + json.value;
    if (end > raw.length) throw damaged();
    entries.set(raw.toString("utf8", key.next, keyEnd), { start, jsonAt: json.next, end, text: null, value: undefined });
    start = end;
  }
  return entries;
}

function encodeItem(key: string, json: string): Uint8Array {
  const [name, value] = [Buffer.from(key), Buffer.from(json)];
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
