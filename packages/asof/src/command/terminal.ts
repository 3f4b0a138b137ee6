import type { CommandContext } from "./context.ts";

/** What may be drawn. */
export interface Terminal {
  /** Whether characters beyond ASCII are shown: the locale says UTF-8. */
  readonly isUnicode: boolean;
  /** Columns of a line; infinite where the output is no terminal and nobody says how wide it is. */
  readonly width: number;
}

const narrowest = 40;

/** Columns that a table may take. Only a terminal limits it: what goes into a pipe or a file is never cut. */
export function tableWidth(context: Pick<CommandContext, "stdout" | "environment">): number {
  return context.stdout.isTTY === true ? terminalOf(context).width : Number.POSITIVE_INFINITY;
}

/** The terminal that standard output goes to. A pipe is as wide as its lines, unless COLUMNS says otherwise. */
export function terminalOf({ stdout, environment }: Pick<CommandContext, "stdout" | "environment">): Terminal {
  const locale = [environment.LC_ALL, environment.LC_CTYPE, environment.LANG].find((value) => value !== undefined && value !== "") ?? "";
  const given = Number(environment.COLUMNS);
  const columns =
    Number.isSafeInteger(given) && given > 0 ? given : stdout.isTTY === true ? (stdout.columns ?? 80) : Number.POSITIVE_INFINITY;
  return { isUnicode: /utf-?8/i.test(locale) && environment.TERM !== "linux", width: Math.max(narrowest, columns) };
}
