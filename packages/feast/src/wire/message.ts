import { AsofError } from "@asof/core";

interface Field {
  readonly number: number;
  readonly wire: number;
  /** The whole field, tag included. */
  readonly whole: Uint8Array;
  /** What stands behind the tag; of a delimited field behind its length. */
  readonly payload: Uint8Array;
}

const empty = new Uint8Array();
const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/**
 * One protobuf message, taken apart into its fields and no further. A field that is set is replaced in its place; all others keep
 * their bytes and their order, those too that nobody here knows. Setting a field to what it holds changes nothing.
 */
export class Message {
  readonly #fields: Field[];

  constructor(bytes: Uint8Array = empty) {
    this.#fields = readFields(bytes);
  }

  has(number: number): boolean {
    return this.#fields.some((field) => field.number === number);
  }

  /** The last value of a text field; empty where there is none, as protobuf has it. */
  text(number: number): string {
    return textOf(this.bytes(number) ?? empty);
  }

  texts(number: number): readonly string[] {
    return this.all(number).map(textOf);
  }

  bytes(number: number): Uint8Array | null {
    return this.#fields.findLast((field) => field.number === number)?.payload ?? null;
  }

  /** All values of a repeated delimited field. */
  all(number: number): readonly Uint8Array[] {
    return this.#fields.filter((field) => field.number === number).map((field) => field.payload);
  }

  /** A message inside; null where there is none. */
  message(number: number): Message | null {
    const bytes = this.bytes(number);
    return bytes === null ? null : new Message(bytes);
  }

  messages(number: number): readonly Message[] {
    return this.all(number).map((bytes) => new Message(bytes));
  }

  /** A varint field as a number, two's complement of 64 bits; 0 where there is none. Exact within ±(2⁵³−1). */
  number(number: number): number {
    const payload = this.bytes(number);
    return payload === null ? 0 : Number(BigInt.asIntN(64, readVarint(payload, 0).value));
  }

  /** A `map<string, string>`. */
  map(number: number): Readonly<Record<string, string>> {
    return Object.fromEntries(this.messages(number).map((entry) => [entry.text(1), entry.text(2)]));
  }

  setText(number: number, value: string): void {
    if (value === this.text(number)) return;
    this.#replace(number, value === "" ? [] : [delimited(number, encoder.encode(value))]);
  }

  setTexts(number: number, values: readonly string[]): void {
    this.setAll(
      number,
      values.map((value) => encoder.encode(value)),
    );
  }

  /** Sets a varint field; 0 removes it. */
  setNumber(number: number, value: number): void {
    if (value === this.number(number)) return;
    this.#replace(number, value === 0 ? [] : [varintField(number, value)]);
  }

  /** Sets a varint field that says by its presence that it was set; null removes it. */
  setOptional(number: number, value: number | null): void {
    if (value === null ? !this.has(number) : this.has(number) && value === this.number(number)) return;
    this.#replace(number, value === null ? [] : [varintField(number, value)]);
  }

  setBytes(number: number, value: Uint8Array | null): void {
    this.setAll(number, value === null ? [] : [value]);
  }

  setMessage(number: number, value: Message | null): void {
    this.setBytes(number, value === null ? null : value.encode());
  }

  setAll(number: number, values: readonly Uint8Array[]): void {
    const before = this.all(number);
    if (before.length === values.length && before.every((bytes, i) => equalBytes(bytes, values[i] ?? empty))) return;
    this.#replace(
      number,
      values.map((value) => delimited(number, value)),
    );
  }

  /** Adds one value to a repeated delimited field. */
  add(number: number, value: Uint8Array): void {
    this.#fields.push(delimited(number, value));
  }

  setMap(number: number, map: Readonly<Record<string, string>>): void {
    const before = this.map(number);
    const names = Object.keys(map);
    if (Object.keys(before).length === names.length && names.every((name) => Object.hasOwn(before, name) && before[name] === map[name])) {
      return;
    }
    const entries = names.map((name) => {
      const entry = new Message();
      entry.setText(1, name);
      entry.setText(2, map[name] ?? "");
      return entry.encode();
    });
    this.setAll(number, entries);
  }

  remove(number: number): void {
    this.#replace(number, []);
  }

  encode(): Uint8Array {
    return concat(this.#fields.map((field) => field.whole));
  }

  /** Puts fields where the first of their number stands, else at the end. */
  #replace(number: number, fields: readonly Field[]): void {
    const at = this.#fields.findIndex((field) => field.number === number);
    const kept = this.#fields.filter((field) => field.number !== number);
    kept.splice(at === -1 ? kept.length : this.#fields.slice(0, at).length, 0, ...fields);
    this.#fields.splice(0, this.#fields.length, ...kept);
  }
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** A delimited field with its tag, as it stands in a message. */
export function delimitedField(number: number, payload: Uint8Array): Uint8Array {
  return delimited(number, payload).whole;
}

/** The fields of a message with their whole bytes: what a file of many records is taken apart with. */
export function fieldsOf(
  bytes: Uint8Array,
): readonly { readonly number: number; readonly payload: Uint8Array; readonly whole: Uint8Array }[] {
  return readFields(bytes);
}

function delimited(number: number, payload: Uint8Array): Field {
  const head = [...varintBytes(BigInt(number * 8 + 2)), ...varintBytes(BigInt(payload.length))];
  const whole = new Uint8Array(head.length + payload.length);
  whole.set(head);
  whole.set(payload, head.length);
  return { number, wire: 2, whole, payload: whole.subarray(head.length) };
}

function varintField(number: number, value: number): Field {
  const head = varintBytes(BigInt(number * 8));
  const payload = varintBytes(BigInt.asUintN(64, BigInt(value)));
  const whole = Uint8Array.from([...head, ...payload]);
  return { number, wire: 0, whole, payload: whole.subarray(head.length) };
}

function varintBytes(value: bigint): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return bytes;
}

function readFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = readLength(bytes, at);
    const number = Math.floor(tag.value / 8);
    const wire = tag.value % 8;
    if (number === 0) throw damaged("a field has the number 0");
    const start = wire === 2 ? readLength(bytes, tag.next) : { value: 0, next: tag.next };
    const end = start.next + lengthOf(wire, start, bytes);
    if (end > bytes.length) throw damaged("it ends inside a field");
    fields.push({ number, wire, whole: bytes.subarray(at, end), payload: bytes.subarray(start.next, end) });
    at = end;
  }
  return fields;
}

function lengthOf(wire: number, start: { readonly value: number; readonly next: number }, bytes: Uint8Array): number {
  switch (wire) {
    case 0:
      return readVarint(bytes, start.next).next - start.next;
    case 1:
      return 8;
    case 2:
      return start.value;
    case 5:
      return 4;
    default:
      throw damaged(`there is no wire type ${wire}`);
  }
}

/** A tag or length: a varint below 2⁴⁹, without a bigint. */
export function readLength(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let i = at, scale = 1; i < at + 7; i++, scale *= 128) {
    const byte = bytes[i];
    if (byte === undefined) throw damaged("it ends inside a number");
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next: i + 1 };
  }
  throw damaged("a tag or length is too long");
}

function readVarint(bytes: Uint8Array, at: number): { readonly value: bigint; readonly next: number } {
  let value = 0n;
  for (let i = at; i < at + 10; i++) {
    const byte = bytes[i];
    if (byte === undefined) throw damaged("it ends inside a number");
    value |= BigInt(byte & 0x7f) << BigInt(7 * (i - at));
    if (byte < 0x80) return { value, next: i + 1 };
  }
  throw damaged("a number is longer than ten bytes");
}

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw damaged("a text is not UTF-8");
  }
}

function damaged(what: string): AsofError {
  return new AsofError("ASOF_REGISTRY_UNREADABLE", `The registry's protobuf is damaged: ${what}.`, {
    fix: "Restore it from a backup, or apply the definitions again into a new one.",
  });
}
