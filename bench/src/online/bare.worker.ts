import { join } from "node:path";
import { sha256Hex } from "@asof/core";
import { open } from "lmdb";
import { replyFromWorker, workerArguments } from "../worker-process.ts";
import { featureNames, viewCount } from "./data.ts";
import { checkedRequests, checksumOfRows, type LookupArguments, makeRequests, measureRequests, repositoryOf } from "./requests.ts";

/**
 * The peer: what one writes by hand against this very folder, knowing its bytes and nothing else. No checks, no statuses, no ttl: one get
 * per view, and an object literal with the features in it.
 */
type Row = Record<string, unknown>;

const prefixBytes = 13;
const headerBytes = 24;
const bitmapBytes = Math.ceil(featureNames.length / 8);

const args = workerArguments<LookupArguments>();
const database = open<Buffer, Buffer>({
  path: join(repositoryOf(args.data), "data/online"),
  noSubdir: false,
  encoding: "binary",
  keyEncoding: "binary",
  readOnly: true,
  overlappingSync: false,
  maxReaders: 512,
});

const keyBuffers = Array.from({ length: viewCount }, (_, i) => keyBufferOf(`v${i}`));
const readValues = compileReader();
const makeRow = compileRow();

const ask = (keys: readonly number[]): Row[] => {
  const rows: Row[] = new Array(keys.length);
  for (let i = 0; i < keys.length; i++) rows[i] = makeRow(keys[i] ?? 0);
  return rows;
};
const took = await measureRequests(args, ask);
const answers = makeRequests(args).slice(0, checkedRequests).map(ask);
await database.close();
replyFromWorker({ ...took, checksum: checksumOfRows(answers) });

/** The key of a row of generation 1: layout byte, view id, generation, then the customer as a sortable int64. */
function keyBufferOf(view: string): Buffer {
  const buffer = Buffer.alloc(prefixBytes + 8);
  buffer[0] = 0x10;
  buffer.write(sha256Hex(JSON.stringify(["bench", view])).slice(0, 16), 1, "hex");
  buffer.writeUInt32BE(1, 9);
  return buffer;
}

/** `{ f0: …, f1: … }` from the stored bytes; the source is put together because the number of features is a constant of the bench. */
function compileReader(): (bytes: Buffer | undefined) => Row {
  const at = (i: number): number => headerBytes + bitmapBytes + i * 8;
  const isNull = (i: number): string => `(bytes[${headerBytes + (i >> 3)}] & ${1 << (i & 7)}) !== 0`;
  const nothing = featureNames.map((name) => `${name}: null`);
  const present = featureNames.map((name, i) => `${name}: view.getFloat64(${at(i)}, true)`);
  const some = featureNames.map((name, i) => `${name}: ${isNull(i)} ? null : view.getFloat64(${at(i)}, true)`);
  const bitmap = Array.from({ length: bitmapBytes }, (_, i) => `bytes[${headerBytes + i}]`).join(" | ");
  return new Function(
    "bytes",
    `let latest, view;
    return (bytes) => {
      if (bytes === undefined) return { ${nothing.join(", ")} };
      if (bytes.buffer !== latest) { latest = bytes.buffer; view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength); }
      return (${bitmap}) === 0 ? { ${present.join(", ")} } : { ${some.join(", ")} };
    };`,
  )();
}

/** `{ v0: …, v1: … }` for one customer. */
function compileRow(): (customer: number) => Row {
  const gets = keyBuffers.map((_, i) => `v${i}: read(get(keys[${i}], customer))`);
  return new Function("read", "get", "keys", `return (customer) => ({ ${gets.join(", ")} });`)(readValues, get, keyBuffers);
}

function get(key: Buffer, customer: number): Buffer | undefined {
  const high = Math.floor(customer / 0x1_0000_0000);
  key.writeInt32BE(high ^ 0x8000_0000, prefixBytes);
  key.writeUInt32BE(customer - high * 0x1_0000_0000, prefixBytes + 4);
  return database.getBinaryFast(key);
}
