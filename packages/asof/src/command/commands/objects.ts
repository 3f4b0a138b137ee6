import {
  AsofError,
  encodeDefinition,
  formatDuration,
  formatInstant,
  type Meta,
  type ObjectModel,
  printType,
  type RegistryView,
  type SourceModel,
  type ViewModel,
} from "@asof/core";
import { stringify } from "yaml";
import type { CommandContext } from "../context.ts";
import type { DescribedKind } from "../kinds.ts";
import { printTable } from "../table.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

interface ListOptions extends GlobalOptions {
  readonly tags?: readonly string[];
}

/** An object as it is listed: cells of the table, and all of it for `describe`. */
interface Listed {
  readonly name: string;
  readonly meta: Meta;
  readonly cells: Readonly<Record<string, string>>;
  readonly whole: () => unknown;
}

/** `asof KIND list`. */
export async function runList(context: CommandContext, kind: DescribedKind, options: ListOptions): Promise<void> {
  const tags = (options.tags ?? []).map(parseTag);
  await withSession(context, options, async (session) => {
    const objects = listObjects(await session.registry(), kind).filter((o) => tags.every(({ key, value }) => o.meta.tags?.[key] === value));
    if (context.json) {
      context.printJson(objects.map((o) => ({ name: o.name, ...lowerKeys(o.cells), ...o.meta })));
      return;
    }
    const [first] = objects;
    if (first === undefined) {
      context.print(
        `No ${kind.plural}${tags.length > 0 ? " with these tags" : ""} in project ${session.runtime.project}. \`asof apply\` registers them.`,
      );
      return;
    }
    const titles = Object.keys(first.cells);
    context.print(
      printTable(
        ["NAME", ...titles, "OWNER"],
        objects.map((o) => [o.name, ...titles.map((t) => o.cells[t] ?? ""), o.meta.owner ?? ""]),
      ),
    );
  });
}

/** `asof KIND describe NAME`: YAML, or JSON with `--json`. */
export async function runDescribe(context: CommandContext, kind: DescribedKind, name: string, options: GlobalOptions): Promise<void> {
  await withSession(context, options, async (session) => {
    const objects = listObjects(await session.registry(), kind);
    const found = objects.find((o) => o.name === name);
    if (found === undefined) {
      throw new AsofError(
        "ASOF_OBJECT_UNKNOWN",
        `Project "${session.runtime.project}" has no ${kind.name.replace("_", " ")} "${name}". It has: ${objects.map((o) => o.name).join(", ") || "none"}.`,
        {
          path: name,
          value: name,
          fix: "Fix the name, or run `asof apply`.",
        },
      );
    }
    const whole = { name: found.name, ...(found.whole() as Record<string, unknown>) };
    if (context.json) context.printJson(whole);
    else context.print(stringify(whole).trimEnd());
  });
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

function listObjects(registry: RegistryView, kind: DescribedKind): readonly Listed[] {
  const { models } = registry;
  const spec = (model: ObjectModel) => (): unknown => encodeDefinition(model).spec;
  switch (kind.name) {
    case "entity":
      return [...models.entities.values()].map((e) => ({
        name: e.name,
        meta: e.meta,
        cells: { KEYS: e.keys.map((k) => `${k.name} ${printType(k.type)}`).join(", ") },
        whole: spec(e),
      }));
    case "source":
      return [...models.sources.values()].map((s) => ({
        name: s.name,
        meta: s.meta,
        cells: { TYPE: s.type, FROM: placeOf(s), "EVENT TIME": s.eventTime ?? "static" },
        whole: spec(s),
      }));
    case "feature_view":
      return [...models.views.values()].map((v) => ({
        name: v.name,
        meta: v.meta,
        cells: { FORM: v.form, ENTITIES: entitiesOf(v), FEATURES: String(v.features.length), TTL: ttlOf(v), ONLINE: onlineOf(registry, v) },
        whole: () => ({ ...(encodeDefinition(v).spec as object), online: coverageOf(registry, v) }),
      }));
    case "feature":
      return [...models.views.values()].flatMap((v) =>
        v.features.map((f) => ({
          name: `${v.name}:${f.name}`,
          meta: { ...v.meta, ...f.meta },
          cells: { TYPE: printType(f.type), KIND: f.kind },
          whole: () => ({ view: v.name, type: printType(f.type), kind: f.kind, ...f.meta, services: servicesOf(registry, v.name, f.name) }),
        })),
      );
    case "feature_service":
      return [...models.services.values()].map((s) => ({
        name: s.name,
        meta: s.meta,
        cells: { VIEWS: s.views.map((v) => v.name).join(", ") },
        whole: spec(s),
      }));
    case "project":
      return [
        {
          name: registry.project,
          meta: {},
          cells: { VIEWS: String(models.views.size), SERVICES: String(models.services.size) },
          whole: () => ({ views: [...models.views.keys()], services: [...models.services.keys()] }),
        },
      ];
  }
}

function placeOf(source: SourceModel): string {
  if (source.type === "sql") return "query";
  if (source.type === "push") return source.batch === null ? "pushes" : `pushes and ${source.batch.name}`;
  return source.paths.join(", ");
}

function entitiesOf(view: ViewModel): string {
  return view.form === "request" ? `from ${view.inputs.map((i) => i.name).join(", ")}` : view.entities.map((e) => e.name).join(", ");
}

function ttlOf(view: ViewModel): string {
  return view.form === "plain" && view.ttlUs !== null ? formatDuration(view.ttlUs) : "";
}

/** Up to when the online store knows the view. */
function onlineOf(registry: RegistryView, view: ViewModel): string {
  if (view.form === "request") return "computed";
  const ends = [...(registry.views.get(view.name)?.coverage.values() ?? [])].map((c) => c.toUs);
  return ends.length === 0 ? "not materialized" : `to ${formatInstant(Math.min(...ends))}`;
}

function coverageOf(registry: RegistryView, view: ViewModel): unknown {
  const served = registry.views.get(view.name);
  if (served === undefined) return "computed at request time";
  const coverage = [...served.coverage].map(([feature, c]) => [
    feature,
    { from: c.fromUs === null ? "beginning" : formatInstant(c.fromUs), to: formatInstant(c.toUs) },
  ]);
  return { generation: served.online.generation, coverage: Object.fromEntries(coverage) };
}

function servicesOf(registry: RegistryView, view: string, feature: string): readonly string[] {
  return [...registry.models.services.values()]
    .filter((s) => s.views.some((r) => r.view.name === view && (r.features === null || r.features.includes(feature))))
    .map((s) => s.name);
}
