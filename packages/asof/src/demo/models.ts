import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseInstant, type RecordBatch, type SpineInput } from "@asof/core";
import type { Asked, Session } from "../store/session.ts";
import { fitLogistic, type LogisticModel, predict } from "./logistic-regression.ts";
import { type Score, score } from "./score.ts";

export interface ModelComparison {
  readonly trainingRows: number;
  /** Trained and scored on features as of each row's time. */
  readonly pointInTime: Score;
  /** Trained and scored on the values that were the latest when the label became known: what a notebook would report. */
  readonly leakyOffline: Score;
  /** The same leaky model on what serving can know. */
  readonly leakyServed: Score;
}

/** Months 1–8 train, 9–10 score. */
const firstScoredMonth = "2017-11-01";
/** A label is known 28 days after its row: a job that joins the latest values then sees what happened meanwhile. */
const labelKnownAfter = "interval 28 day";

const inputs = [
  "tenure_months",
  "monthly_charges",
  "monthly_discount",
  "monthly_baskets",
  "monthly_stores",
  "products_per_basket",
  "baskets_7d",
  "spend_7d",
  "baskets_28d",
  "spend_28d",
  "avg_spend_28d",
  "stores_28d",
  "products_28d",
  "baskets_90d",
  "spend_90d",
  "coupons_90d",
  "baskets_lifetime",
  "spend_lifetime",
  "baskets_trend",
  "coupon_share",
] as const;

interface Examples {
  readonly months: readonly number[];
  readonly labels: readonly boolean[];
  readonly features: readonly (readonly (number | null)[])[];
}

/** Trains the same model on a point-in-time set and on a leaky one, and scores both where it counts. */
export async function compareModels(
  session: Session,
  asked: Asked,
  signal: AbortSignal,
  print: (text: string) => void,
): Promise<ModelComparison> {
  const labels = await readFile(join(session.repositoryPath, "labels.sql"), "utf8");
  const startMs = performance.now();
  const honest = await retrieve(session, asked, { kind: "sql", query: labels }, "event_timestamp", signal);
  print(
    `${honest.labels.length.toLocaleString("en")} rows × ${inputs.length} model inputs in ${((performance.now() - startMs) / 1000).toFixed(1)} s`,
  );
  const latestSpine = `select * replace (event_timestamp + ${labelKnownAfter} as event_timestamp), event_timestamp as label_time from (${labels})`;
  const leaky = await retrieve(session, asked, { kind: "sql", query: latestSpine }, "label_time", signal);

  const honestModel = fit(honest);
  const leakyModel = fit(leaky);
  const comparison = {
    trainingRows: honest.labels.length,
    pointInTime: evaluate(honestModel, honest),
    leakyOffline: evaluate(leakyModel, leaky),
    leakyServed: evaluate(leakyModel, honest),
  };
  printComparison(comparison, print);
  return comparison;
}

async function retrieve(session: Session, asked: Asked, spine: SpineInput, monthColumn: string, signal: AbortSignal): Promise<Examples> {
  await using result = await session.getHistorical({ asked, spine, signal, timeColumn: "event_timestamp" });
  const months: number[] = [];
  const labels: boolean[] = [];
  const features: (number | null)[][] = [];
  for await (const batch of result.batches({ signal })) {
    const column = (name: string) => requireColumn(batch, name);
    const columns = inputs.map(column);
    const month = column(monthColumn);
    const churned = column("churned");
    for (let row = 0; row < batch.rowCount; row++) {
      months.push(Number(month.get(row)));
      labels.push(churned.get(row) === true);
      features.push(columns.map((c) => (c.get(row) === null ? null : Number(c.get(row)))));
    }
  }
  return { months, labels, features };
}

function requireColumn(batch: RecordBatch, name: string): RecordBatch["columns"][number] {
  const column = batch.columns.find((c) => c.name === name);
  if (column === undefined) throw new Error(`the training set has no column "${name}"`);
  return column;
}

function fit(examples: Examples): LogisticModel {
  const chosen = examples.months.flatMap((month, i) => (month < parseInstant(firstScoredMonth) ? [i] : []));
  return fitLogistic(
    chosen.map((i) => examples.features[i] ?? []),
    chosen.map((i) => examples.labels[i] === true),
  );
}

function evaluate(model: LogisticModel, examples: Examples): Score {
  const chosen = examples.months.flatMap((month, i) => (month >= parseInstant(firstScoredMonth) ? [i] : []));
  return score(
    chosen.map((i) => predict(model, examples.features[i] ?? [])),
    chosen.map((i) => examples.labels[i] === true),
  );
}

function printComparison(models: ModelComparison, print: (text: string) => void): void {
  print("logistic regression, trained on months 1–8, scored on months 9–10:");
  const line = (name: string, s: Score): string => `  ${name.padEnd(61)} ROC AUC ${s.auc.toFixed(3)}   Brier ${s.brier.toFixed(3)}`;
  print(line("point-in-time features", models.pointInTime));
  print(line("leaky: latest values when the label was known (the notebook)", models.leakyOffline));
  print(line("leaky: the same model on what serving can know", models.leakyServed));
  const tenths = models.pointInTime.calibration;
  print(`  calibration of the point-in-time model, by tenth of the scored rows:`);
  print(`    predicted ${tenths.map((t) => t.predicted.toFixed(2)).join(" ")}`);
  print(`    churned   ${tenths.map((t) => t.actual.toFixed(2)).join(" ")}`);
}
