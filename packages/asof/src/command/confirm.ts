import { createInterface } from "node:readline/promises";
import { AsofError } from "@asof/core";
import type { CommandContext } from "./context.ts";

/** Refuses to ask where nobody can answer: ASOF_USAGE. `asks`: what the command does first; `fix`: what to give instead. */
export function requireTerminal(context: CommandContext, asks: string, fix: string): void {
  if (!context.json && process.stdin.isTTY === true) return;
  throw new AsofError("ASOF_USAGE", `${asks}, and there is no terminal to ask.`, { path: "--yes", fix });
}

/** Asks a question that only `yes` answers; anything else is ASOF_INTERRUPTED and says what did not happen. */
export async function confirm(context: CommandContext, question: string, otherwise: string): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} Type yes: `, { signal: context.signal });
    if (answer.trim() !== "yes")
      throw new AsofError("ASOF_INTERRUPTED", otherwise, { path: "--yes", value: answer, fix: "Run it again and type yes." });
  } finally {
    terminal.close();
  }
}
