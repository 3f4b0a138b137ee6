import { AsofError, nearest } from "@asof/core";
import { stringify } from "yaml";
import type { CommandContext } from "../context.ts";
import { describeObjects } from "../describe-objects.ts";
import type { DescribedKind } from "../kinds.ts";
import { printTable } from "../table.ts";
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
      printTable(
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
    if (context.json) context.printJson(whole);
    else context.print(stringify(whole, { lineWidth: 0 }).trimEnd());
  });
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
