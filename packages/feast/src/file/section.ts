import type { Json } from "@asof/core";
import { delimitedField, Message } from "../wire/message.ts";

/** Field of an item among asof's items. */
const itemField = 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Entry<T> {
  /** The whole field as it stands in the file; null until it is written. */
  bytes: Uint8Array | null;
  text: string | null;
  value: T | undefined;
}

/** One item of asof's in the file: where it belongs, its key, and JSON. */
export interface Item {
  readonly section: string;
  readonly key: string;
  readonly json: Uint8Array;
}

/** Fields of an item. */
const itemFields = { section: 1, key: 2, json: 3 } as const;

export function readItem(payload: Uint8Array): Item {
  const message = new Message(payload);
  return {
    section: message.text(itemFields.section),
    key: message.text(itemFields.key),
    json: message.bytes(itemFields.json) ?? new Uint8Array(),
  };
}

/**
 * Values by key, each an item of the file. A value is taken apart when it is first asked for and its bytes are kept while it stays, so that
 * a large registry costs little where little of it changes.
 */
export class Section<T> {
  readonly #name: string;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(name: string) {
    this.#name = name;
  }

  get name(): string {
    return this.#name;
  }

  load(item: Item, whole: Uint8Array): void {
    this.#entries.set(item.key, { bytes: whole, text: decoder.decode(item.json), value: undefined });
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : parsedValue(entry);
  }

  /** Keeps a copy; it moves to the end. */
  set(key: string, value: T & Json): void {
    this.#entries.delete(key);
    this.#entries.set(key, { bytes: null, text: JSON.stringify(value), value: undefined });
  }

  delete(key: string): boolean {
    return this.#entries.delete(key);
  }

  keys(): Iterable<string> {
    return this.#entries.keys();
  }

  values(): readonly T[] {
    return [...this.#entries.values()].map(parsedValue);
  }

  /** Every item as a field of the file. */
  *encode(): Iterable<Uint8Array> {
    for (const [key, entry] of this.#entries) {
      entry.bytes ??= encodeItem(this.#name, key, entry.text ?? "null");
      yield entry.bytes;
    }
  }
}

function parsedValue<T>(entry: Entry<T>): T {
  // The text was written by this class from a T.
  entry.value ??= JSON.parse(entry.text ?? "null") as T;
  return entry.value;
}

function encodeItem(section: string, key: string, text: string): Uint8Array {
  const message = new Message();
  message.setText(itemFields.section, section);
  message.setText(itemFields.key, key);
  message.setBytes(itemFields.json, encoder.encode(text));
  return delimitedField(itemField, message.encode());
}
