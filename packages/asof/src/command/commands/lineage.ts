import {
  findLineageNodes,
  type LineageDirection,
  type LineageGraph,
  type LineageWalk,
  lineageGraph,
  lineageNode,
  walkLineage,
} from "@asof/core";
import type { Session } from "../../store/session.ts";
import type { CommandContext } from "../context.ts";
import { readCount } from "../read-count.ts";
import { type Terminal, terminalOf } from "../terminal.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

interface LineageOptions extends GlobalOptions {
  readonly up?: boolean;
  readonly down?: boolean;
  readonly columns?: boolean;
  readonly depth?: string;
}

/** `asof lineage NODE`: what it was made from, and what was made from it. */
export async function runLineage(context: CommandContext, name: string, options: LineageOptions): Promise<void> {
  const depth = options.depth === undefined ? null : readCount("--depth", options.depth);
  const both = options.up !== true && options.down !== true;
  const directions: readonly LineageDirection[] = (["up", "down"] as const).filter((d) => both || options[d] === true);
  await withSession(context, options, async (session) => {
    const graph = await graphOf(session);
    const starts = findLineageNodes(graph, name);
    const level = options.columns === true ? "columns" : "objects";
    const walks = directions.map((direction) => walkLineage(graph, starts, direction, { depth, level }));
    if (context.json) context.printJson({ asked: name, level, ...Object.fromEntries(walks.map((walk) => [walk.direction, jsonOf(walk)])) });
    else context.print(walks.map((walk) => printWalk(walk, context, terminalOf(context))).join("\n\n"));
  });
}

/** All edges of the project, and what is registered without any. */
async function graphOf(session: Session): Promise<LineageGraph> {
  const { registry, project } = session.runtime;
  const { models } = await session.registry();
  const alone = [
    ...[...models.sources.values()].flatMap((s) => [
      lineageNode.source(s.name),
      ...s.columns.map((c) => lineageNode.column(s.name, c.name)),
    ]),
    ...[...models.views.values()].flatMap((v) => v.features.map((f) => lineageNode.feature(v.name, f.name))),
    ...[...models.services.keys()].map(lineageNode.service),
  ];
  return lineageGraph(await registry.listLineage(project), alone, {
    sources: new Set(models.sources.keys()),
    views: new Set(models.views.keys()),
    labels: new Set(models.labels.keys()),
  });
}

function jsonOf({ roots, nodes, edges }: LineageWalk): Omit<LineageWalk, "direction"> {
  return { roots, nodes, edges };
}

/** Each node once with what follows it; where it comes again, it is only named. */
function printWalk(walk: LineageWalk, { paint }: CommandContext, { isUnicode }: Terminal): string {
  const isUp = walk.direction === "up";
  const next = new Map<string, string[]>();
  for (const { from, to } of walk.edges) {
    const [node, other] = isUp ? [to, from] : [from, to];
    next.set(node, [...(next.get(node) ?? []), other]);
  }
  const [middle, last, line] = isUnicode ? ["├─ ", "└─ ", "│  "] : ["|- ", "`- ", "|  "];
  const lines = [paint.bold(isUp ? "Made from" : "Used by")];
  const shown = new Set<string>();
  // A stack, since a chain of views may be longer than calls may nest.
  const waiting = walk.roots.toReversed().map((node) => ({ node, head: "", tail: "" }));
  for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
    const { node, head, tail } = entry;
    const children = next.get(node) ?? [];
    const isAgain = shown.has(node) && children.length > 0;
    lines.push(`${head}${node}${isAgain ? paint.dim(" (see above)") : ""}`);
    shown.add(node);
    if (isAgain) continue;
    const entries = children.map((child, i) => {
      const isLast = i === children.length - 1;
      return { node: child, head: `${tail}${isLast ? last : middle}`, tail: `${tail}${isLast ? "   " : line}` };
    });
    waiting.push(...entries.toReversed());
  }
  if (walk.edges.length === 0)
    lines.push(paint.dim(isUp ? "Nothing is known that it was made from." : "Nothing is known that was made from it."));
  return lines.join("\n");
}
