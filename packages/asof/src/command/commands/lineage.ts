import { findLineageNodes, type LineageDirection, type LineageWalk, loadLineage, walkLineage } from "@asof/core";
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
    const graph = await loadLineage(session.runtime.registry, await session.registry(), name);
    const starts = findLineageNodes(graph, name);
    const level = options.columns === true ? "columns" : "objects";
    const walks = directions.map((direction) => walkLineage(graph, starts, direction, { depth, level }));
    if (context.json) context.printJson({ asked: name, level, ...Object.fromEntries(walks.map((walk) => [walk.direction, jsonOf(walk)])) });
    else context.print(walks.map((walk) => printWalk(walk, context, terminalOf(context))).join("\n\n"));
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
