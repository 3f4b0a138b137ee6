import { readFileSync } from "node:fs";

/** Reads a golden file; the types say what the tests use of it. */
export function readGolden<T>(name: string): T {
  return JSON.parse(readGoldenBytes(name).toString("utf8"));
}

export function readGoldenBytes(name: string): Buffer {
  return readFileSync(new URL(`./golden/${name}`, import.meta.url));
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
