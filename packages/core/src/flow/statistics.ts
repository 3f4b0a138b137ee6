import type { PlainViewModel, WindowedViewModel } from "../definition/model.ts";
import { AsofError } from "../error/error.ts";
import { planRequest } from "../plan/request-plan.ts";
import type { History } from "../point-in-time/join-plan.ts";
import type { FeatureStatistics, StatisticsRequest, ViewStatistics } from "../point-in-time/statistics-request.ts";
import { isJsonObject } from "../registry/canonical-json.ts";
import { versionOf } from "../registry/view-state.ts";
import { parseVersion } from "../registry/view-version.ts";
import type { RunOptions } from "../store/offline.ts";
import type { StatisticsOrigin, StatisticsRecord } from "../store/registry.ts";
import type { Json } from "../value/json.ts";
import { erasuresIn, openErasures } from "./erasures.ts";
import { findErased } from "./find-erased.ts";
import { historyOf } from "./history.ts";
import { featureOf, viewRegistry } from "./registry-view.ts";
import { servedVersion } from "./resolve-versions.ts";
import type { Runtime } from "./runtime.ts";
import type { ServedView } from "./served.ts";

/** Runs kept of each feature: two months of daily ones, and as many points as a line of text shows. */
const statisticsKeptMax = 60;

/** The figures of one feature at one time, as the registry keeps them. */
export interface KeptStatistics {
  readonly view: string;
  readonly version: number;
  readonly feature: string;
  readonly runId: string;
  readonly origin: StatisticsOrigin;
  /** Event times covered, `[startUs, endUs)`; null = no bound. */
  readonly startUs: number | null;
  readonly endUs: number | null;
  readonly computedAtUs: number;
  readonly basis: ViewStatistics["basis"];
  /** See {@link ViewStatistics.rows}. */
  readonly rows: number;
  readonly figures: FeatureStatistics;
}

export interface ComputeStatisticsRequest extends RunOptions {
  /** A stored view, for its active version, or `view@v1`. */
  readonly view: string;
  /** Event times `[startUs, endUs)`; null = from the beginning, up to now. */
  readonly startUs: number | null;
  readonly endUs: number | null;
  /** See {@link StatisticsRequest.count}. Default `all`. */
  readonly count?: StatisticsRequest["count"] | undefined;
}

/** Computes the figures of a view and keeps them. ASOF_FEATURE_UNKNOWN for a view that is not registered, and what the sources refuse. */
export async function computeStatistics(runtime: Runtime, request: ComputeStatisticsRequest): Promise<readonly KeptStatistics[]> {
  const registry = viewRegistry(runtime.project, await runtime.registry.snapshot(runtime.project));
  const target = servedVersion(registry, request.view);
  return describeAndKeep(runtime, target, registry.handoverOf(target.model.source.name), {
    ...request,
    endUs: request.endUs ?? runtime.clock.nowUs(),
    count: request.count ?? "all",
    runId: runtime.random.id(),
    origin: "on_demand",
  });
}

/** One run over a view: what it reads, and as what it is kept. */
interface StatisticsRun extends RunOptions {
  readonly startUs: number | null;
  readonly endUs: number;
  readonly count: StatisticsRequest["count"];
  readonly runId: string;
  readonly origin: StatisticsOrigin;
}

async function describeAndKeep(
  runtime: Runtime,
  { model, online }: Pick<ServedView, "model" | "online">,
  handoverUs: number | null,
  run: StatisticsRun,
): Promise<readonly KeptStatistics[]> {
  const { project, registry, offline, clock } = runtime;
  const { startUs, endUs, count, runId, origin } = run;
  const history = await withoutErased(runtime, model, historyOf(project, model.source, handoverUs), run);
  const found = await offline.computeStatistics({ view: model, history, startUs, endUs, count }, { signal: run.signal });
  // A job that finds nothing says nothing; one who asks is answered.
  if (found.rows === 0 && origin === "materialize") return [];
  const isStatic = model.source.eventTime === null;
  const { basis, rows } = found;
  const records = Object.entries(found.features).map(
    ([feature, figures]): StatisticsRecord => ({
      project,
      view: model.name,
      feature,
      runId,
      origin,
      generation: online.generation,
      startUs: isStatic ? null : startUs,
      endUs: isStatic ? null : endUs,
      computedAtUs: clock.nowUs(),
      statistics: { basis, rows, ...plainJson(figures) },
    }),
  );
  await registry.putStatistics(records, statisticsKeptMax);
  return records.map(keptStatistics);
}

/** The history as a retrieval would read it: no figure may tell of a key that was erased. */
async function withoutErased(
  { project, registry, offline, erasureSecret }: Runtime,
  model: PlainViewModel | WindowedViewModel,
  history: History,
  { endUs, signal }: StatisticsRun,
): Promise<History> {
  const erasures = await openErasures(project, erasuresIn(await registry.snapshot(project)), erasureSecret);
  const plan = planRequest([{ view: model, name: model.name, features: null, keys: {}, maxAgeUs: null }], { fullFeatureNames: true });
  const spine = { kind: "moments", moments: { kind: "latest", atUs: endUs } } as const;
  const [erased] = (await findErased({ offline, erasures }, plan.stored, [history], spine, { signal })) ?? [];
  return erased === undefined ? history : { ...history, erased };
}

/** Without the members that are absent: canonical JSON has no undefined. */
function plainJson(figures: FeatureStatistics): Readonly<Record<string, Json>> {
  const entries: [string, Json | undefined][] = Object.entries(figures);
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/**
 * What a materialization adds to the time series of the version it was about: figures of a sample, so that it costs little. Its own work
 * is done whatever comes of this.
 */
export async function describeMaterialized(
  runtime: Runtime,
  target: Pick<ServedView, "model" | "online">,
  run: { readonly name: string; readonly jobId: string; readonly fromUs: number | null; readonly toUs: number },
  handoverUs: number | null,
  options: RunOptions,
): Promise<void> {
  const { version } = parseVersion(run.name);
  await describeAndKeep(runtime, target, handoverUs, {
    ...options,
    startUs: run.fromUs,
    endUs: run.toUs + 1,
    count: "sample",
    // One job may be about two versions of a view.
    runId: version === null ? run.jobId : `${run.jobId}@v${version}`,
    origin: "materialize",
  });
}

export interface ListStatisticsRequest {
  /** A stored view, for its active version, or `view@v1`. */
  readonly view: string;
  /** Default: all of its features. */
  readonly feature?: string | undefined;
  /** Runs of each feature; at most 60 are kept. */
  readonly limit: number;
}

/** What is kept of a version's features, newest first. ASOF_FEATURE_UNKNOWN where there is no such view or feature. */
export async function listStatistics(
  { project, registry }: Pick<Runtime, "project" | "registry">,
  request: ListStatisticsRequest,
): Promise<readonly KeptStatistics[]> {
  const { model, online } = servedVersion(viewRegistry(project, await registry.snapshot(project)), request.view);
  if (request.feature !== undefined) featureOf(model, request.feature);
  const filter = { project, view: model.name, ...(request.feature === undefined ? {} : { feature: request.feature }) };
  const records = await registry.listStatistics({ ...filter, limit: statisticsKeptMax });
  const taken = new Map<string, number>();
  const isWanted = ({ feature, generation }: StatisticsRecord): boolean => {
    if (generation !== online.generation) return false;
    taken.set(feature, (taken.get(feature) ?? 0) + 1);
    return (taken.get(feature) ?? 0) <= request.limit;
  };
  return records.filter(isWanted).map(keptStatistics);
}

function keptStatistics(record: StatisticsRecord): KeptStatistics {
  const { view, feature, runId, origin, startUs, endUs, computedAtUs } = record;
  const { basis, rows, ...figures } = isJsonObject(record.statistics) ? record.statistics : {};
  if (!isFigures(figures)) throw unreadable(record);
  return {
    view,
    version: versionOf(record.generation),
    feature,
    runId,
    origin,
    startUs,
    endUs,
    computedAtUs,
    basis: basis === "values_at_end" ? basis : "rows",
    rows: Number(rows ?? 0),
    figures,
  };
}

/** Written by this module; a newer one adds members and takes none away. */
function isFigures(value: unknown): value is FeatureStatistics {
  const { type, count, nulls, sampleRows } = value as Partial<FeatureStatistics>;
  return typeof type === "string" && [count, nulls, sampleRows].every((n) => typeof n === "number");
}

function unreadable({ project, view, feature, runId }: StatisticsRecord): AsofError {
  return new AsofError("ASOF_REGISTRY_UNREADABLE", `The statistics of "${view}:${feature}" in project "${project}" cannot be read.`, {
    path: `${view}:${feature}`,
    value: runId,
    fix: "Update asof, or restore the registry from a backup.",
  });
}
