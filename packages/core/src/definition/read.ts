import type { ErrorCode } from "../error/codes.ts";
import { AsofError, type Issue, printValue, sentenceOf } from "../error/error.ts";
import { parseDuration } from "../value/duration.ts";
import type { Meta } from "./model.ts";
import { type Fault, payloadOf } from "./payload.ts";

/** Issues of one object, gathered while it is built: builders never throw, so that all faults are reported at once. */
export class IssueList {
  readonly issues: Issue[] = [];

  add(code: ErrorCode, path: string, value: unknown, message: string, fix: string): void {
    this.issues.push(value === undefined ? { code, path, message, fix } : { code, path, value, message, fix });
  }

  /** Takes over the issues of an object that this one refers to; `collectDefinitions` counts each once. */
  inherit(referenced: unknown): void {
    const payload = payloadOf(referenced);
    if (payload?.of === "definition") this.issues.push(...payload.issues);
  }

  /** Adds faults found before their place was known. */
  addFaults(path: string, faults: readonly Fault[]): void {
    for (const { at, ...fault } of faults) this.issues.push({ ...fault, path: at === undefined ? path : `${path}.${at}` });
  }
}

/** Reads an options object that may be anything, since JavaScript callers see no types. */
export class OptionReader {
  readonly path: string;
  readonly #options: Readonly<Record<string, unknown>>;
  readonly #list: IssueList;

  constructor(options: unknown, path: string, list: IssueList, known: readonly string[]) {
    this.path = path;
    this.#list = list;
    this.#options = asRecord(options) ?? {};
    if (options !== undefined && asRecord(options) === null) {
      list.add("ASOF_DEFINITION_INVALID", path, options, "Options must be an object.", `Write { ${known.slice(0, 3).join(", ")}, … }.`);
    }
    for (const name of Object.keys(this.#options)) {
      if (known.includes(name) || metaNames.includes(name)) continue;
      const hint = nearest(name, known);
      const fix = hint === null ? `Remove it. Known options: ${[...known, ...metaNames].join(", ")}.` : `Did you mean "${hint}"?`;
      list.add("ASOF_DEFINITION_INVALID", `${path}.${name}`, name, `There is no option "${name}".`, fix);
    }
  }

  value(name: string): unknown {
    return this.#options[name];
  }

  /** Non-empty text, or null when absent or wrong (then an issue was added). */
  text(name: string): string | null {
    const value = this.#options[name];
    if (value === undefined) return null;
    if (typeof value === "string" && value !== "") return value;
    this.#wrong(name, value, "is not a non-empty text", `Write ${name}: "…".`);
    return null;
  }

  flag(name: string, byDefault: boolean): boolean {
    const value = this.#options[name];
    if (value === undefined) return byDefault;
    if (typeof value === "boolean") return value;
    this.#wrong(name, value, "is neither true nor false", `Write ${name}: true or leave it out.`);
    return byDefault;
  }

  /** Microseconds, or null when absent or wrong (then an issue was added). */
  duration(name: string, code: ErrorCode = "ASOF_DURATION_INVALID"): number | null {
    const value = this.#options[name];
    return value === undefined ? null : readDuration(value, `${this.path}.${name}`, this.#list, code);
  }

  meta(): Meta {
    const { meta, faults } = readMetaFaults(this.#options, null);
    this.#list.addFaults(this.path, faults);
    return meta;
  }

  #wrong(name: string, value: unknown, what: string, fix: string): void {
    this.#list.add("ASOF_DEFINITION_INVALID", `${this.path}.${name}`, value, `Option "${name}" ${what}.`, fix);
  }
}

/** A name as given; a wrong kind of name is an issue and stands for itself in paths. */
export function readName(name: unknown, group: string, list: IssueList): string {
  if (typeof name === "string") return name;
  const shown = describeWrongName(name);
  list.add("ASOF_NAME_INVALID", `${group}.${shown}`, shown, `The name is ${shown}, not text.`, "Give the name as the first argument.");
  return shown;
}

function describeWrongName(name: unknown): string {
  return typeof name === "object" && name !== null ? "an_object" : typeof name === "function" ? "a_function" : String(name);
}

/** Reads `"30d"` into microseconds; null after adding an issue. */
export function readDuration(value: unknown, path: string, list: IssueList, code: ErrorCode = "ASOF_DURATION_INVALID"): number | null {
  const fix = 'Write a positive whole number of s, m, h or d, for example "30d".';
  if (typeof value !== "string") {
    list.add(code, path, value, `${printValue(value)} is not a duration: it is not text.`, fix);
    return null;
  }
  try {
    return parseDuration(value);
  } catch (error) {
    if (!(error instanceof AsofError)) throw error;
    list.add(code, path, value, sentenceOf(error), fix);
    return null;
  }
}

const metaNames: readonly string[] = ["owner", "description", "tags"];

/** Owner, description and tags of an options object. `known`: other allowed options; null when the caller checks names itself. */
export function readMetaFaults(
  options: unknown,
  known: readonly string[] | null,
): { readonly meta: Meta; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const record = asRecord(options);
  if (record === null) {
    if (options !== undefined) {
      faults.push(fault(undefined, options, "Options must be an object.", 'Write { description: "…" } or leave it out.'));
    }
    return { meta: {}, faults };
  }
  const meta: { owner?: string; description?: string; tags?: Readonly<Record<string, string>> } = {};
  for (const name of ["owner", "description"] as const) {
    const value = record[name];
    if (typeof value === "string") meta[name] = value;
    else if (value !== undefined) faults.push(fault(name, value, `Option "${name}" is not text.`, `Write ${name}: "…".`));
  }
  const tags = record.tags;
  if (isTags(tags)) meta.tags = Object.freeze({ ...tags });
  else if (tags !== undefined) faults.push(fault("tags", tags, "Tags must be an object of texts.", 'Write tags: { team: "growth" }.'));
  for (const name of known === null ? [] : Object.keys(record)) {
    if (known?.includes(name) || metaNames.includes(name)) continue;
    const all = [...(known ?? []), ...metaNames].join(", ");
    faults.push(fault(name, name, `There is no option "${name}".`, `Remove it. Known options: ${all}.`));
  }
  return { meta: Object.freeze(meta), faults };
}

function isTags(value: unknown): value is Readonly<Record<string, string>> {
  const record = asRecord(value);
  return record !== null && Object.values(record).every((v) => typeof v === "string");
}

function fault(at: string | undefined, value: unknown, message: string, fix: string): Fault {
  return { code: "ASOF_DEFINITION_INVALID", ...(at === undefined ? {} : { at }), value, message, fix };
}

/** A value as an object with unknown members, or null for anything that is not a plain options object. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | null {
  return isRecord(value) ? value : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The known name nearest to a wrong one, if near enough to be a typo: at most a third of its letters differ. */
export function nearest(name: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `Did you mean "orders"? ` before the rest of a fix; empty where no known name is near. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const near = nearest(name, known);
  return near === null ? "" : `Did you mean "${near}"? `;
}

/** Letters to add, leave out, replace, or swap with their neighbour. */
function editDistance(a: string, b: string): number {
  let before: readonly number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwapped ? (before[j - 2] ?? 0) + 1 : replace;
      next.push(Math.min(replace, swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The first names of a list, for messages. */
export function listNames(names: readonly string[]): string {
  if (names.length === 0) return "(none)";
  return names.length > 12 ? `${names.slice(0, 12).join(", ")}, … (${names.length} in all)` : names.join(", ");
}
