import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { AsofError, type SpineInput } from "@asof/core";
import type { Asked, Session } from "../store/session.ts";
import { changesBetween, knownTypesOf, toSpineInput } from "../store/spine.ts";
import { entityRows } from "./asked.ts";
import type { CommandContext } from "./context.ts";
import { parseJsonRows } from "./json-rows.ts";
import { readTime, readTimeIfGiven } from "./read-time.ts";
import { type GlobalOptions, resolveFrom } from "./with-session.ts";

/** The ways of naming a spine on the command line; exactly one is given. */
export interface SpineOptions extends GlobalOptions {
  readonly spine?: string;
  readonly dataframe?: string;
  readonly entity?: readonly string[];
  readonly at?: string;
  readonly timeColumn?: string;
  readonly between?: readonly string[];
  readonly latestAsOf?: string;
}

/** A spine, and what has to be tidied up behind it. */
export interface ReadSpine extends AsyncDisposable {
  readonly input: SpineInput;
}

/** ASOF_USAGE unless a spine is named in one way, and its times can be read: before anything is opened. */
export function checkSpine(options: SpineOptions): void {
  const { spine, dataframe, entity, at, between, latestAsOf } = options;
  const ways = { "--spine": spine, "-d": dataframe, "-e": entity, "--between": between, "--latest-as-of": latestAsOf };
  const given = Object.entries(ways).flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
  if (given.length !== 1) {
    const what = given.length === 0 ? "No spine is given." : `More than one spine is given: ${given.join(" and ")}.`;
    throw new AsofError("ASOF_USAGE", what, {
      path: given.at(-1) ?? "--spine",
      value: given.length === 0 ? undefined : given.join(" "),
      fix: "Give one: --spine FILE|-|SQL, -d JSON, -e key=value with --at TIME, --between START END, or --latest-as-of TIME.",
    });
  }
  readTimeIfGiven("--at", at);
  readTimeIfGiven("--latest-as-of", latestAsOf);
  if (between !== undefined) changes(between);
}

/** A file, standard input as CSV, the query in a .sql file, a query, JSON rows, entities at one time, or rows that the history tells. The options have passed {@link checkSpine}. */
export async function readSpine(context: CommandContext, session: Session, asked: Asked, options: SpineOptions): Promise<ReadSpine> {
  const { between, latestAsOf } = options;
  if (options.at !== undefined && options.entity === undefined) {
    throw new AsofError("ASOF_USAGE", "--at goes with -e: the rows of a spine have times of their own.", {
      path: "--at",
      fix: "Leave it out, or give -e key=value instead of a spine.",
    });
  }
  if (between !== undefined) return keep(changes(between));
  if (latestAsOf !== undefined) return keep({ kind: "moments", moments: { kind: "latest", atUs: readTime("--latest-as-of", latestAsOf) } });
  if (options.spine === undefined) return keep(rowsSpine(session, asked, options));
  if (options.spine === "-") return standardInput(context);
  if (options.spine.toLowerCase().endsWith(".sql")) return keep(await sqlFile(context, options, options.spine));
  const input = toSpineInput(options.spine, new Map(), timeColumnOf(options));
  return keep(input.kind === "file" && !input.path.includes("://") ? { ...input, path: resolveFrom(context, options, input.path) } : input);
}

function changes(between: readonly string[]): SpineInput {
  const [start, end, ...more] = between;
  if (start !== undefined && end !== undefined && more.length === 0) {
    const [startUs, endUs] = [readTime("--between START", start), readTime("--between END", end)];
    if (startUs < endUs) return changesBetween(startUs, endUs, "--between");
    throw new AsofError("ASOF_USAGE", `--between ${start} ${end} holds no instant: START does not lie before END.`, {
      path: "--between",
      value: between.join(" "),
      fix: "Give the earlier one first: START belongs to the interval, END does not.",
    });
  }
  throw new AsofError("ASOF_USAGE", `--between takes two times, not ${between.length}.`, {
    path: "--between",
    value: between.join(" "),
    fix: "Write --between START END, for example --between 2026-01-01 2026-02-01.",
  });
}

function keep(input: SpineInput): ReadSpine {
  return { input, [Symbol.asyncDispose]: async () => undefined };
}

function timeColumnOf(options: SpineOptions): string {
  return options.timeColumn ?? "event_timestamp";
}

function rowsSpine(session: Session, asked: Asked, options: SpineOptions): SpineInput {
  const timeColumn = timeColumnOf(options);
  if (options.dataframe !== undefined) {
    const rows = parseJsonRows(options.dataframe, { name: "-d", code: "ASOF_SPINE_INVALID" });
    return toSpineInput(rows, knownTypesOf(asked), timeColumn);
  }
  const atUs = readTimeIfGiven("--at", options.at) ?? session.runtime.clock.nowUs();
  const rows = entityRows(asked, options.entity ?? []).map((row) => ({ ...row, [timeColumn]: atUs }));
  return toSpineInput(rows, knownTypesOf(asked), timeColumn);
}

async function standardInput(context: CommandContext): Promise<ReadSpine> {
  const folder = await mkdtemp(join(tmpdir(), "asof-spine-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const path = join(folder, "standard-input.csv");
  try {
    await pipeline(process.stdin, createWriteStream(path), { signal: context.signal });
  } catch (error) {
    await remove();
    throw error;
  }
  return { input: { kind: "file", format: "csv", path }, [Symbol.asyncDispose]: remove };
}

async function sqlFile(context: CommandContext, options: SpineOptions, path: string): Promise<SpineInput> {
  try {
    return { kind: "sql", query: await readFile(resolveFrom(context, options, path), "utf8") };
  } catch (cause) {
    throw new AsofError("ASOF_SPINE_INVALID", `The spine's query "${path}" cannot be read.`, {
      path: "--spine",
      value: path,
      fix: "Check the path.",
      cause,
    });
  }
}
