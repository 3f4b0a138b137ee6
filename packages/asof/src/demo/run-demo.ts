import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AsofError, type EntityRow, formatInstant, type ParityMismatch, parseInstant } from "@asof/core";
import { writeProject } from "../project/write-project.ts";
import { openSession } from "../store/open-session.ts";
import type { Asked, Session } from "../store/session.ts";
import { injectSkew } from "./inject-skew.ts";
import { compareModels, type ModelComparison } from "./models.ts";
import { readOnlineElsewhere } from "./online-elsewhere.ts";

/** What the demo says as it goes: a heading per step, then lines. */
export interface DemoPrinter {
  step(title: string): void;
  line(text: string): void;
}

export interface DemoOptions {
  readonly injectSkew: boolean;
  readonly keep: boolean;
  readonly signal: AbortSignal;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface DemoResult {
  readonly folder: string;
  readonly trainingRows: number;
  readonly models: ModelComparison;
  readonly parity: { readonly compared: number; readonly identical: number; readonly mismatches: readonly ParityMismatch[] };
}

/** Instants inside hops, in order: history is materialized up to each, then both sides are asked there. */
const parityInstants = ["2017-11-03T10:07:33.25Z", "2017-11-03T23:58:41Z", "2017-12-01T00:02:03.000004Z"];
const customerCount = 1_000;
/** Customers without a single basket: a windowed view answers them with the empty window. */
const unknownCustomers = 25;

/** Runs the main job end to end in a folder of its own. Throws ASOF_PARITY_BROKEN when a served value differs from training. */
export async function runDemo(print: DemoPrinter, options: DemoOptions): Promise<DemoResult> {
  const parent = await mkdtemp(join(tmpdir(), "asof-demo-"));
  const folder = join(parent, "predictflow");
  try {
    return await runIn(folder, print, options);
  } finally {
    if (options.keep) print.line(`Kept ${folder}`);
    else await rm(parent, { recursive: true, force: true });
  }
}

async function runIn(folder: string, print: DemoPrinter, options: DemoOptions): Promise<DemoResult> {
  print.step("Definitions: predictflow, 155,848 real baskets of 2,469 households (2017)");
  await writeProject(folder, { project: "predictflow", keepDates: true, nowUs: 0, signal: options.signal });
  await using session = await openSession({ repo: folder, environment: options.environment, signal: options.signal });
  const plan = await session.plan({ signal: options.signal });
  for (const warning of plan.warnings) print.line(`warning: ${warning.message}`);
  await session.apply(plan);
  print.line(`plan and apply: ${plan.entries.length} objects created`);
  const asked = await session.ask({ service: "churn_v1" });

  print.step("Training set: every customer on the first of each month, features as of that instant");
  const models = await compareModels(session, asked, options.signal, (text) => print.line(text));

  print.step("Online: materialize, then ask from another process");
  const entities = await chooseEntities(session);
  const parity = await checkParity(session, { asked, trained: options.injectSkew ? injectSkew(asked) : asked, entities }, print, options);
  report(parity, print);
  return { folder, trainingRows: models.trainingRows, models, parity };
}

/** A thousand customers spread over the base, and some that nobody has seen. */
async function chooseEntities(session: Session): Promise<readonly EntityRow[]> {
  const spine = {
    kind: "sql",
    query: "select distinct customer_id from read_parquet('data/baskets.parquet') order by customer_id",
  } as const;
  const ids: number[] = [];
  await using result = await session.runtime.offline.retrieve(
    { spine: { timeColumn: "event_timestamp", keys: [] }, views: [], knowledge: "event", bounds: false },
    { ...spine, query: `select customer_id, timestamptz '2017-12-01' as event_timestamp from (${spine.query})` },
  );
  for await (const batch of result.batches()) for (let row = 0; row < batch.rowCount; row++) ids.push(Number(batch.columns[0]?.get(row)));
  const step = Math.max(1, Math.floor(ids.length / (customerCount - unknownCustomers)));
  const known = ids.filter((_, i) => i % step === 0).slice(0, customerCount - unknownCustomers);
  const unknown = Array.from({ length: customerCount - known.length }, (_, i) => 9_000_000 + i);
  return [...known, ...unknown].map((customer_id, i) => ({ customer_id, amount: 5 + (i % 40) }));
}

interface ParityQuestion {
  readonly asked: Asked;
  /** What training believes the features to be: the same, unless skew is injected. */
  readonly trained: Asked;
  readonly entities: readonly EntityRow[];
}

async function checkParity(
  session: Session,
  question: ParityQuestion,
  print: DemoPrinter,
  options: DemoOptions,
): Promise<DemoResult["parity"]> {
  let compared = 0;
  let identical = 0;
  const mismatches: ParityMismatch[] = [];
  for (const instant of parityInstants) {
    const atUs = parseInstant(instant);
    const startMs = performance.now();
    const outcome = await session.materialize({ mode: "incremental", views: null, startUs: null, endUs: atUs, signal: options.signal });
    const failed = outcome.views.find((v) => v.status === "failed");
    if (failed !== undefined)
      throw new AsofError("ASOF_JOB_FAILED", `View ${failed.view} failed: ${failed.error}`, { path: failed.view, fix: "Run it again." });
    const rows = outcome.views.reduce((sum, v) => sum + v.rows, 0);
    print.line(`materialized to ${formatInstant(atUs)}: ${rows.toLocaleString("en")} rows read in ${seconds(startMs)}`);
    const elsewhere = await readOnlineElsewhere(session, question.entities, atUs, options);
    print.line(
      `online: ${question.entities.length.toLocaleString("en")} customers answered by process ${elsewhere.pid} in ${elsewhere.milliseconds.toFixed(0)} ms`,
    );
    const report = await session.compareParity(
      { asked: question.trained, entities: question.entities, atUs, signal: options.signal },
      async () => elsewhere.answer,
    );
    compared += report.compared;
    identical += report.identical;
    mismatches.push(...report.mismatches);
  }
  return { compared, identical, mismatches };
}

function report(parity: DemoResult["parity"], print: DemoPrinter): void {
  const count = (n: number): string => n.toLocaleString("en");
  print.step("Parity: is what was served what training saw?");
  print.line(`mismatches ${count(parity.mismatches.length)} of ${count(parity.compared)}, bit-identical ${count(parity.identical)}`);
  if (parity.mismatches.length === 0) return;
  const features = [...new Set(parity.mismatches.map((m) => m.feature))];
  const [example] = parity.mismatches;
  throw new AsofError(
    "ASOF_PARITY_BROKEN",
    `${count(parity.mismatches.length)} served values differ from training, in ${features.join(", ")}` +
      (example === undefined
        ? "."
        : `; for example ${example.feature} of ${JSON.stringify(example.entity)} at ${formatInstant(example.atUs)}: training ${String(example.offline)}, served ${String(example.online)}.`),
    { path: features[0] ?? "", fix: "Run `asof why` on one of them." },
  );
}

function seconds(startMs: number): string {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}
