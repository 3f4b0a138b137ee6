import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, isAbsolute, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { AsofError, formatInstant, printType, type RecordBatch, type SpineInput, type Value } from "@asof/core";
import type { Session } from "../../store/session.ts";
import { toSpineInput } from "../../store/spine.ts";
import { ComputedTrainingSet } from "../../store/training-set.ts";
import { type AskedOptions, askedBy } from "../asked.ts";
import type { CommandContext } from "../context.ts";
import { Progress } from "../progress.ts";
import { printTable } from "../table.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

interface HistoricalCommandOptions extends GlobalOptions, AskedOptions {
  readonly spine: string;
  readonly out?: string;
  readonly timeColumn?: string;
  readonly knowledge: string;
  readonly fullFeatureNames?: boolean;
  readonly sql?: boolean;
}

/** Rows printed where no file is asked for. */
const rowsShownMax = 10;

/** `asof get-historical-features`. */
export async function runHistoricalFeatures(context: CommandContext, options: HistoricalCommandOptions): Promise<void> {
  const knowledge = readKnowledge(options.knowledge);
  const format = options.out === undefined ? null : formatOf(options.out);
  await withSession(context, options, async (session) => {
    const asked = await askedBy(session, options);
    await using spine = await readSpine(context, session, options.spine);
    const query = { asked, spine: spine.input, timeColumn: options.timeColumn, knowledge, fullFeatureNames: options.fullFeatureNames };
    if (options.sql === true) {
      const planned = await session.planHistorical(query);
      context.print(await session.runtime.offline.toSql(planned.join, planned.spine));
      return;
    }
    const progress = new Progress(context);
    const startMs = performance.now();
    try {
      const onProgress = (fraction: number | null, phase: string): void =>
        progress.update(fraction === null ? phase : `${phase} ${Math.round(fraction * 100)} %`);
      const result = await session.getHistorical({ ...query, signal: context.signal, onProgress });
      await using training = new ComputedTrainingSet(session, result, options.service ?? null, { signal: context.signal });
      if (options.out !== undefined && format !== null) {
        const { rows } = await training.write(resolve(context.workingFolder, options.out), format);
        progress.done();
        finish(context, training, { rows, out: options.out, seconds: (performance.now() - startMs) / 1000 });
      } else {
        progress.done();
        await show(context, training);
      }
    } finally {
      progress.done();
    }
  });
}

function readKnowledge(text: string): "event" | "created" {
  if (text === "event" || text === "created") return text;
  throw new AsofError("ASOF_USAGE", `--knowledge is "${text}".`, { path: "--knowledge", value: text, fix: "Give event or created." });
}

function formatOf(path: string): "parquet" | "csv" {
  const ending = extname(path).toLowerCase();
  if (ending === ".parquet") return "parquet";
  if (ending === ".csv") return "csv";
  throw new AsofError("ASOF_USAGE", `--out "${path}" ends neither in .parquet nor in .csv.`, {
    path: "--out",
    value: path,
    fix: "Name the file so.",
  });
}

interface ReadSpine extends AsyncDisposable {
  readonly input: SpineInput;
}

/** A file, standard input as CSV, the query in a .sql file, or a query. */
async function readSpine(context: CommandContext, session: Session, text: string): Promise<ReadSpine> {
  const keep = (input: SpineInput): ReadSpine => ({ input, [Symbol.asyncDispose]: async () => undefined });
  if (text === "-") {
    const folder = await mkdtemp(join(tmpdir(), "asof-spine-"));
    const path = join(folder, "spine.csv");
    await pipeline(process.stdin, createWriteStream(path), { signal: context.signal });
    return { input: { kind: "file", format: "csv", path }, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
  }
  if (text.toLowerCase().endsWith(".sql")) {
    const path = isAbsolute(text) ? text : resolve(session.repositoryPath, text);
    try {
      return keep({ kind: "sql", query: await readFile(path, "utf8") });
    } catch (cause) {
      throw new AsofError("ASOF_SPINE_INVALID", `The spine's query "${text}" cannot be read.`, {
        path: "--spine",
        value: text,
        fix: "Check the path.",
        cause,
      });
    }
  }
  return keep(toSpineInput(text, new Map(), "event_timestamp"));
}

function finish(context: CommandContext, training: ComputedTrainingSet, written: { rows: number; out: string; seconds: number }): void {
  const { report } = training;
  if (context.json) {
    context.printJson({ ...written, report, columns: training.columns.map((c) => ({ name: c.name, type: printType(c.type) })) });
    return;
  }
  context.print(
    `${written.rows.toLocaleString("en")} rows × ${training.columns.length} columns → ${written.out} (${written.seconds.toFixed(1)} s)`,
  );
  for (const note of notes(report)) context.print(context.paint.yellow(note));
}

function notes(report: ComputedTrainingSet["report"]): readonly string[] {
  const count = (n: number): string => n.toLocaleString("en");
  return [
    ...Object.entries(report.rowsWithoutEventTime)
      .filter(([, n]) => n > 0)
      .map(([view, n]) => `${view}: ${count(n)} source rows have no event time and never match.`),
    ...Object.entries(report.knownOnlyLater)
      .filter(([, n]) => n > 0)
      .map(([view, n]) => `${view}: ${count(n)} values were known only after their row's time; --knowledge created excludes them.`),
  ];
}

async function show(context: CommandContext, training: ComputedTrainingSet): Promise<void> {
  const rows: (readonly string[])[] = [];
  const objects: Record<string, unknown>[] = [];
  for await (const batch of training.batches()) {
    for (let row = 0; row < batch.rowCount; row++) {
      if (context.json) objects.push(readRow(batch, row));
      else if (rows.length < rowsShownMax) rows.push(batch.columns.map((c) => printCell(c.get(row), c.type.kind)));
    }
  }
  if (context.json) {
    context.printJson({ rows: objects, report: training.report });
    return;
  }
  context.print(
    printTable(
      training.columns.map((c) => c.name),
      rows,
    ),
  );
  const { spineRows } = training.report;
  if (spineRows > rows.length)
    context.print(context.paint.dim(`… ${(spineRows - rows.length).toLocaleString("en")} more rows; write them with --out FILE.`));
  for (const note of notes(training.report)) context.print(context.paint.yellow(note));
}

function readRow(batch: RecordBatch, row: number): Record<string, unknown> {
  return Object.fromEntries(
    batch.columns.map((c) => [c.name, c.type.kind === "timestamp" ? printCell(c.get(row), "timestamp") : c.get(row)]),
  );
}

function printCell(value: Value, kind: string): string {
  if (value === null) return "null";
  return kind === "timestamp" ? formatInstant(Number(value)) : String(value);
}
