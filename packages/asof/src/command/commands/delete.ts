import {
  AsofError,
  type DeletionReport,
  type Erasure,
  entityKeyTypes,
  forgetLostErasures,
  formatInstant,
  listErasures,
  type SourceHolding,
  valueFromText,
} from "@asof/core";
import type { Session } from "../../store/session.ts";
import { confirm, requireTerminal } from "../confirm.ts";
import type { CommandContext } from "../context.ts";
import { Progress } from "../progress.ts";
import { tableFor } from "../table.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

/** Why an answer is needed, and what to give instead. */
const asksFirst = ["Delete asks before it erases", "Add --yes, or --dry-run to see what would be removed."] as const;

interface DeleteCommandOptions extends GlobalOptions {
  readonly entity?: readonly string[];
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly list?: boolean;
  readonly lift?: boolean;
  readonly forgetLost?: boolean;
}

/** Of a query in the table of sources, so that a line stays readable. */
const placeCharactersMax = 60;

/** `asof delete`: erases an entity key, shows erasures, or lifts one. */
export async function runDelete(context: CommandContext, options: DeleteCommandOptions): Promise<void> {
  checkModes(options);
  await withSession(context, options, async (session) => {
    if (options.list === true) return list(context, session);
    if (options.forgetLost === true) return forgetLost(context, session, options);
    const entity = await readEntity(session, options.entity ?? []);
    if (options.lift === true) return lift(context, session, entity);
    if (options.dryRun === true) return show(context, await run(context, session, entity, true));
    if (options.yes !== true) {
      requireTerminal(context, ...asksFirst);
      show(context, await run(context, session, entity, true));
      await confirm(context, "Erase this key for good?", "Nothing was erased.");
    }
    show(context, await run(context, session, entity, false));
  });
}

/** One thing at a time. */
function checkModes(options: DeleteCommandOptions): void {
  const modes = [options.list, options.lift, options.forgetLost, options.dryRun].filter((mode) => mode === true).length;
  const takesKey = options.list !== true && options.forgetLost !== true;
  if (modes > 1) {
    throw new AsofError("ASOF_USAGE", "--list, --lift, --forget-lost and --dry-run exclude each other.", { fix: "Give one of them." });
  }
  if (takesKey === (options.entity ?? []).length > 0) return;
  throw new AsofError("ASOF_USAGE", takesKey ? "No entity key is given." : "This takes no entity key.", {
    path: "--entity",
    fix: takesKey ? "Write for example --entity customer_id=900." : "Leave --entity out.",
  });
}

/** Parts of a key, each once, read as the registered entities say. A value is taken whole, commas included. */
async function readEntity(session: Session, texts: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const given = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf("=");
    const name = text.slice(0, Math.max(0, equals));
    if (equals < 1 || given.has(name)) {
      throw new AsofError("ASOF_USAGE", equals < 1 ? "--entity is not of the form key=value." : `--entity gives ${name} twice.`, {
        path: "--entity",
        fix: "Write for example --entity customer_id=900, each part once; one key at a time.",
      });
    }
    given.set(name, text.slice(equals + 1));
  }
  const types = entityKeyTypes(await session.registry(true), [...given.keys()]);
  const values = [...given].map(([name, text]) => {
    const type = types.get(name) ?? { kind: "string" as const };
    return [name, valueFromText(type, text, `--entity ${name}`)] as const;
  });
  return Object.fromEntries(values);
}

async function run(
  context: CommandContext,
  session: Session,
  entity: Readonly<Record<string, unknown>>,
  dryRun: boolean,
): Promise<DeletionReport> {
  const progress = new Progress(context);
  try {
    return await session.deleteEntity({
      entity,
      dryRun,
      signal: context.signal,
      onStep: (step) => progress.update(`${dryRun ? "counting" : "removing"}: ${step}`),
    });
  } finally {
    progress.done();
  }
}

function show(context: CommandContext, report: DeletionReport): void {
  if (context.json) {
    context.printJson(report);
    return;
  }
  const { paint } = context;
  const rows = [
    ...report.online.map((o) => [
      `online ${o.view} v${o.generation - 1}`,
      o.isWindowed ? plural(o.states, "state") : plural(o.rows, "row"),
    ]),
    ...report.heldRows.map((h) => [`held back of ${h.source}`, plural(h.rows, "row")]),
    ...report.logs.map((log) => [`log of ${log.source}`, printLog(log)]),
  ];
  if (rows.length > 0) context.print(tableFor(context, ["WHERE", report.dryRun ? "WOULD BE REMOVED" : "REMOVED"], rows));
  else context.print(`Nothing that asof keeps is stored under ${report.keys.join(", ")}.`);
  if (report.stillHeld.length > 0) {
    context.print("\nStill held by sources that asof reads and does not own:");
    const held = report.stillHeld.map((h) => [h.source, h.type, h.error ?? plural(h.rows, "row"), placeOf(h)]);
    context.print(tableFor(context, ["SOURCE", "TYPE", "ROWS", "WHERE"], held));
  }
  if (report.toRecreate.length > 0) {
    context.print(`\nThese views read the key as a value; recreate them: ${report.toRecreate.join(", ")}.`);
  }
  if (report.dryRun) context.print(paint.dim("\nDry run: nothing was touched."));
  else {
    context.print(paint.green(`\nErased. Nothing of this key is taken in or shown until it is lifted (erasure ${shortId(report.id)}).`));
    context.print(paint.dim(`job ${report.jobId}${report.resumed ? ", went on where an earlier run had ended" : ""}`));
  }
}

function printLog({ removed, cleared, kept, files }: DeletionReport["logs"][number]): string {
  const parts = [plural(removed, "row")];
  if (cleared > 0) parts.push(`the key of ${plural(cleared, "row")} that other views need`);
  if (kept > 0) parts.push(`${plural(kept, "row")} stay whole: views of parts of the key need them`);
  return `${parts.join(", ")} in ${plural(files, "file")}`;
}

/** Of a query its beginning, in one line: a table has no room for all of it, and its source says the rest. */
function placeOf({ query, paths }: SourceHolding): string {
  const text = query === null ? paths.join(", ") : query.replace(/\s+/g, " ").trim();
  return text.length > placeCharactersMax ? `${text.slice(0, placeCharactersMax - 1)}…` : text;
}

function plural(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

function shortId(id: string | null): string {
  return (id ?? "").slice(0, 12);
}

async function list(context: CommandContext, session: Session): Promise<void> {
  const erasures = await listErasures(session.runtime);
  if (context.json) context.printJson(erasures);
  else if (erasures.length === 0) context.print(`No key is erased in project ${session.runtime.project}.`);
  else context.print(tableFor(context, ["ERASURE", "KEY", "ERASED AT", "LIFTED"], erasures.map(describe)));
}

function describe({ id, keys, erasedAtUs, untilUs }: Erasure): readonly string[] {
  return [shortId(id), keys.join(", "), formatInstant(erasedAtUs), untilUs === null ? "no" : `counts from ${formatInstant(untilUs)} on`];
}

async function lift(context: CommandContext, session: Session, entity: Readonly<Record<string, unknown>>): Promise<void> {
  const erasure = await session.liftErasure(entity);
  if (context.json) context.printJson(erasure);
  else
    context.print(
      context.paint.green(`Lifted: events from ${formatInstant(erasure.untilUs ?? 0)} on count. What was before stays erased.`),
    );
}

async function forgetLost(context: CommandContext, session: Session, options: DeleteCommandOptions): Promise<void> {
  if (options.yes !== true) {
    requireTerminal(context, ...asksFirst);
    await confirm(context, "What these erasures kept out may come back. Forget them?", "Nothing was forgotten.");
  }
  const forgotten = await forgetLostErasures(session.runtime);
  if (context.json) context.printJson({ forgotten });
  else context.print(`${plural(forgotten, "erasure")} whose key is lost forgotten.`);
}
