import { type AnsweredRow, type EntityRow, formatInstant, type OnlineAnswer, parseInstant } from "@asof/core";
import { type AskedOptions, askedBy, entityRows } from "../asked.ts";
import type { CommandContext } from "../context.ts";
import { printTable } from "../table.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

interface OnlineCommandOptions extends GlobalOptions, AskedOptions {
  readonly entity?: readonly string[];
  readonly at?: string;
}

/** `asof get-online-features`. */
export async function runOnlineFeatures(context: CommandContext, options: OnlineCommandOptions): Promise<void> {
  const atUs = options.at === undefined ? undefined : parseInstant(options.at);
  await withSession(context, options, async (session) => {
    const asked = await askedBy(session, options);
    const entities = entityRows(asked, options.entity ?? []);
    const answer = await session.getOnline(asked, entities, atUs);
    if (context.json) {
      context.printJson({ at: formatInstant(answer.asOfUs), rows: answer.rows, statuses: answer.statuses, eventTimes: times(answer) });
    } else show(context, entities, answer);
  });
}

function times(answer: OnlineAnswer): readonly Readonly<Record<string, string | null>>[] {
  return answer.eventTimes.map((row) =>
    Object.fromEntries(Object.entries(row).map(([view, us]) => [view, us === null ? null : formatInstant(us)])),
  );
}

function show(context: CommandContext, entities: readonly EntityRow[], answer: OnlineAnswer): void {
  for (const [i, row] of answer.rows.entries()) {
    context.print(
      context.paint.bold(
        Object.entries(entities[i] ?? {})
          .map(([name, value]) => `${name}=${String(value)}`)
          .join(" "),
      ),
    );
    context.print(printTable(["FEATURE", "VALUE", "STATUS", "EVENT TIME"], lines(row, answer, i)));
  }
  context.print(context.paint.dim(`as of ${formatInstant(answer.asOfUs)}`));
}

function lines(row: AnsweredRow, answer: OnlineAnswer, index: number): readonly (readonly string[])[] {
  return Object.entries(row).flatMap(([view, features]) =>
    Object.entries(features).map(([name, value]) => {
      const eventTimeUs = answer.eventTimes[index]?.[view] ?? null;
      const status = answer.statuses[index]?.[view]?.[name] ?? "";
      return [`${view}:${name}`, value === null ? "null" : String(value), status, eventTimeUs === null ? "" : formatInstant(eventTimeUs)];
    }),
  );
}
