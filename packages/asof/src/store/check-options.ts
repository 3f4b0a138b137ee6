import { AsofError, didYouMean, type ErrorCode, isDefinition, printValue } from "@asof/core";

/** What one option may hold: what its fault says, and the test. Instants are not tested here: who reads them says what is wrong. */
type OptionKind = readonly [wanted: string, fits: (value: unknown) => boolean];

const optionKinds = {
  any: ["anything", () => true],
  text: ["a text", (value) => typeof value === "string" && value !== ""],
  texts: ["a list of texts", (value) => Array.isArray(value) && value.every((text) => typeof text === "string")],
  flag: ["true or false", (value) => typeof value === "boolean"],
  count: ["a whole number from 1 on", (value) => Number.isSafeInteger(value) && Number(value) >= 1],
  number: ["a whole number from 0 on", (value) => Number.isSafeInteger(value) && Number(value) >= 0],
  signal: ["an AbortSignal", (value) => value instanceof AbortSignal],
  function: ["a function", (value) => typeof value === "function"],
  object: ["an object", isRecord],
} as const satisfies Readonly<Record<string, OptionKind>>;

/** The options of a call and what each may hold. */
export type KnownOptions = Readonly<Record<string, keyof typeof optionKinds>>;

/**
 * Refuses options that are not an object, that the call does not have, or of another kind; undefined leaves an option out. A misspelt name would
 * else be read as the default: `{ dryrun: true }` would erase, and `{ knowlege: "created" }` would leak.
 */
export function checkOptions(code: ErrorCode, options: unknown, known: KnownOptions): void {
  if (options === undefined) return;
  const names = Object.keys(known).join(", ");
  if (!isRecord(options)) refuse(code, "options", options, "an object", `Write { … } with some of: ${names}.`);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name)) {
      throw new AsofError(code, `There is no option "${name}". There are: ${names}.`, {
        path: `options.${name}`,
        value,
        fix: `${didYouMean(name, Object.keys(known))}Fix the name, or leave it out.`,
      });
    }
    const [wanted, fits] = optionKinds[known[name] ?? "any"];
    if (value !== undefined && !fits(value)) refuse(code, name, value, wanted, `Give ${wanted}, or leave it out.`);
  }
}

/** Throws that an argument is not what is wanted there. */
export function refuse(code: ErrorCode, path: string, value: unknown, wanted: string, fix: string): never {
  const shown = isDefinition(value) ? `the ${value.kind} "${value.name}"` : printValue(value);
  throw new AsofError(code, `${path} is ${shown}, not ${wanted}.`, { path, value: shown, fix });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
