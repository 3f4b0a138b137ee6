import { readFile } from "node:fs/promises";
import { addAbortSignal } from "node:stream";
import { text } from "node:stream/consumers";
import { AsofError } from "@asof/core";
import type { CommandContext } from "../context.ts";
import { parseJsonRows } from "../json-rows.ts";
import { type GlobalOptions, resolveFrom, withSession } from "../with-session.ts";

interface PushCommandOptions extends GlobalOptions {
  readonly rows: string;
  readonly to: "online" | "offline" | "both";
  readonly idempotencyKey?: string;
}

/** `asof push`. */
export async function runPush(context: CommandContext, source: string, options: PushCommandOptions): Promise<void> {
  const { to } = options;
  const name = options.rows === "-" ? "standard input" : options.rows;
  const rows = parseJsonRows(await readInput(context, options), { name, code: "ASOF_PUSH_INVALID" });
  await withSession(context, options, async (session) => {
    const counts = await session.push({ source, rows, form: "json", to, idempotencyKey: options.idempotencyKey });
    if (context.json) context.printJson(counts);
    else {
      const parts = [`${counts.rows} rows pushed to ${source}`, `${counts.written} online values changed`];
      if (counts.heldBack > 0) parts.push(`${counts.heldBack} held back until they are due`);
      if (counts.beforeHandover > 0) parts.push(`${counts.beforeHandover} before the handover left to the batch side`);
      if (counts.erased > 0) parts.push(`${counts.erased} of an erased key left out`);
      context.print(`${parts.join(", ")}.`);
    }
  });
}

async function readInput(context: CommandContext, options: PushCommandOptions): Promise<string> {
  const path = options.rows;
  if (path === "-") return text(addAbortSignal(context.signal, process.stdin));
  try {
    return await readFile(resolveFrom(context, options, path), { encoding: "utf8", signal: context.signal });
  } catch (cause) {
    throw new AsofError("ASOF_PUSH_INVALID", `The rows file "${path}" cannot be read.`, {
      path: "--rows",
      value: path,
      fix: "Check the path.",
      cause,
    });
  }
}
