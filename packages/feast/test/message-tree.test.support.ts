import type { Random } from "@asof/core";
import { chance, choose, int, times } from "@asof/testkit";
import { readGolden } from "./golden.test.support.ts";

/** A field of a message: its content as it was stored, or taken apart where the schema says that it is a message. */
export interface FieldNode {
  readonly number: number;
  readonly wire: number;
  readonly content: Buffer | MessageNode;
}

export interface MessageNode {
  readonly type: string;
  readonly fields: readonly FieldNode[];
}

type Schema = Readonly<Record<string, readonly [number, string, string?]>>;

const files = readGolden<Readonly<Record<string, { messages?: Readonly<Record<string, Schema>> }>>>("proto_fields.json");
const schemas = new Map<string, Schema>([
  ...Object.values(files).flatMap(({ messages }) => Object.entries(messages ?? {})),
  ["google.protobuf.Timestamp", { seconds: [1, "int64"], nanos: [2, "int32"] }],
  ["google.protobuf.Duration", { seconds: [1, "int64"], nanos: [2, "int32"] }],
]);

/** The number of a message's field; fails for one that is not there. */
export function fieldNumber(type: string, field: string): number {
  const found = schemas.get(type)?.[field];
  if (found === undefined) throw new Error(`${type} has no field ${field}`);
  return found[0];
}

/** `map<K,V>` stands for the entry of such a map. */
function schemaOf(type: string): Schema | undefined {
  const [, key, value] = /^map<(\w+),([\w.]+)>$/.exec(type) ?? [];
  return key === undefined || value === undefined ? schemas.get(type) : { key: [1, key], value: [2, value] };
}

function typeOfField(type: string, number: number): string | null {
  const field = Object.values(schemaOf(type) ?? {}).find(([known]) => known === number);
  const name = field?.[1].replace(/^repeated /, "") ?? "";
  return schemaOf(name) === undefined ? null : name;
}

/** A reader of protobuf that shares nothing with the one under test. */
export function parseMessage(type: string, bytes: Buffer): MessageNode {
  const fields: FieldNode[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const [number, wire] = [Math.floor(tag / 8), tag % 8];
    const start = at;
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else {
      const length = Number(varint());
      at += length;
      const inner = typeOfField(type, number);
      const content = bytes.subarray(at - length, at);
      fields.push({ number, wire, content: inner === null ? content : parseMessage(inner, content) });
      continue;
    }
    fields.push({ number, wire, content: bytes.subarray(start, at) });
  }
  return { type, fields };
}

function varintBytes(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

export function printMessage({ fields }: MessageNode): Buffer {
  return Buffer.concat(
    fields.flatMap(({ number, wire, content }) => {
      const bytes = Buffer.isBuffer(content) ? content : printMessage(content);
      return [varintBytes(number * 8 + wire), ...(wire === 2 ? [varintBytes(bytes.length)] : []), bytes];
    }),
  );
}

/** The message as text that does not depend on the order of fields of different numbers, nor on that of a map's entries. */
export function canonicalMessage({ type, fields }: MessageNode): unknown {
  const numbers = [...new Set(fields.map(({ number }) => number))].sort((a, b) => a - b);
  return numbers.map((number) => {
    const same = fields.filter((field) => field.number === number);
    const values = same.map(({ wire, content }) =>
      Buffer.isBuffer(content) ? `${wire}:${content.toString("hex")}` : canonicalMessage(content),
    );
    const isMap = typeOfField(type, number)?.startsWith("map<") === true;
    return [number, isMap ? values.map((value) => JSON.stringify(value)).sort() : values];
  });
}

/** Unknown fields at random places of a message and of all messages inside it; entries of maps, which protobuf rebuilds, aside. */
export function addUnknownFields(random: Random, { type, fields }: MessageNode): MessageNode {
  const deep = fields.map((field) =>
    Buffer.isBuffer(field.content) ? field : { ...field, content: addUnknownFields(random, field.content) },
  );
  if (type.startsWith("map<")) return { type, fields: deep };
  for (let more = chance(random, 0.6) ? int(random, 1, 3) : 0; more > 0; more--)
    deep.splice(int(random, 0, deep.length), 0, unknownField(random));
  return { type, fields: deep };
}

function unknownField(random: Random): FieldNode {
  // A field of one number has one wire type, as in any schema.
  const [number, wire] = choose(random, [
    [99, 0],
    [1000, 2],
    [1001, 1],
    [51_966, 2],
    [536_870_911, 5],
  ] as const);
  const bytes = (length: number): Buffer => Buffer.from(times(length, () => int(random, 0, 255)));
  const content =
    wire === 0 ? varintBytes(choose(random, [0n, 1n, 300n, 2n ** 64n - 1n])) : bytes(wire === 1 ? 8 : wire === 5 ? 4 : int(random, 0, 200));
  return { number, wire, content };
}
