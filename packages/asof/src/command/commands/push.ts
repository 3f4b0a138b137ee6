import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { AsofError } from "@asof/core";
import type { CommandContext } from "../context.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

interface PushCommandOptions extends GlobalOptions {
  readonly rows: string;
  readonly to: string;
  readonly idempotencyKey?: string;
}

/** `asof push`. */
export async function runPush(context: CommandContext, source: string, options: PushCommandOptions): Promise<void> {
  const { to } = options;
  if (to !== "online" && to !== "offline" && to !== "both") {
    throw new AsofError("ASOF_USAGE", `--to is "${to}".`, { path: "--to", value: to, fix: "Give online, offline or both." });
  }
  const rows = parseRows(await readInput(context, options.rows), options.rows);
  await withSession(context, options, async (session) => {
    const counts = await session.push({ source, rows, to, idempotencyKey: options.idempotencyKey });
    if (context.json) context.printJson(counts);
    else {
      const parts = [`${counts.rows} rows pushed to ${source}`, `${counts.written} online values changed`];
      if (counts.heldBack > 0) parts.push(`${counts.heldBack} held back until they are due`);
      if (counts.beforeHandover > 0) parts.push(`${counts.beforeHandover} before the handover left to the batch side`);
      context.print(`${parts.join(", ")}.`);
    }
  });
}

async function readInput(context: CommandContext, path: string): Promise<string> {
  if (path === "-") return text(process.stdin);
  try {
    return await readFile(resolve(context.workingFolder, path), "utf8");
  } catch (cause) {
    throw new AsofError("ASOF_PUSH_INVALID", `The rows file "${path}" cannot be read.`, {
      path: "--rows",
      value: path,
      fix: "Check the path.",
      cause,
    });
  }
}

/** A JSON array, or one JSON object per line. Integers beyond 2^53 keep their digits. */
function parseRows(input: string, path: string): readonly Readonly<Record<string, unknown>>[] {
  const trimmed = input.trim();
  if (trimmed === "") return [];
  const isArray = trimmed.startsWith("[");
  const parts = isArray ? [trimmed] : trimmed.split("\n").filter((line) => line.trim() !== "");
  const parsed = parts.flatMap((part, i) => {
    try {
      return JSON.parse(part, exactIntegers) as unknown;
    } catch (cause) {
      const where = isArray ? path : `${path}:${i + 1}`;
      throw new AsofError("ASOF_PUSH_INVALID", `${where} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}.`, {
        path: where,
        fix: "Give a JSON array of objects, or one object per line.",
        cause,
      });
    }
  });
  return parsed.map((row, i) => {
    if (typeof row === "object" && row !== null && !Array.isArray(row)) return row as Readonly<Record<string, unknown>>;
    throw new AsofError("ASOF_PUSH_INVALID", `Row ${i} of ${path} is not an object.`, {
      path: `${path}[${i}]`,
      value: row,
      fix: "Give one object per row.",
    });
  });
}

/** JSON.parse gives a reviver the number's text; one that a double cannot hold exactly becomes a bigint. */
function exactIntegers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || Number.isSafeInteger(value) || !/^-?\d+$/.test(source)) return value;
  return BigInt(source);
}
