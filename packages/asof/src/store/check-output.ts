import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { AsofError } from "@asof/core";

/** What is to be written. */
export interface Output {
  readonly kind: "file" | "folder";
  /** Whether folders above it that are not there will be made. */
  readonly makesFolders: boolean;
}

/**
 * Looks whether something can be written at a path, before any work is done for it. ASOF_OUTPUT_FAILED says what stands in the way: a file
 * where a folder is meant or the other way round, a folder that is not there, or one that may not be written.
 */
export function checkOutput(path: string, { kind, makesFolders }: Output): void {
  const target = resolve(path);
  const found = kindOf(target);
  if (found !== null && found !== kind) {
    throw refuse(
      target,
      `it is a ${found}`,
      kind === "file" ? "Name a file in it, or another file." : "Remove it, or name another folder.",
    );
  }
  let parent = dirname(target);
  for (let above = kindOf(parent); above !== "folder"; above = kindOf(parent)) {
    if (above === "file") throw refuse(target, `${parent} is a file`, "Name another folder.");
    if (!makesFolders) throw refuse(target, `there is no folder ${parent}`, "Make the folder, or name another one.");
    parent = dirname(parent);
  }
  try {
    accessSync(parent, constants.W_OK);
  } catch (cause) {
    throw refuse(target, `the folder ${parent} may not be written`, "Name another folder, or change its permissions.", cause);
  }
}

/** Null where nothing is, also below a file. */
function kindOf(path: string): "file" | "folder" | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  return found.isDirectory() ? "folder" : "file";
}

function refuse(path: string, why: string, fix: string, cause?: unknown): AsofError {
  return new AsofError("ASOF_OUTPUT_FAILED", `${path} cannot be written: ${why}.`, { path, value: path, fix, cause });
}
