import { nearest } from "../definition/read.ts";
import { AsofError } from "../error/error.ts";
import { compareText } from "../value/order.ts";

/** What lineage edges say, ready to be walked both ways. Nodes as in `LineageEdge`. */
export interface LineageGraph {
  readonly nodes: ReadonlySet<string>;
  /** What a node was made from, and what was made from it; in code-point order. */
  readonly up: ReadonlyMap<string, readonly string[]>;
  readonly down: ReadonlyMap<string, readonly string[]>;
  readonly parts: ReadonlyMap<string, NodeParts>;
}

/** `feature:churn.spend` → feature, churn, spend. */
export interface NodeParts {
  readonly kind: string;
  readonly name: string;
  /** Column or feature; null for a whole object. */
  readonly part: string | null;
}

/** Names of objects, which may hold points as those of columns may: they tell where a name ends and its column begins. */
export interface KnownObjects {
  readonly sources: ReadonlySet<string>;
  readonly views: ReadonlySet<string>;
  readonly labels: ReadonlySet<string>;
}

export type LineageDirection = "up" | "down";

/** Nodes reached from some others, breadth first. */
export interface LineageWalk {
  readonly direction: LineageDirection;
  /** Where it began; depth 0. */
  readonly roots: readonly string[];
  readonly nodes: readonly { readonly node: string; readonly depth: number }[];
  /** Edges between the nodes, `from` used to make `to`, once each. */
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

/** Makes a graph of edges, and of nodes that may have none. Of objects that are not known, the name ends at the first point. */
export function lineageGraph(
  edges: Iterable<{ readonly from: string; readonly to: string }>,
  alone: Iterable<string> = [],
  known: KnownObjects = { sources: new Set(), views: new Set(), labels: new Set() },
): LineageGraph {
  const up = new Map<string, Set<string>>();
  const down = new Map<string, Set<string>>();
  const nodes = new Set<string>(alone);
  const add = (map: Map<string, Set<string>>, key: string, value: string): void => {
    const others = map.get(key);
    if (others === undefined) map.set(key, new Set([value]));
    else others.add(value);
  };
  for (const { from, to } of edges) {
    nodes.add(from).add(to);
    add(up, to, from);
    add(down, from, to);
  }
  const sorted = (map: ReadonlyMap<string, ReadonlySet<string>>): ReadonlyMap<string, readonly string[]> =>
    new Map([...map].map(([node, others]) => [node, [...others].sort(compareText)]));
  return { nodes, up: sorted(up), down: sorted(down), parts: new Map([...nodes].map((node) => [node, nodeParts(node, known)])) };
}

/**
 * Walks from nodes in one direction, to a depth (null = to the end). Every node is met once, so a cycle ends by itself. `objects` tells
 * sources, views, services and training sets instead of columns and features; what is reached is found by columns and features
 * all the same, so that a view is not connected by a feature that the start has nothing to do with.
 */
export function walkLineage(
  graph: LineageGraph,
  starts: readonly string[],
  direction: LineageDirection,
  { depth, level }: { readonly depth: number | null; readonly level: "columns" | "objects" },
): LineageWalk {
  if (level === "columns") return walk(graph, starts, direction, depth);
  const reached = walk(graph, starts, direction, null);
  const edges = reached.edges
    .map(({ from, to }) => ({ from: objectOf(graph, from), to: objectOf(graph, to) }))
    .filter(({ from, to }) => from !== to);
  const roots = [...new Set(starts.map((node) => objectOf(graph, node)))];
  return walk(lineageGraph(edges, roots), roots, direction, depth);
}

function walk(graph: LineageGraph, starts: readonly string[], direction: LineageDirection, depthMax: number | null): LineageWalk {
  const depths = new Map(starts.map((node) => [node, 0]));
  const edges: { from: string; to: string }[] = [];
  let level: readonly string[] = [...depths.keys()];
  for (let depth = 1; level.length > 0 && (depthMax === null || depth <= depthMax); depth++) {
    const next: string[] = [];
    for (const node of level) {
      for (const other of graph[direction].get(node) ?? []) {
        edges.push(direction === "up" ? { from: other, to: node } : { from: node, to: other });
        if (depths.has(other)) continue;
        depths.set(other, depth);
        next.push(other);
      }
    }
    level = next;
  }
  return { direction, roots: starts, nodes: [...depths].map(([node, depth]) => ({ node, depth })), edges };
}

/** The object that a node belongs to: the source of a column, the view of a feature; other nodes are objects. */
export function objectOf({ parts }: LineageGraph, node: string): string {
  const { kind, name, part } = parts.get(node) ?? { kind: "", name: node, part: null };
  if (part === null) return node;
  return kind === "feature" ? `view:${name}` : `${kind}:${name}`;
}

function nodeParts(node: string, { sources, views, labels }: KnownObjects): NodeParts {
  const colon = node.indexOf(":");
  const kind = node.slice(0, colon);
  const rest = node.slice(colon + 1);
  const known = new Map([
    ["source", sources],
    ["feature", views],
    ["request", views],
    ["label", labels],
  ]).get(kind);
  if (known === undefined || (kind === "source" && known.has(rest))) return { kind, name: rest, part: null };
  // The longest name that is known; of two sources `a` and `a.b`, a column `b.c` of the first cannot be told from `c` of the second.
  for (let point = rest.lastIndexOf("."); point > 0; point = rest.lastIndexOf(".", point - 1)) {
    // A version stands under its view's name: `churn@v1`.
    if (known.has(rest.slice(0, point).replace(/@v[0-9]+$/, ""))) return { kind, name: rest.slice(0, point), part: rest.slice(point + 1) };
  }
  const point = rest.indexOf(".");
  return point === -1 ? { kind, name: rest, part: null } : { kind, name: rest.slice(0, point), part: rest.slice(point + 1) };
}

/**
 * The nodes that a text means: a node as it stands in edges, `view:feature`, `source.column`, or the name of a view, label, source, service
 * or training set, which stands for all of its parts. ASOF_OBJECT_UNKNOWN with the nearest name, or the choices where several are meant.
 */
export function findLineageNodes(graph: LineageGraph, text: string): readonly string[] {
  if (graph.nodes.has(text)) return withParts(graph, text);
  const names = namesOf(graph);
  const found = names.get(text) ?? [];
  const [only] = found;
  if (only !== undefined && found.length === 1) return withParts(graph, only);
  if (found.length > 1) {
    throw new AsofError("ASOF_OBJECT_UNKNOWN", `"${text}" may be ${found.join(" or ")}.`, {
      path: text,
      value: text,
      fix: "Write one of them in full.",
    });
  }
  const near = nearest(text, [...names.keys(), ...graph.nodes]);
  throw new AsofError("ASOF_OBJECT_UNKNOWN", `Nothing called "${text}" is known to lineage.`, {
    path: text,
    value: text,
    fix: `${near === null ? "" : `Did you mean "${near}"? `}Give a view, view:feature, a source, source.column, a service or a training set.`,
  });
}

/** An object and all that belongs to it; a part alone. */
function withParts(graph: LineageGraph, node: string): readonly string[] {
  const parts = [...graph.nodes].filter((other) => other !== node && objectOf(graph, other) === node);
  if (parts.length === 0) return [node];
  return [...(graph.nodes.has(node) ? [node] : []), ...parts].sort(compareText);
}

/** What people call the nodes: name → what it may be. */
function namesOf(graph: LineageGraph): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, Set<string>>();
  const add = (name: string, node: string): void => {
    const known = names.get(name) ?? new Set();
    names.set(name, known.add(node));
  };
  for (const node of graph.nodes) {
    const { kind = "", name = node, part = null } = graph.parts.get(node) ?? {};
    const object = objectOf(graph, node);
    add(object, object);
    if (kind !== "request") add(name, object);
    if (kind === "training_set") add(name.slice(name.search(/[^/\\]*$/)), node);
    if (part !== null) add(kind === "feature" || kind === "label" ? `${name}:${part}` : `${name}.${part}`, node);
  }
  return new Map([...names].map(([name, nodes]) => [name, [...nodes].sort(compareText)]));
}
