import { asBuffer } from "@asof/core";

/** MurmurHash3 for x86, 32 bits, as an unsigned number: Feast's hash of `view:feature` in Redis (seed 0). */
export function murmur32(bytes: Uint8Array, seed = 0): number {
  const buffer = asBuffer(bytes);
  const blocks = buffer.length >>> 2;
  let hash = seed;
  for (let i = 0; i < blocks; i++) {
    hash ^= mix32(buffer.readInt32LE(i * 4));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  const rest = buffer.length & 3;
  if (rest > 0) hash ^= mix32(buffer.readUIntLE(blocks * 4, rest) | 0);
  hash ^= buffer.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mix32(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;
const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotate = (value: bigint, bits: bigint): bigint => wrap(value << bits) | (value >> (64n - bits));

/** MurmurHash3 for x64, 128 bits, seed 0, its two halves little-endian: Feast's entity id. Not for hot paths. */
export function murmur128(bytes: Uint8Array): Buffer {
  const buffer = asBuffer(bytes);
  const blocks = buffer.length >>> 4;
  let h1 = 0n;
  let h2 = 0n;
  for (let i = 0; i < blocks; i++) {
    h1 ^= mixLow(buffer.readBigUInt64LE(i * 16));
    h1 = wrap((rotate(h1, 27n) + h2) * 5n + 0x52dce729n);
    h2 ^= mixHigh(buffer.readBigUInt64LE(i * 16 + 8));
    h2 = wrap((rotate(h2, 31n) + h1) * 5n + 0x38495ab5n);
  }
  const tail = Buffer.alloc(16);
  buffer.copy(tail, 0, blocks * 16);
  h2 ^= mixHigh(tail.readBigUInt64LE(8));
  h1 ^= mixLow(tail.readBigUInt64LE(0));
  const length = BigInt(buffer.length);
  h1 = wrap((h1 ^ length) + (h2 ^ length));
  h2 = wrap((h2 ^ length) + h1);
  h1 = finish(h1);
  h2 = finish(h2);
  h1 = wrap(h1 + h2);
  h2 = wrap(h2 + h1);
  const hash = Buffer.alloc(16);
  hash.writeBigUInt64LE(h1, 0);
  hash.writeBigUInt64LE(h2, 8);
  return hash;
}

function mixLow(block: bigint): bigint {
  return wrap(rotate(wrap(block * C1), 31n) * C2);
}

function mixHigh(block: bigint): bigint {
  return wrap(rotate(wrap(block * C2), 33n) * C1);
}

function finish(hash: bigint): bigint {
  let mixed = wrap((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn);
  mixed = wrap((mixed ^ (mixed >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return mixed ^ (mixed >> 33n);
}
