import { AsofError, type ErrorCode } from "@asof/core";

/** Where rows came from, and the code of their faults. */
export interface JsonRowsOrigin {
  /** How messages name it: a file, or the flag. */
  readonly name: string;
  readonly code: ErrorCode;
}

/** Reads a JSON array of objects, or one object per line. Integers beyond 2^53 keep their digits. Faults name the line or row. */
export function parseJsonRows(input: string, { name, code }: JsonRowsOrigin): readonly Readonly<Record<string, unknown>>[] {
  const trimmed = input.trim();
  if (trimmed === "") return [];
  const isArray = trimmed.startsWith("[");
  const parts = isArray ? [trimmed] : trimmed.split("\n");
  const parsed = parts.flatMap((part, i) => (part.trim() === "" ? [] : parsePart(part, isArray ? name : `${name}:${i + 1}`, code)));
  return parsed.map((row, i) => {
    if (typeof row === "object" && row !== null && !Array.isArray(row)) return row as Readonly<Record<string, unknown>>;
    throw new AsofError(code, `Row ${i} of ${name} is not an object.`, {
      path: `${name}[${i}]`,
      value: row,
      fix: "Give one object per row.",
    });
  });
}

function parsePart(part: string, where: string, code: ErrorCode): unknown {
  try {
    return JSON.parse(part, exactIntegers);
  } catch (cause) {
    throw new AsofError(code, `${where} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}.`, {
      path: where,
      fix: "Give a JSON array of objects, or one object per line.",
      cause,
    });
  }
}

/** JSON.parse gives a reviver the number's text; one that a double cannot hold exactly becomes a bigint. */
function exactIntegers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || Number.isSafeInteger(value) || !/^-?\d+$/.test(source)) return value;
  return BigInt(source);
}
