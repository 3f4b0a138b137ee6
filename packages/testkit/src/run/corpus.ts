import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256Hex, type Value } from "@asof/core";
import { type Case, fromJsonText, toJsonText } from "../generate/case.ts";
import { oracle } from "../oracle/oracle.ts";

/** A case that is replayed for ever: one that failed once, shrunk, or one worth keeping. */
export interface CorpusEntry {
  readonly format: 1;
  readonly title: string;
  /** What made it, where it was generated. */
  readonly seed: string | null;
  readonly case: Case;
  /** What the oracle answered when the case was filed, row by row: the oracle must never change its mind unnoticed. */
  readonly expected: readonly (readonly Value[])[];
}

/** Where the corpus lies. */
export const corpusFolder: string = fileURLToPath(new URL("../../corpus/", import.meta.url));

/** All entries, by file name. */
export async function readCorpus(): Promise<readonly { readonly file: string; readonly entry: CorpusEntry }[]> {
  const files = (await readdir(corpusFolder)).filter((name) => name.endsWith(".json")).sort();
  return Promise.all(
    files.map(async (file) => ({ file, entry: fromJsonText<CorpusEntry>(await readFile(`${corpusFolder}${file}`, "utf8")) })),
  );
}

/** Files a case under `name`, or one made of its content, and returns the path. Filing it again changes nothing. */
export async function fileCase(
  one: Case,
  about: Pick<CorpusEntry, "title" | "seed">,
  folder = corpusFolder,
  name?: string,
): Promise<string> {
  const path = join(folder, `${name ?? `failed-${sha256Hex(toJsonText(one)).slice(0, 12)}`}.json`);
  const expected = oracle(one.plan, one.tables, one.spine.rows).map((row) => row.map((answer) => answer.value));
  await mkdir(folder, { recursive: true });
  await writeFile(path, `${toJsonText({ format: 1, ...about, expected, case: one } satisfies CorpusEntry)}\n`);
  return path;
}
