import { realpathSync } from "node:fs";
import { resolve } from "node:path";

/**
 * A folder without links in its path: `..` after it then leads where it does for the operating system, and so for Feast. One that is not
 * there stays as it is.
 */
export function physicalFolder(path: string): string {
  const folder = resolve(path);
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
