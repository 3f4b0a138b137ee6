import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { type AnsweredRow, AsofError, type EntityRow, type FeatureStatus, formatInstant, type ServedAnswer } from "@asof/core";
import type { Session } from "../store/session.ts";

/** An answer given by another process, and how long it took there with its start. */
export interface ElsewhereAnswer {
  readonly answer: ServedAnswer;
  readonly pid: number;
  readonly milliseconds: number;
}

/** Asks the `asof` command, as a process of its own, for the features of `churn_v1`. */
export async function readOnlineElsewhere(
  session: Session,
  entities: readonly EntityRow[],
  atUs: number,
  options: { readonly signal: AbortSignal; readonly environment: Readonly<Record<string, string | undefined>> },
): Promise<ElsewhereAnswer> {
  const command = join(dirname(createRequire(import.meta.url).resolve("asof/package.json")), "bin", "asof.js");
  const columns = ["customer_id", "amount"].flatMap((name) => ["-e", `${name}=${entities.map((row) => String(row[name])).join(",")}`]);
  const args = [
    command,
    "get-online-features",
    "-c",
    session.repositoryPath,
    "-s",
    "churn_v1",
    ...columns,
    "--at",
    formatInstant(atUs),
    "--json",
  ];
  const startMs = performance.now();
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    signal: options.signal,
    env: { ...options.environment },
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const [output, faults, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  if (code !== 0) {
    throw new AsofError("ASOF_STORE_FAILED", `The other process ended with ${code}: ${faults.trim()}`, { fix: "Run it again." });
  }
  const parsed = JSON.parse(output) as {
    readonly rows: readonly AnsweredRow[];
    readonly statuses: readonly Readonly<Record<string, Readonly<Record<string, FeatureStatus>>>>[];
  };
  return { answer: { rows: parsed.rows, statuses: parsed.statuses }, pid: child.pid ?? 0, milliseconds: performance.now() - startMs };
}
