import type { ErrorCode } from "../error/codes.ts";
import { AsofError } from "../error/error.ts";

/** What Feast 0.67 raises in Python: the name is that of the class, the message what `str()` gives. */
export class FeastException extends Error {
  constructor(type: string, message: string) {
    super(message);
    this.name = type;
  }
}

/** An error under `feast_compatibility: strict`: ours, with Feast's exception as its cause, for those who answer in Feast's words. */
export function asFeastRaises(code: ErrorCode, type: string, message: string, path: string): AsofError {
  const cause = new FeastException(type, type === "KeyError" ? pythonRepr(message) : message);
  return new AsofError(code, `${cause.name}: ${cause.message}`, {
    path,
    cause,
    fix: "Correct the request; `feast_compatibility: corrected` says what it lacks.",
  });
}

/** A list of texts as Python prints it. */
export function printPythonList(texts: readonly string[]): string {
  return `[${texts.map(pythonRepr).join(", ")}]`;
}

/** A text as Python's `repr` gives it: in single quotes unless it holds one and no double quote. */
export function pythonRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return `${quote}${text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll(quote, `\\${quote}`)}${quote}`;
}
