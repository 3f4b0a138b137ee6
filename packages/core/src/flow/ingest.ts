import type { ColumnModel, PushSourceModel } from "../definition/model.ts";
import { AsofError } from "../error/error.ts";
import { recordIngest } from "../registry/source-state.ts";
import { updateSourceState } from "../registry/update-state.ts";
import type { LogRow } from "../store/offline.ts";
import { holdRows } from "./held-rows.ts";
import { recordLiveCoverage } from "./materialize-target.ts";
import { eventTimeOf, type PushCounts, parsePushedRows, writeRowsOnline } from "./push.ts";
import { type RegistryView, viewRegistry } from "./registry-view.ts";
import type { Runtime } from "./runtime.ts";
import type { ServedView } from "./served.ts";

export interface PushRequest {
  readonly source: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Where rows go. `online` alone is outside the history: such rows are exempt from parity. Default `both`. */
  readonly to?: "online" | "offline" | "both" | undefined;
  /** A retry with the same key folds nothing twice. Default: a fresh one. */
  readonly idempotencyKey?: string | undefined;
}

/** Takes in pushed rows: checks all of them first, appends them to the offline log, then updates the views they feed. */
export async function push(runtime: Runtime, request: PushRequest): Promise<PushCounts> {
  const registry = viewRegistry(runtime.project, await runtime.registry.snapshot(runtime.project));
  const source = pushSource(registry, request.source);
  const views = viewsOf(registry, source.name);
  const nowUs = runtime.clock.nowUs();
  const idempotencyKey = request.idempotencyKey ?? runtime.random.id();
  const rows = parsePushedRows(source, keyColumns(views), request.rows, { nowUs, idempotencyKey, origin: "push" });
  if (rows.length === 0) return { rows: 0, heldBack: 0, beforeHandover: 0, written: 0 };

  const to = request.to ?? "both";
  const handoverUs = requireHandover(registry, source, views);
  const isFirst = to !== "online" && (await noteIngest(runtime, source, nowUs));
  if (to !== "online") await runtime.offline.append({ project: runtime.project, source }, rows);
  if (to === "offline") return { rows: rows.length, heldBack: 0, beforeHandover: 0, written: 0 };

  const live = handoverUs === null ? rows : rows.filter((row) => eventTimeOf(source, row) >= handoverUs);
  const dueUs = nowUs + runtime.settings.maxFutureSkewUs;
  const held = live.filter((row) => eventTimeOf(source, row) > dueUs);
  if (held.length > 0) await holdRows(runtime, source, held);
  const due = live.filter((row) => eventTimeOf(source, row) <= dueUs);
  const written = await writeViews(runtime, views, source, due);
  if (isFirst && source.batch === null) await coverFromTheBeginning(runtime, views, nowUs);
  return { rows: rows.length, heldBack: held.length, beforeHandover: rows.length - live.length, written };
}

/** Writes rows to every view of a source. */
export async function writeViews(
  runtime: Runtime,
  views: readonly ServedView[],
  source: PushSourceModel,
  rows: readonly LogRow[],
): Promise<number> {
  let written = 0;
  for (const view of views) written += await writeRowsOnline(runtime.online, view, source, rows);
  return written;
}

/** The served views over a source, and the generations being built beside them. */
export function viewsOf(registry: RegistryView, source: string): readonly ServedView[] {
  const views = [...registry.views.values(), ...registry.building.values()];
  return views.filter((view) => view.model.source.name === source);
}

export function pushSource(registry: RegistryView, name: string): PushSourceModel {
  const source = registry.models.sources.get(name);
  if (source?.type === "push") return source;
  const names = [...registry.models.sources.values()].filter((s) => s.type === "push").map((s) => s.name);
  throw new AsofError("ASOF_OBJECT_UNKNOWN", `No push source "${name}" is registered. There are: ${names.sort().join(", ") || "none"}.`, {
    path: name,
    value: name,
    fix: source === undefined ? "Fix the name, or run `asof apply`." : "Declare it with `push(…)`; other sources are read, not pushed to.",
  });
}

/** Key columns of all views over the source, each once: what a row must carry to reach them. */
export function keyColumns(views: readonly ServedView[]): readonly ColumnModel[] {
  const keys = new Map<string, ColumnModel>();
  for (const view of views) for (const entity of view.model.entities) for (const key of entity.keys) keys.set(key.name, key);
  return [...keys.values()];
}

/**
 * Where the log's part of history begins. A source with a batch side has none before its first materialization: rows pushed then
 * could belong to either part.
 */
function requireHandover(registry: RegistryView, source: PushSourceModel, views: readonly ServedView[]): number | null {
  if (source.batch === null || views.length === 0) return null;
  const handoverUs = registry.handoverOf(source.name);
  if (handoverUs !== null) return handoverUs;
  throw new AsofError(
    "ASOF_HANDOVER_UNSET",
    `Source "${source.name}" has a batch side and was never materialized, so it is not known which part of its history the pushed rows belong to.`,
    { path: source.name, fix: "Run `asof materialize` first: pushes count from its end on." },
  );
}

/** Records the first ingest of a source. True when this is it. */
async function noteIngest(runtime: Runtime, source: PushSourceModel, nowUs: number): Promise<boolean> {
  const state = await updateSourceState(runtime.registry, runtime.project, source.name, (s) => recordIngest(s, nowUs), runtime.clock);
  return state.firstIngestUs === nowUs;
}

/** Views that existed before the first row of a push-only source see all of its history as it comes. */
async function coverFromTheBeginning(runtime: Runtime, views: readonly ServedView[], nowUs: number): Promise<void> {
  for (const view of views) {
    if (view.coverage.size > 0) continue;
    const names = view.model.features.map((f) => f.name);
    await recordLiveCoverage(runtime, view.model.name, view.online.generation, names, nowUs);
  }
}
