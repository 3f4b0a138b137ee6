import {
  type EntityRow,
  formatInstant,
  type Json,
  type OnlineAnswer,
  planRequest,
  type RequestOutput,
  type Value,
  valueToJson,
} from "@asof/core";
import { type AskedOptions, askedBy, entityRows, pendingNotes } from "../asked.ts";
import type { CommandContext } from "../context.ts";
import { printCell } from "../print-value.ts";
import { readTimeIfGiven } from "../read-time.ts";
import { tableFor } from "../table.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

interface OnlineCommandOptions extends GlobalOptions, AskedOptions {
  readonly entity?: readonly string[];
  readonly at?: string;
  readonly fullFeatureNames?: boolean;
}

/** `asof get-online-features`. */
export async function runOnlineFeatures(context: CommandContext, options: OnlineCommandOptions): Promise<void> {
  const atUs = readTimeIfGiven("--at", options.at) ?? undefined;
  await withSession(context, options, async (session) => {
    const asked = await askedBy(session, options, "serving");
    const { outputs } = planRequest(asked, { fullFeatureNames: true });
    const entities = entityRows(asked, options.entity ?? []);
    const answer = await session.getOnline(asked, entities, atUs);
    if (context.json) {
      context.printJson({
        at: formatInstant(answer.asOfUs),
        rows: answer.rows.map((_, row) =>
          collectRow(outputs, (output) => valueToJson(output.feature.type, readValue(answer, row, output))),
        ),
        statuses: answer.statuses,
        eventTimes: answer.eventTimes.map((times) => Object.fromEntries(Object.entries(times).map(([view, us]) => [view, printTime(us)]))),
      });
      return;
    }
    for (const note of await pendingNotes(session, asked)) context.print(context.paint.yellow(note));
    const separator = options.fullFeatureNames === true ? "__" : ":";
    for (const [i, entity] of entities.entries()) {
      context.print(context.paint.bold(printEntity(entity)));
      const lines = outputs.map((output) => line(answer, i, output, separator));
      context.print(tableFor(context, ["FEATURE", "VALUE", "STATUS", "EVENT TIME"], lines));
    }
    context.print(context.paint.dim(`as of ${formatInstant(answer.asOfUs)}`));
  });
}

/** `customer_id=900 amount=25` */
export function printEntity(entity: EntityRow): string {
  return Object.entries(entity)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}

function collectRow(outputs: readonly RequestOutput[], read: (output: RequestOutput) => Json): Record<string, Record<string, Json>> {
  const row: Record<string, Record<string, Json>> = {};
  for (const output of outputs) {
    const view = row[output.viewName] ?? {};
    view[output.feature.name] = read(output);
    row[output.viewName] = view;
  }
  return row;
}

function readValue(answer: OnlineAnswer, row: number, output: RequestOutput): Value {
  return answer.rows[row]?.[output.viewName]?.[output.feature.name] ?? null;
}

function line(answer: OnlineAnswer, row: number, output: RequestOutput, separator: string): readonly string[] {
  const { viewName, feature } = output;
  return [
    `${viewName}${separator}${feature.name}`,
    printCell(feature.type, readValue(answer, row, output)),
    answer.statuses[row]?.[viewName]?.[feature.name] ?? "",
    printTime(answer.eventTimes[row]?.[viewName] ?? null) ?? "",
  ];
}

function printTime(us: number | null): string | null {
  return us === null ? null : formatInstant(us);
}
