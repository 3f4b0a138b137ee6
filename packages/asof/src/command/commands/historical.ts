import { extname } from "node:path";
import {
  AsofError,
  type ColumnInfo,
  formatInstant,
  type LabelReport,
  printType,
  type RecordBatch,
  valueToJson,
  type WriteOptions,
} from "@asof/core";
import { checkOutput } from "../../store/check-output.ts";
import { ComputedTrainingSet } from "../../store/training-set.ts";
import { type AskedOptions, askedBy, pendingNotes } from "../asked.ts";
import { type CommandContext, stringifyJson } from "../context.ts";
import { printCell } from "../print-value.ts";
import { Progress } from "../progress.ts";
import { checkSpine, readSpine, type SpineOptions } from "../read-spine.ts";
import { readTimeIfGiven } from "../read-time.ts";
import { tableFor } from "../table.ts";
import { resolveFrom, withSession } from "../with-session.ts";

interface HistoricalCommandOptions extends SpineOptions, AskedOptions {
  readonly out?: string;
  readonly format?: "parquet" | "csv";
  readonly rowsPerFile?: string;
  readonly bytesPerFile?: string;
  readonly partitionBy?: readonly string[];
  readonly overwrite?: boolean;
  readonly knowledge: "event" | "created";
  readonly label?: readonly string[];
  readonly immature?: "keep" | "drop" | "error";
  readonly labelsKnownUntil?: string;
  readonly fullFeatureNames?: boolean;
  readonly sql?: boolean;
}

/** Rows printed where no file is asked for. */
const rowsShownMax = 10;

/** `asof get-historical-features`. */
export async function runHistoricalFeatures(context: CommandContext, options: HistoricalCommandOptions): Promise<void> {
  checkSpine(options);
  const target = options.out === undefined ? null : targetOf(context, options, options.out);
  if (target !== null) checkOutput(target.path, { kind: target.path.endsWith("/") ? "folder" : "file", makesFolders: false });
  await withSession(context, options, async (session) => {
    const asked = await askedBy(session, options, "training");
    await using spine = await readSpine(context, session, asked, options);
    const { timeColumn, knowledge, fullFeatureNames } = options;
    const labels = await session.labels(options.label ?? []);
    const { immature, labelsKnownUntil: until } = options;
    const labelsKnownUntilUs = readTimeIfGiven("--labels-known-until", until) ?? undefined;
    const query = { asked, spine: spine.input, timeColumn, knowledge, fullFeatureNames, labels, immature, labelsKnownUntilUs };
    if (options.sql === true) {
      const planned = await session.planHistorical(query);
      const statements = await session.runtime.offline.toSql(planned.join, planned.spine);
      if (context.json) context.printJson({ sql: statements });
      else context.print(statements);
      return;
    }
    if (!context.json) for (const note of await pendingNotes(session, asked)) context.print(context.paint.yellow(note));
    const progress = new Progress(context);
    const startMs = performance.now();
    const { signal } = context;
    const onProgress = (fraction: number | null, phase: string): void =>
      progress.update(fraction === null ? phase : `${phase} ${Math.round(fraction * 100)} %`);
    try {
      progress.update("reading the spine");
      await using result = await session.getHistorical({ ...query, signal, onProgress });
      const training = new ComputedTrainingSet(session, result, options.service ?? null, { signal, onProgress });
      if (target === null) {
        progress.done();
        await (context.json ? printAll(context, training) : show(context, training));
        return;
      }
      const { rows, files } = await training.write(target.path, target.format, target.layout);
      progress.done();
      finish(context, training, { rows, files, out: target.path, seconds: (performance.now() - startMs) / 1000 });
    } finally {
      progress.done();
    }
  });
}

interface Target {
  readonly path: string;
  readonly format: "parquet" | "csv";
  readonly layout: WriteOptions;
}

/** A file by its ending; a folder where the name ends with a slash or a flag asks for files in one. */
function targetOf(context: CommandContext, options: HistoricalCommandOptions, out: string): Target {
  const path = resolveFrom(context, options, out);
  const ending = extname(out).toLowerCase();
  const format = ending === ".parquet" ? "parquet" : ending === ".csv" ? "csv" : null;
  const layout: WriteOptions = {
    ...(options.rowsPerFile === undefined ? {} : { rowsPerFile: wholeNumber("--rows-per-file", options.rowsPerFile) }),
    ...(options.bytesPerFile === undefined ? {} : { bytesPerFile: wholeNumber("--bytes-per-file", options.bytesPerFile) }),
    ...(options.partitionBy === undefined ? {} : { partitionBy: options.partitionBy }),
  };
  if (/[/\\]$/.test(out) || Object.keys(layout).length > 0) {
    if (format === null || /[/\\]$/.test(out))
      return { path: `${path}/`, format: options.format ?? "parquet", layout: { ...layout, overwrite: options.overwrite === true } };
    throw new AsofError("ASOF_USAGE", `--out "${out}" is named like a file, and parts go into a folder.`, {
      path: "--out",
      value: out,
      fix: "Write --out DIR/, and --format csv where the parts are to be csv.",
    });
  }
  if (format !== null && (options.format === undefined || options.format === format)) return { path, format, layout };
  throw new AsofError(
    "ASOF_USAGE",
    `--out "${out}" ends neither in .parquet nor in .csv${format === null ? "" : ` as --format ${options.format} says`}.`,
    {
      path: "--out",
      value: out,
      fix: "Name the file so, or write DIR/ for a folder of files.",
    },
  );
}

function wholeNumber(flag: string, text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new AsofError("ASOF_USAGE", `${flag} is "${text}", not a whole number from 1 on.`, {
    path: flag,
    value: text,
    fix: `Write for example ${flag} 1000000.`,
  });
}

function finish(
  context: CommandContext,
  training: ComputedTrainingSet,
  written: { rows: number; files: number; out: string; seconds: number },
): void {
  const { report, columns } = training;
  if (context.json) {
    context.printJson({ ...written, report, columns: describeColumns(columns) });
    return;
  }
  const files = written.files === 1 ? "" : `, ${count(written.files)} files`;
  context.print(`${count(written.rows)} rows × ${columns.length} columns → ${written.out}${files} (${written.seconds.toFixed(1)} s)`);
  for (const note of notes(report)) context.print(context.paint.yellow(note));
}

function describeColumns(columns: readonly ColumnInfo[]): readonly { readonly name: string; readonly type: string }[] {
  return columns.map((column) => ({ name: column.name, type: printType(column.type) }));
}

function notes(report: ComputedTrainingSet["report"]): readonly string[] {
  return [
    ...report.notApplied.map(
      (view) => `${view}: computed as it is defined here, which is not what serving answers with; see \`asof plan\` and \`asof versions\`.`,
    ),
    ...Object.entries(report.rowsWithoutEventTime)
      .filter(([, n]) => n > 0)
      .map(([view, n]) => `${view}: ${count(n)} source rows have no event time and never match.`),
    ...Object.entries(report.knownOnlyLater)
      .filter(([, n]) => n > 0)
      .map(([view, n]) => `${view}: ${count(n)} values were known only after their row's time; --knowledge created excludes them.`),
    ...Object.entries(report.labels).flatMap(([label, about]) => labelNotes(label, about)),
    ...(report.droppedRows === 0 ? [] : [`${count(report.droppedRows)} rows were dropped, because a label of theirs is not final yet.`]),
  ];
}

function labelNotes(label: string, { immature, notAfterRow, knownUntilUs }: LabelReport): readonly string[] {
  const until = knownUntilUs === null ? "its source has no rows" : `its source is known until ${formatInstant(knownUntilUs)}`;
  return [
    ...(immature === 0 ? [] : [`${label}: ${count(immature)} rows have no final label yet: ${until}.`]),
    ...(notAfterRow === 0
      ? []
      : [`${label}: ${count(notAfterRow)} labels were there at their row's time already; a ttl shorter than the delay excludes them.`]),
  ];
}

function count(n: number): string {
  return n.toLocaleString("en");
}

/** Streams every row, so that a large set does not have to fit into memory as text. */
async function printAll(context: CommandContext, training: ComputedTrainingSet): Promise<void> {
  await context.write(`{"columns":${stringifyJson(describeColumns(training.columns))},"rows":[`);
  let separator = "\n";
  for await (const batch of training.batches()) {
    const lines = Array.from({ length: batch.rowCount }, (_, row) => stringifyJson(readRow(batch, row)));
    if (lines.length === 0) continue;
    await context.write(separator + lines.join(",\n"));
    separator = ",\n";
  }
  await context.write(`\n],"report":${stringifyJson(training.report)}}\n`);
}

function readRow(batch: RecordBatch, row: number): Readonly<Record<string, unknown>> {
  return Object.fromEntries(batch.columns.map((c) => [c.name, valueToJson(c.type, c.get(row))]));
}

async function show(context: CommandContext, training: ComputedTrainingSet): Promise<void> {
  const { columns, report } = training;
  const rows = await firstRows(training, rowsShownMax);
  const [only] = rows;
  // One row reads better downwards: a service easily has thirty columns.
  if (only !== undefined && report.spineRows - report.droppedRows === 1)
    context.print(
      tableFor(
        context,
        ["COLUMN", "VALUE"],
        columns.map((c, i) => [c.name, only[i] ?? ""]),
      ),
    );
  else
    context.print(
      tableFor(
        context,
        columns.map((c) => c.name),
        rows,
      ),
    );
  const more = report.spineRows - report.droppedRows - rows.length;
  if (rows.length === 0) context.print(context.paint.dim("No rows."));
  if (more > 0) context.print(context.paint.dim(`… ${count(more)} more rows; write them with --out FILE.`));
  for (const note of notes(report)) context.print(context.paint.yellow(note));
}

async function firstRows(training: ComputedTrainingSet, limit: number): Promise<readonly (readonly string[])[]> {
  const rows: (readonly string[])[] = [];
  for await (const batch of training.batches()) {
    for (let row = 0; row < batch.rowCount; row++) {
      if (rows.length === limit) return rows;
      rows.push(batch.columns.map((c) => printCell(c.type, c.get(row))));
    }
  }
  return rows;
}
