import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { systemClock } from "@asof/core";
import { isAlive, staleAfterMs } from "./temporary-folder.ts";

/**
 * A hidden name beside an output, of this process alone: `tmp` for what is written and then takes the output's name, `old` for the folder
 * that makes room for it.
 */
export function unfinishedPath(target: string, kind: "tmp" | "old"): string {
  return join(dirname(target), `.${basename(target)}.${process.pid}-${randomUUID()}.${kind}`);
}

/**
 * Removes what killed processes left of earlier writings of the same output, once nothing in it changed for an hour: a process that is not
 * seen here may live in another container. A folder that made room stays where the one that was to replace it never came.
 */
export function removeUnfinished(target: string): void {
  const folder = dirname(target);
  if (!existsSync(folder)) return;
  const beginning = `.${basename(target)}.`;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(beginning)) continue;
    const [, pid, kind] = /^(\d+)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(tmp|old)$/.exec(name.slice(beginning.length)) ?? [];
    if (pid === undefined || isAlive(Number(pid)) || (kind === "old" && !existsSync(target))) continue;
    const path = join(folder, name);
    if (systemClock.nowUs() / 1000 - changedMs(path) > staleAfterMs) rmSync(path, { recursive: true, force: true });
  }
}

/** When a file, or anything in a folder, was changed last. */
function changedMs(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((newest, name) => Math.max(newest, changedMs(join(path, name))), stat.mtimeMs);
}
