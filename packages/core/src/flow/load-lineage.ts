import { lineageNode, lineageOfVersion } from "../registry/lineage.ts";
import { type LineageGraph, lineageGraph } from "../registry/lineage-graph.ts";
import { parseUsed } from "../registry/view-version.ts";
import type { RegistryStore } from "../store/registry.ts";
import { type RegistryView, viewRegistry } from "./registry-view.ts";

interface Edge {
  readonly from: string;
  readonly to: string;
}

/** A project's part of the registry, and how its names are written by the project that asks. */
interface Part {
  readonly view: RegistryView;
  readonly edges: readonly Edge[];
  /** Empty for the project that asks, else `growth/`. */
  readonly prefix: string;
}

/**
 * All that lineage tells about a project: what was recorded, what is registered and has no edges, the versions that something refers to
 * by number, and the projects that it shares views with, either way; their objects are called `growth/orders`. `asked` is what the user
 * named: a version is shown also where nothing refers to it. What refers to all features of a view is connected with each of them.
 */
export async function loadLineage(registry: RegistryStore, own: RegistryView, asked: string): Promise<LineageGraph> {
  const parts = await partsOf(registry, own);
  const recorded = parts.flatMap((part) => part.edges.map(({ from, to }) => ({ from: seen(part, from, own), to: seen(part, to, own) })));
  const edges = recorded.flatMap((edge) => eachFeature(parts, edge));
  const named = new Set([...edges.map((edge) => edge.from), ...nodesAsked(asked)].flatMap((node) => usedVersion(node) ?? []));
  const ofVersions = [...named].flatMap((text) => edgesOfVersion(parts, text, own));
  return lineageGraph([...edges, ...ofVersions], aloneIn(own), {
    sources: namesIn(parts, (view) => view.models.sources),
    views: namesIn(parts, (view) => view.models.views),
    labels: namesIn(parts, (view) => view.models.labels),
  });
}

/** The project's own part, and those of projects that use its views or own views that it uses. */
async function partsOf(registry: RegistryStore, own: RegistryView): Promise<readonly Part[]> {
  const edges = await registry.listLineage(own.project);
  const parts: Part[] = [{ view: own, edges, prefix: "" }];
  const whole = await registry.snapshot(null);
  const projects = new Set(whole.records.map((record) => record.project));
  for (const project of projects) {
    if (project === own.project) continue;
    const others = await registry.listLineage(project);
    if (!isUsedBy(edges, project) && !isUsedBy(others, own.project)) continue;
    const view = viewRegistry(project, { ...whole, records: whole.records.filter((record) => record.project === project) });
    parts.push({ view, edges: others, prefix: `${project}/` });
  }
  return parts;
}

/** Whether any edge begins at a view of that project, as other projects refer to it. */
function isUsedBy(edges: readonly Edge[], project: string): boolean {
  return edges.some(({ from }) => from.startsWith(`feature:${project}/`));
}

/** A node of a part as the project that asks calls it. A training set is called by its path everywhere. */
function seen({ prefix, view }: Part, node: string, own: RegistryView): string {
  const colon = node.indexOf(":");
  const [kind, rest] = [node.slice(0, colon), node.slice(colon + 1)];
  if (prefix === "" || kind === "training_set") return node;
  const used = kind === "feature" ? parseUsed(rest).project : null;
  if (used === null || used === view.project) return `${kind}:${prefix}${rest}`;
  return used === own.project ? `feature:${rest.slice(used.length + 1)}` : node;
}

/** An edge from all features of a view, which its owner or a version decides, as one from each of them. */
function eachFeature(parts: readonly Part[], edge: Edge): readonly Edge[] {
  if (!edge.from.startsWith("feature:") || !edge.from.endsWith(".*")) return [edge];
  const text = edge.from.slice("feature:".length, -".*".length);
  const { view, version } = parseUsed(text);
  const part = partOf(parts, text);
  const model = version === null ? part?.view.models.views.get(view) : part?.view.versions.get(view)?.get(version)?.model;
  return model === undefined ? [edge] : model.features.map(({ name }) => ({ from: lineageNode.feature(text, name), to: edge.to }));
}

function partOf(parts: readonly Part[], text: string): Part | undefined {
  const { project } = parseUsed(text);
  return parts.find(({ prefix }) => prefix === (project === null ? "" : `${project}/`));
}

/** `feature:growth/churn@v1.spend` → `growth/churn@v1`; null for what names no version. */
function usedVersion(node: string): string | null {
  return /^feature:(.+@v[0-9]{1,9})\./.exec(node)?.[1] ?? null;
}

/** The nodes that a user may mean by `view@v1`, `view@v1:feature` or a node in full. */
function nodesAsked(asked: string): readonly string[] {
  const text = asked.replace(/^(?:feature|view):/, "");
  return [`feature:${text}.`, `feature:${text.replace(":", ".")}`];
}

/** What a version was made from. Those that are the registered definition have no edges of their own in the registry. */
function edgesOfVersion(parts: readonly Part[], text: string, own: RegistryView): readonly Edge[] {
  const { view, version } = parseUsed(text);
  const part = partOf(parts, text);
  const model = version === null ? undefined : part?.view.versions.get(view)?.get(version)?.model;
  if (part === undefined || model === undefined || version === null) return [];
  return lineageOfVersion(model, version).map(({ from, to }) => ({ from: seen(part, from, own), to: seen(part, to, own) }));
}

/** What is registered, whether or not anything is made from it. */
function aloneIn({ models }: RegistryView): readonly string[] {
  return [
    ...[...models.sources.values()].flatMap((s) => [
      lineageNode.source(s.name),
      ...s.columns.map((c) => lineageNode.column(s.name, c.name)),
    ]),
    ...[...models.views.values()].flatMap((v) => v.features.map((f) => lineageNode.feature(v.name, f.name))),
    ...[...models.services.keys()].map(lineageNode.service),
  ];
}

function namesIn(parts: readonly Part[], pick: (view: RegistryView) => ReadonlyMap<string, unknown>): ReadonlySet<string> {
  return new Set(parts.flatMap(({ view, prefix }) => [...pick(view).keys()].map((name) => `${prefix}${name}`)));
}
