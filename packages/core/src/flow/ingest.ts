import type { ColumnModel, LabelModel, PushSourceModel } from "../definition/model.ts";
import { didYouMean } from "../definition/read.ts";
import { AsofError, printValue } from "../error/error.ts";
import { recordIngest, recordOnlineOnly } from "../registry/source-state.ts";
import { updateSourceState } from "../registry/update-state.ts";
import type { LogRow, PullRequest } from "../store/offline.ts";
import { compileKeyEncoder } from "../value/key.ts";
import type { Value } from "../value/type.ts";
import { labelsOver, removeKey } from "./erase-key.ts";
import { screenRows } from "./erased-rows.ts";
import { type Erasures, openErasures } from "./erasures.ts";
import { requireFit } from "./fit-version.ts";
import { holdRows } from "./held-rows.ts";
import { recordLiveCoverage } from "./materialize-target.ts";
import { eventTimeOf, type PushCounts, parsePushedRows, writeRowsOnline } from "./push.ts";
import { type RegistryView, viewRegistry } from "./registry-view.ts";
import type { Runtime } from "./runtime.ts";
import type { ServedView } from "./served.ts";

export interface PushRequest {
  readonly source: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Whether values have their JavaScript form, or that of JSON (int64 as text, bytes as base64, …). Default `values`. */
  readonly form?: "values" | "json" | undefined;
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
  const givenKeys = keyColumns(views, labelsOver(registry, source));
  const parsed = parsePushedRows(source, givenKeys, request.rows, {
    nowUs,
    idempotencyKey,
    origin: "push",
    form: request.form,
  });
  const to = readTarget(request.to);
  requireFit(views, source, givenKeys, parsed);
  const erasures = await openErasures(runtime.project, registry.erasures, runtime.erasureSecret);
  const models = views.map((view) => view.model);
  const { rows, erased } = screenRows(erasures, source, models, parsed);
  const counts: PushCounts = {
    rows: parsed.length,
    heldBack: 0,
    beforeHandover: 0,
    outsideHistory: to === "online" ? rows.length : 0,
    erased,
    written: 0,
  };
  // Rows of erased keys alone begin the live side of a source, too: what counts from when on must not depend on erasures.
  if (parsed.length === 0) return counts;
  let handoverUs = requireHandover(registry, source, views);
  let sourceHandoverUs = registry.handoverOf(source.name);
  if (to !== "online") {
    if (registry.firstIngestOf(source.name) === null && source.batch === null) await coverFromTheBeginning(runtime, views, nowUs);
    // From the first ingest on the handover stays; one that a materialization moved in between is the one that counts.
    const state = await updateSourceState(runtime.registry, runtime.project, source.name, (s) => recordIngest(s, nowUs), runtime.clock);
    handoverUs = handoverUs === null ? null : state.handoverUs;
    sourceHandoverUs = state.handoverUs;
    await runtime.offline.append({ project: runtime.project, source }, rows);
  }
  if (to === "offline") {
    await eraseSince(runtime, registry.version, erasures, parsed);
    return counts;
  }
  const live = handoverUs === null ? rows : rows.filter((row) => eventTimeOf(source, row) >= (handoverUs ?? 0));
  const dueUs = nowUs + runtime.settings.maxFutureSkewUs;
  const held = live.filter((row) => eventTimeOf(source, row) > dueUs);
  const mayBeReplay = to === "both" && (request.idempotencyKey !== undefined || source.eventId !== null);
  const asLogged = mayBeReplay ? lookUpLogged(runtime, source, rows) : null;
  if (held.length > 0) {
    const keys = keyColumns(views);
    const names = keys.map((key) => key.name);
    await holdRows(runtime, source, names, asLogged === null ? held : await asLogged(keys, held));
  }
  const due = rows.filter((row) => eventTimeOf(source, row) <= dueUs);
  const written = await writeToAll(runtime, registry, source, due, { erasures, asLogged, handoverUs: sourceHandoverUs });
  if (to === "online") {
    await updateSourceState(runtime.registry, runtime.project, source.name, (s) => recordOnlineOnly(s, rows.length), runtime.clock);
  }
  await eraseSince(runtime, registry.version, erasures, parsed);
  return { ...counts, heldBack: held.length, beforeHandover: rows.length - live.length, written };
}

/** A target from JavaScript may be anything. */
function readTarget(to: PushRequest["to"]): NonNullable<PushRequest["to"]> {
  if (to === undefined) return "both";
  if (to === "online" || to === "offline" || to === "both") return to;
  throw new AsofError("ASOF_PUSH_INVALID", `A push goes to "online", "offline" or "both", not to ${printValue(to)}.`, {
    path: "to",
    value: to,
    fix: "Give one of the three.",
  });
}

interface WriteRules {
  readonly erasures: Erasures | null;
  /** Null where no row can be one that the log has already. */
  readonly asLogged: AsLogged | null;
  /** From when on the log counts for versions that read a batch side too; null where that was never said. */
  readonly handoverUs: number | null;
}

/** The rows that belong to the log's part of a version's history. One that knows of no batch side has all of its history there. */
function rowsOfLog({ model }: ServedView, source: PushSourceModel, rows: readonly LogRow[], handoverUs: number | null): readonly LogRow[] {
  const hasBatch = model.source.type === "push" && model.source.batch !== null;
  return hasBatch && handoverUs !== null ? rows.filter((row) => eventTimeOf(source, row) >= handoverUs) : rows;
}

/** Writes to the views of now; where definitions were applied meanwhile, also to the generations that these brought. */
async function writeToAll(
  runtime: Runtime,
  registry: RegistryView,
  source: PushSourceModel,
  rows: readonly LogRow[],
  { erasures, asLogged, handoverUs }: WriteRules,
): Promise<number> {
  const done = new Set<string>();
  let written = 0;
  let known = registry;
  for (;;) {
    try {
      for (const view of viewsOf(known, source.name)) {
        const name = `${view.online.view} ${view.online.generation} ${view.online.schema.fingerprint}`;
        if (done.has(name)) continue;
        const counted = rowsOfLog(view, source, rows, handoverUs);
        const own = asLogged === null ? counted : await asLogged(keyColumns([view]), counted);
        written += await writeRowsOnline(runtime.online, view, source, own, erasures);
        done.add(name);
      }
    } catch (error) {
      const { definitionsVersion } = await runtime.registry.versions();
      const isStale = error instanceof AsofError && error.code === "ASOF_SCHEMA_UNKNOWN" && definitionsVersion !== known.definitionsVersion;
      if (!isStale) throw error;
    }
    const { definitionsVersion } = await runtime.registry.versions();
    if (definitionsVersion === known.definitionsVersion) return written;
    known = viewRegistry(runtime.project, await runtime.registry.snapshot(runtime.project));
  }
}

/** Far enough for every instant. */
const latestUs = Number.MAX_SAFE_INTEGER;

/**
 * Rows as the log has them. Of a replayed event the row that was ingested first counts, in training too, with the created time that it
 * was given or stamped with then; the row that is given now may have a later one, and would win ties that it must lose.
 */
type AsLogged = (keys: readonly ColumnModel[], rows: readonly LogRow[]) => Promise<readonly LogRow[]>;

/** Finds the first row of an event in the log, under the keys that it was made for. */
type FirstLogged = (row: LogRow) => LogRow | undefined;

/** Looks rows of one push up, all at once at the first need: views with the same keys share what is found. */
function lookUpLogged(runtime: Runtime, source: PushSourceModel, pushed: readonly LogRow[]): AsLogged {
  const found = new Map<string, Promise<FirstLogged>>();
  return async (keyModels, rows) => {
    if (rows.length === 0) return rows;
    const keys = keyModels.map(({ name, type }) => ({ name, type }));
    const identity = JSON.stringify(keys);
    const reading = found.get(identity) ?? readLogged(runtime, source, keys, pushed);
    found.set(identity, reading);
    const firstOf = await reading;
    return rows.map((row) => {
      const first = firstOf(row);
      return first === undefined ? row : { ...first, ingestTimeUs: row.ingestTimeUs };
    });
  };
}

async function readLogged(
  runtime: Runtime,
  source: PushSourceModel,
  keys: PullRequest["keys"],
  rows: readonly LogRow[],
): Promise<FirstLogged> {
  const columns = source.columns.map(({ name, type }) => ({ name, type }));
  const request: PullRequest = {
    ...{ history: { batch: null, log: { project: runtime.project, source }, handoverUs: null }, keys, columns, order: [] },
    ...{ mode: "all" as const, fromUs: null, toUs: latestUs, createdFromUs: null, tileUs: null, partition: null },
    eventIds: [...new Set(rows.map((row) => row.eventId))],
  };
  const encodeKey = compileKeyEncoder(keys.map((k) => k.type));
  const identity = (key: Uint8Array | null, eventId: string): string =>
    `${key === null ? "" : Buffer.from(key).toString("hex")} ${eventId}`;
  const logged = new Map<string, LogRow>();
  for await (const batch of runtime.offline.pull(request)) {
    for (let i = 0; i < batch.rowCount; i++) {
      const at = (column: number): Value => batch.columns[column]?.get(i) ?? null;
      const found = keys.map((_, k) => at(k));
      const createdTimeUs = Number(at(keys.length + 1));
      const values: Record<string, Value> = Object.fromEntries(columns.map((c, k) => [c.name, at(keys.length + 4 + k)]));
      for (const [k, { name }] of keys.entries()) values[name] = found[k] ?? null;
      if (source.eventTime !== null) values[source.eventTime] = at(keys.length);
      if (source.createdTime !== null) values[source.createdTime] = createdTimeUs;
      const eventId = String(at(keys.length + 2));
      logged.set(identity(encodeKey(found), eventId), { values, createdTimeUs, ingestTimeUs: createdTimeUs, origin: "push", eventId });
    }
  }
  return (row) => logged.get(identity(encodeKey(keys.map((k) => row.values[k.name] ?? null)), row.eventId));
}

/** Writes rows that were held back to every view of a source. */
export async function writeViews(
  runtime: Runtime,
  registry: RegistryView,
  source: PushSourceModel,
  rows: readonly LogRow[],
): Promise<number> {
  const erasures = await openErasures(runtime.project, registry.erasures, runtime.erasureSecret);
  let written = 0;
  for (const view of viewsOf(registry, source.name)) written += await writeRowsOnline(runtime.online, view, source, rows, erasures);
  await eraseSince(runtime, registry.version, erasures, rows);
  return written;
}

/**
 * Keys that were erased while their rows were on the way here: whoever erased them may have looked before the rows came, so they are
 * removed again.
 */
async function eraseSince(runtime: Runtime, version: number, known: Erasures | null, rows: readonly LogRow[]): Promise<void> {
  if ((await runtime.registry.versions()).version === version) return;
  const registry = viewRegistry(runtime.project, await runtime.registry.snapshot(runtime.project));
  const erasures = await openErasures(runtime.project, registry.erasures, runtime.erasureSecret);
  if (erasures === null || erasures.signature === known?.signature) return;
  const nowUs = runtime.clock.nowUs();
  for (const { names, check } of erasures.groups) {
    const keys = new Map<string, readonly Value[]>();
    for (const row of rows) {
      const values = names.map((name) => row.values[name] ?? null);
      if (check(values) === Number.POSITIVE_INFINITY) keys.set(JSON.stringify(values.map(String)), values);
    }
    for (const values of keys.values()) await removeKey(runtime, registry, { names, values }, { nowUs, dryRun: false });
  }
}

/**
 * Every version that is kept of the views over a push source, those of the registered definitions last. One from when its name was that
 * of a table reads that table alone.
 */
function viewsOf(registry: RegistryView, source: string): readonly ServedView[] {
  const kept = [...registry.versions.values()].flatMap((versions) => [...versions.values()]);
  const views = kept.filter(({ model }) => model.source.name === source && model.source.type === "push");
  const isRegistered = ({ model }: ServedView): boolean => registry.models.views.get(model.name) === model;
  return [...views.filter((view) => !isRegistered(view)), ...views.filter(isRegistered)];
}

export function pushSource(registry: RegistryView, name: string): PushSourceModel {
  const source = registry.models.sources.get(name);
  if (source?.type === "push") return source;
  const names = [...registry.models.sources.values()].filter((s) => s.type === "push").map((s) => s.name);
  throw new AsofError("ASOF_OBJECT_UNKNOWN", `No push source "${name}" is registered. There are: ${names.sort().join(", ") || "none"}.`, {
    path: name,
    value: name,
    fix:
      source === undefined
        ? `${didYouMean(name, names)}Fix the name, or run \`asof apply\`.`
        : "Declare it with `push(…)`; other sources are read, not pushed to.",
  });
}

/** Key columns of all views and labels over the source, each once: what a row must carry to reach them. The last one's type counts. */
export function keyColumns(views: readonly ServedView[], labels: readonly LabelModel[] = []): readonly ColumnModel[] {
  const keys = new Map<string, ColumnModel>();
  for (const { entities } of [...views.map((v) => v.model), ...labels])
    for (const entity of entities) for (const key of entity.keys) keys.set(key.name, key);
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

/** Views that existed before the first row of a push-only source see all of its history as it comes. */
async function coverFromTheBeginning(runtime: Runtime, views: readonly ServedView[], nowUs: number): Promise<void> {
  for (const view of views) {
    if (view.coverage.size > 0) continue;
    const names = view.model.features.map((f) => f.name);
    await recordLiveCoverage(runtime, view.model.name, view.online.generation, names, nowUs);
  }
}
