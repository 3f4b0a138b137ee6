import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { sha256Hex } from "@asof/core";
import { type Case, fromJsonText, toJsonText } from "../generate/case.ts";

/** A case that is replayed for ever: one that failed once, shrunk, or one worth keeping. */
export interface CorpusEntry {
  readonly format: 1;
  readonly title: string;
  /** What made it, where it was generated. */
  readonly seed: string | null;
  readonly case: Case;
}

const folder = fileURLToPath(new URL("../../corpus/", import.meta.url));

/** All entries, by file name. */
export async function readCorpus(): Promise<readonly { readonly file: string; readonly entry: CorpusEntry }[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  return Promise.all(files.map(async (file) => ({ file, entry: fromJsonText<CorpusEntry>(await readFile(`${folder}${file}`, "utf8")) })));
}

/** Files an entry under a name made of its content, once, and returns its path. */
export async function fileEntry(entry: CorpusEntry): Promise<string> {
  const text = `${toJsonText(entry)}\n`;
  const path = `${folder}failed-${sha256Hex(toJsonText(entry.case)).slice(0, 12)}.json`;
  await mkdir(folder, { recursive: true });
  await writeFile(path, text);
  return path;
}
