import {
  AsofError,
  diffVersions,
  formatInstant,
  listVersions,
  parseVersion,
  printFieldPath,
  printVersion,
  servedVersion,
  type VersionInfo,
  versionOf,
} from "@asof/core";
import type { Session } from "../../store/session.ts";
import type { CommandContext } from "../context.ts";
import { tableFor } from "../table.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

/** `asof versions [VIEW]`. */
export async function runVersions(context: CommandContext, view: string | undefined, options: GlobalOptions): Promise<void> {
  await withSession(context, options, async (session) => {
    const versions = await listVersions(session.runtime, view ?? null);
    if (context.json) context.printJson(versions.map(printable));
    else if (versions.length === 0) context.print(`No stored views in project ${session.runtime.project}. \`asof apply\` registers them.`);
    else
      context.print(tableFor(context, ["VERSION", "STATUS", "CREATED", "COVERAGE", "FEATURES", "CHANGED", "USED BY"], versions.map(row)));
  });
}

function printable(info: VersionInfo): unknown {
  const { createdAtUs, coverage, changes, ...rest } = info;
  const time = (us: number | null): string | null => (us === null ? null : formatInstant(us));
  return {
    ...rest,
    createdAt: time(createdAtUs),
    coverage: coverage === null ? null : { from: time(coverage.fromUs), to: time(coverage.toUs) },
    changes: changes.map(({ path, before, after }) => ({
      path,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    })),
  };
}

function row(info: VersionInfo): readonly string[] {
  const { coverage } = info;
  const covered =
    coverage === null
      ? "none"
      : `${coverage.fromUs === null ? "" : `${formatInstant(coverage.fromUs)} `}to ${formatInstant(coverage.toUs)}`;
  return [
    printVersion(info.view, info.version),
    statusOf(info),
    info.createdAtUs === null ? "" : formatInstant(info.createdAtUs),
    info.status === "dropped" ? "" : covered,
    String(info.features.length),
    changedNames(info).join(", "),
    info.pinnedBy.join(", "),
  ];
}

/** `pending`: what the definition files say, and what is not served yet. */
function statusOf({ status, isRegistered, replacesActive }: VersionInfo): string {
  if (replacesActive) return "pending, replaces the active one when materialized";
  return status === "kept" && isRegistered ? "pending" : status;
}

/** Features, or other members, that differ from the version before: `+a` came, `-b` went, `c` changed. */
function changedNames({ changes }: VersionInfo): readonly string[] {
  const names = changes.map(({ path, before, after }) => {
    const name = /^features\.("[^"]*"|[\w-]+)(.*)$/.exec(path);
    if (name === null) return printFieldPath(path).replace(/\..*$/, "");
    const [, feature = "", inside = ""] = name;
    const sign = inside !== "" ? "" : before === undefined ? "+" : after === undefined ? "-" : "";
    return `${sign}${feature}`;
  });
  return [...new Set(names)];
}

/** `asof versions drop VIEW@vN`. */
export async function runDropVersion(context: CommandContext, text: string, options: GlobalOptions): Promise<void> {
  const { view, version } = parseVersion(text);
  if (version === null) {
    throw new AsofError("ASOF_USAGE", `"${text}" names no version.`, { path: "version", value: text, fix: "Write it as view@v1." });
  }
  await withSession(context, options, async (session) => {
    const dropped = await session.dropVersion(view, version);
    if (context.json) context.printJson(dropped);
    else context.print(`Dropped ${printVersion(view, version)}. A later materialization removes its rows.`);
  });
}

interface ActivateCommandOptions extends GlobalOptions {
  readonly force?: boolean;
}

/** `asof activate VIEW[@vN]`. */
export async function runActivate(context: CommandContext, text: string, options: ActivateCommandOptions): Promise<void> {
  const { view, version } = parseVersion(text);
  await withSession(context, options, async (session) => {
    const outcome = await session.activate(view, version, { force: options.force });
    if (context.json) {
      context.printJson(outcome);
      return;
    }
    const name = printVersion(view, outcome.version);
    for (const concern of outcome.concerns) context.print(context.paint.yellow(`Put aside: ${concern}.`));
    if (outcome.formerVersion === outcome.version) context.print(`${name} is active already.`);
    else {
      const services = outcome.services.length === 0 ? "" : ` Services that answer with it: ${outcome.services.join(", ")}.`;
      context.print(context.paint.green(`${name} is active; before it was v${outcome.formerVersion}.${services}`));
    }
  });
}

/** `asof diff VIEW[@vN] [VIEW@vM]`. */
export async function runDiff(context: CommandContext, from: string, to: string | undefined, options: GlobalOptions): Promise<void> {
  await withSession(context, options, async (session) => {
    const [a, b] = await twoVersions(session, from, to);
    const differences = await diffVersions(session.runtime, a.view, a.version, b.version);
    if (context.json) {
      context.printJson({ view: a.view, from: a.version, to: b.version, differences });
      return;
    }
    const names = `${printVersion(a.view, a.version)} → ${printVersion(b.view, b.version)}`;
    if (differences.length === 0) context.print(`${names}: no difference.`);
    else context.print([context.paint.bold(names), ...differences.map((d) => `  ${d.text}`)].join("\n"));
  });
}

interface Named {
  readonly view: string;
  readonly version: number;
}

/** A view alone: its active version on the left side, the registered one on the right. */
async function twoVersions(session: Session, from: string, to: string | undefined): Promise<readonly [Named, Named]> {
  const registry = await session.registry(true);
  const [left, right] = [parseVersion(from), parseVersion(to ?? parseVersion(from).view)];
  if (left.view !== right.view) {
    throw new AsofError("ASOF_USAGE", `"${left.view}" and "${right.view}" are two views; versions of one are compared.`, {
      path: "to",
      value: to,
      fix: "Name one view twice, for example view@v0 view@v1.",
    });
  }
  const active = servedVersion(registry, left.view).version;
  const registered = versionOf(registry.states.get(left.view)?.registeredGeneration ?? 0);
  return [
    { view: left.view, version: left.version ?? active },
    { view: right.view, version: right.version ?? registered },
  ];
}
