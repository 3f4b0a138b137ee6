import { AsofError, type KeptStatistics, nearest } from "@asof/core";
import { stringify } from "yaml";
import type { Session } from "../../store/session.ts";
import type { CommandContext } from "../context.ts";
import { describeObjects } from "../describe-objects.ts";
import type { DescribedKind } from "../kinds.ts";
import { printSummary } from "../print-statistics.ts";
import { tableFor } from "../table.ts";
import { terminalOf } from "../terminal.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

interface ListOptions extends GlobalOptions {
  readonly tags?: readonly string[];
}

/** `asof KIND list`. */
export async function runList(context: CommandContext, kind: DescribedKind, options: ListOptions): Promise<void> {
  const tags = (options.tags ?? []).map(parseTag);
  await withSession(context, options, async (session) => {
    const all = await describeObjects(session, kind);
    const objects = all.filter((o) => tags.every(({ key, value }) => o.meta.tags?.[key] === value));
    if (context.json) {
      context.printJson(objects.map((o) => ({ name: o.name, ...lowerKeys(o.cells), ...o.meta })));
      return;
    }
    const [first] = objects;
    if (first === undefined) {
      const which = tags.length > 0 && all.length > 0 ? " with these tags" : "";
      context.print(
        `No ${kind.plural}${which} in project ${session.runtime.project}.${all.length > 0 ? "" : " `asof apply` registers them."}`,
      );
      return;
    }
    const titles = Object.keys(first.cells);
    const hasOwners = objects.some((o) => o.meta.owner !== undefined);
    context.print(
      tableFor(
        context,
        ["NAME", ...titles, ...(hasOwners ? ["OWNER"] : [])],
        objects.map((o) => [o.name, ...titles.map((t) => o.cells[t] ?? ""), ...(hasOwners ? [o.meta.owner ?? ""] : [])]),
      ),
    );
  });
}

/** `asof KIND describe NAME`: YAML, or JSON with `--json`. */
export async function runDescribe(context: CommandContext, kind: DescribedKind, name: string, options: GlobalOptions): Promise<void> {
  await withSession(context, options, async (session) => {
    const objects = await describeObjects(session, kind);
    const found = objects.find((o) => o.name === name);
    if (found === undefined) {
      const names = objects.map((o) => o.name);
      const near = nearest(name, names);
      throw new AsofError(
        "ASOF_OBJECT_UNKNOWN",
        `Project "${session.runtime.project}" has no ${kind.name.replace("_", " ")} "${name}". It has: ${shorten(names)}.`,
        {
          path: name,
          value: name,
          fix: `${near === null ? "Fix the name" : `Did you mean "${near}"? Fix the name`}, or run \`asof apply\`.`,
        },
      );
    }
    const whole = { name: found.name, ...found.meta, ...found.whole };
    const values = kind.name === "feature_view" || kind.name === "feature" ? await valuesOf(session, name) : [];
    if (context.json) context.printJson(values.length === 0 ? whole : { ...whole, statistics: values });
    else context.print(stringify({ ...whole, ...summariesOf(context, values) }, { lineWidth: 0 }).trimEnd());
  });
}

/** The newest figures of a stored view's features, in their order, or of one feature. */
async function valuesOf(session: Session, name: string): Promise<readonly KeptStatistics[]> {
  const colon = name.indexOf(":");
  const [view, feature] = colon === -1 ? [name, undefined] : [name.slice(0, colon), name.slice(colon + 1)];
  const served = (await session.registry()).views.get(view);
  if (served === undefined) return [];
  const order = served.model.features.map((f) => f.name);
  const all = await session.listStatistics({ view, feature, limit: 1 });
  return all.toSorted((a, b) => order.indexOf(a.feature) - order.indexOf(b.feature));
}

/** A line per feature; `asof describe` has the whole of it. */
function summariesOf(context: CommandContext, values: readonly KeptStatistics[]): Readonly<Record<string, unknown>> {
  const terminal = terminalOf(context);
  const lines = values.map((s) => [s.feature, printSummary(s, terminal)] as const);
  return lines.length === 0 ? {} : { values: Object.fromEntries(lines) };
}

/** Enough names to see what there is. */
function shorten(names: readonly string[]): string {
  if (names.length === 0) return "none";
  return names.length <= 20 ? names.join(", ") : `${names.slice(0, 20).join(", ")} and ${names.length - 20} more`;
}

function parseTag(text: string): { readonly key: string; readonly value: string } {
  const colon = text.indexOf(":");
  if (colon < 1)
    throw new AsofError("ASOF_USAGE", `--tags "${text}" is not of the form key:value.`, {
      path: "--tags",
      value: text,
      fix: "Write for example --tags team:growth.",
    });
  return { key: text.slice(0, colon), value: text.slice(colon + 1) };
}

function lowerKeys(cells: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(cells).map(([title, cell]) => [title.toLowerCase().replaceAll(" ", "_"), cell]));
}
