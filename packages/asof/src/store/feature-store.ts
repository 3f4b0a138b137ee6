import {
  type ActivateOptions,
  type ActivateOutcome,
  type AnyLabel,
  type AnyService,
  type AnySource,
  type AnyValueType,
  type AnyView,
  AsofError,
  type DeletionReport,
  type DroppedVersion,
  type Erasure,
  type FeastAnswer,
  type InstantLiteral,
  type Interval,
  issuesOf,
  type KeptStatistics,
  type LabelModel,
  listVersions,
  type MaterializeOutcome,
  type MaterializeProgress,
  type MaterializeToNowRequest,
  modelOf,
  type OnlineAnswer,
  type PushCounts,
  parseInstantAt,
  parseVersion,
  referenceOf,
  type ServiceModel,
  type SpineInput,
  type TypedRetrieval,
  type ValueType,
  type VersionInfo,
  type ViewReference,
  validateUses,
  valueTypeOf,
} from "@asof/core";
import type { Table } from "apache-arrow";
import {
  checkAsked,
  checkEntities,
  checkEntity,
  checkFeastRequest,
  checkHistorical,
  checkOnlineNames,
  checkPush,
  checkVersion,
} from "./check-call.ts";
import { checkOptions, type KnownOptions, refuse } from "./check-options.ts";
import { type FeastRequest, retrieveAsFeast } from "./feast-retrieval.ts";
import { type Asked, type Session, throwIssues } from "./session.ts";
import { changesBetween, type KnownTypes, knownTypesOf, type SpineLike, toSpineInput } from "./spine.ts";
import { ComputedTrainingSet } from "./training-set.ts";

/** What a materialization takes besides its times. */
export interface MaterializeOptions {
  /** Names of feature views, or versions of them as `view@v1`; default all stored views of the project. */
  readonly views?: readonly string[];
  /** Ends the work after the batch under way; the same call resumes it. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: MaterializeProgress) => void;
  /** Whether to describe the values of each view when it is done; default as `materialization.statistics` says. */
  readonly statistics?: boolean;
}

export interface StatisticsOptions {
  /** First event time; default the beginning of history. */
  readonly start?: InstantLiteral;
  /** Event times before it; default now. */
  readonly end?: InstantLiteral;
  readonly signal?: AbortSignal;
}

export interface GetStatisticsOptions {
  /** Default: all features of the view. */
  readonly feature?: string;
  /** Runs of each feature, newest first. Default 1; at most 60 are kept. */
  readonly limit?: number;
}

export interface PushOptions {
  /** `both` (default), `offline` (the log only), or `online` alone, which is outside the history and exempt from parity. */
  readonly to?: "online" | "offline" | "both";
  /** A retry with the same key folds no event twice. */
  readonly idempotencyKey?: string;
}

/** How an entity key is erased. */
export interface DeleteOptions {
  /** Count what would be removed and touch nothing. */
  readonly dryRun?: boolean;
  /** Ends the work; the same call goes on with it. */
  readonly signal?: AbortSignal;
  /** Called before each step with what is looked at. */
  readonly onStep?: (step: string) => void;
}

/** An opened feature store. Close it, or declare it with `await using`. */
export interface FeatureStore extends TypedRetrieval<Table>, AsyncDisposable {
  readonly project: string;
  /** Copies all rows with `start ≤ event time ≤ end` into the online store. ASOF_JOB_FAILED when a view failed; the others are done. */
  materialize(start: InstantLiteral, end: InstantLiteral, options?: MaterializeOptions): Promise<MaterializeOutcome>;
  /** Copies what is new since the last run, late rows included, up to `end` (default: now). */
  materializeIncremental(end?: InstantLiteral, options?: MaterializeOptions): Promise<MaterializeOutcome>;
  /** Takes in rows of a push source. Every row is checked before any is stored. */
  push(source: AnySource | string, rows: readonly Readonly<Record<string, unknown>>[], options?: PushOptions): Promise<PushCounts>;
  /**
   * Erases an entity key: online rows, window state and the offline log lose it, and nothing of it is taken in or shown until it is lifted.
   * The report says what was removed where, and which sources that asof does not own still have rows of it. Several parts are the key of one
   * entity, or of several entities together: what is stored under all of them.
   */
  deleteEntity(entity: Readonly<Record<string, unknown>>, options?: DeleteOptions): Promise<DeletionReport>;
  /** Lets an erased key count again from now on; what happened before stays erased. */
  liftErasure(entity: Readonly<Record<string, unknown>>): Promise<Erasure>;
  /**
   * Online features in the shape of Feast's SDK: entities column by column, and an answer whose `toDict` is Feast's `to_dict`. Follows
   * `feast_compatibility`.
   */
  getOnlineFeaturesAsFeast(request: FeastRequest): Promise<FeastAnswer>;
  /**
   * Describes the values of a stored view in an interval of event time, and keeps what it finds: counts, extremes, mean and spread,
   * quantiles, the most frequent values, a histogram. A view by name may be one of its versions (`"churn@v1"`).
   */
  computeStatistics(view: AnyView | string, options?: StatisticsOptions): Promise<readonly KeptStatistics[]>;
  /** What was found out about the values of a view, by materializations and on demand, newest first. */
  getStatistics(view: AnyView | string, options?: GetStatisticsOptions): Promise<readonly KeptStatistics[]>;
  /** Versions of a view, or of all that are stored, oldest first. */
  versions(view?: AnyView | string): Promise<readonly VersionInfo[]>;
  /**
   * Makes a version the one that references without a version mean, in training and in serving: that of `"churn@v1"` or of `version`,
   * default that of the registered definition.
   * ASOF_VERSION_NOT_READY for one without data, and without `force` for one that is behind or lacks what a service reads.
   */
  activate(view: AnyView | string, options?: ActivateOptions & { readonly version?: number }): Promise<ActivateOutcome>;
  /** Gives up a version that is neither active nor registered nor referred to. */
  dropVersion(view: AnyView | string, version: number): Promise<DroppedVersion>;
  /** Values answered as INCOMPLETE since the store was opened. */
  readonly incompleteReads: number;
  /** The untyped layer beneath: models, registry, jobs. */
  readonly session: Session;
  close(): Promise<void>;
}

interface LooseQuery {
  readonly service?: AnyService;
  readonly features?: readonly AnyView[];
}

interface LooseHistoricalQuery extends LooseQuery {
  readonly spine?: SpineLike;
  readonly between?: Interval;
  readonly latestAsOf?: InstantLiteral;
  readonly spineColumns?: Readonly<Record<string, AnyValueType>>;
  readonly timeColumn?: string;
  readonly fullFeatureNames?: boolean;
  readonly knowledge?: "event" | "created";
  readonly labels?: readonly AnyLabel[];
  readonly immature?: "keep" | "drop" | "error";
  readonly labelsKnownUntil?: InstantLiteral;
  readonly signal?: AbortSignal;
  readonly onProgress?: (fraction: number | null, phase: string) => void;
}

interface LooseOnlineQuery extends LooseQuery {
  readonly entities: readonly Readonly<Record<string, unknown>>[];
  readonly at?: InstantLiteral;
}

const materializeOptions: KnownOptions = { views: "texts", signal: "signal", onProgress: "function", statistics: "flag" };

/** Puts the typed methods in front of a session. */
export function featureStoreOf(session: Session): FeatureStore {
  let isClosed = false;
  const begin: Begin = (options, known = {}) => {
    if (isClosed) {
      const fix = "Open it again with openFeatureStore, or close it later.";
      throw new AsofError("ASOF_STORE_FAILED", "This feature store was closed.", { path: session.runtime.project, fix });
    }
    checkOptions("ASOF_REQUEST_INVALID", options, known);
    return session;
  };
  const close = (): Promise<void> => {
    isClosed = true;
    return session[Symbol.asyncDispose]();
  };
  const store: Omit<FeatureStore, keyof TypedRetrieval<Table>> & {
    getOnlineFeatures(query: LooseOnlineQuery): Promise<OnlineAnswer>;
    getHistoricalFeatures(query: LooseHistoricalQuery): Promise<ComputedTrainingSet>;
  } = {
    project: session.runtime.project,
    session,
    get incompleteReads() {
      return session.incompleteReads;
    },
    getOnlineFeatures: async (query) => {
      begin();
      const asked = askedBy(query);
      checkEntities(query.entities);
      checkOnlineNames(query);
      const answer = session.answerOnline(asked, query.entities, query.at === undefined ? undefined : parseInstantAt("at", query.at));
      // Awaited only where it must be, and not returned as a promise: either would wait for turns of the event loop that do nothing.
      return answer instanceof Promise ? await answer : answer;
    },
    getOnlineFeaturesAsFeast: async (request) => {
      begin();
      checkFeastRequest(request);
      return retrieveAsFeast(session, request);
    },
    getHistoricalFeatures: async (query) => getHistorical(begin(), query),
    ...writingMethods(begin),
    ...describingMethods(begin),
    close,
    [Symbol.asyncDispose]: close,
  };
  // The generic signatures say of the result what the definitions say; at run time there is one implementation for all of them.
  return store as Omit<typeof store, keyof TypedRetrieval<Table>> as FeatureStore;
}

/** Gives the session to a method, unless the store was closed or the method's options are wrong: then nothing is done. */
type Begin = (options?: unknown, known?: KnownOptions) => Session;

/** What changes stored values. */
function writingMethods(
  begin: Begin,
): Pick<FeatureStore, "materialize" | "materializeIncremental" | "push" | "deleteEntity" | "liftErasure"> {
  return {
    materialize: async (start, end, options) => {
      const session = begin(options, materializeOptions);
      const [startUs, endUs] = [parseInstantAt("start", start), parseInstantAt("end", end)];
      return settle(session.materialize({ ...requestOf(options), mode: "interval", startUs, endUs }));
    },
    materializeIncremental: async (end, options) => {
      const session = begin(options, materializeOptions);
      return settle(
        end === undefined
          ? session.materializeToNow(requestOf(options))
          : session.materialize({ ...requestOf(options), mode: "incremental", startUs: null, endUs: parseInstantAt("end", end) }),
      );
    },
    push: async (source, rows, options) => {
      const session = begin();
      checkPush(source, rows, options);
      return session.push({ source: typeof source === "string" ? source : source.name, rows, ...options });
    },
    deleteEntity: async (entity, options) => {
      const session = begin(options, { dryRun: "flag", signal: "signal", onStep: "function" });
      checkEntity(entity);
      return session.deleteEntity({ entity, ...options });
    },
    liftErasure: async (entity) => {
      const session = begin();
      checkEntity(entity);
      return session.liftErasure(entity);
    },
  };
}

/** What tells of views and chooses among their versions. */
function describingMethods(
  begin: Begin,
): Pick<FeatureStore, "computeStatistics" | "getStatistics" | "versions" | "activate" | "dropVersion"> {
  return {
    computeStatistics: async (view, options = {}) => {
      const session = begin(options, { start: "any", end: "any", signal: "signal" });
      const { start, end, signal } = options;
      const startUs = start === undefined ? null : parseInstantAt("start", start);
      const endUs = end === undefined ? null : parseInstantAt("end", end);
      return session.computeStatistics({ view: nameOf(view), startUs, endUs, signal });
    },
    getStatistics: async (view, options = {}) => {
      const session = begin(options, { feature: "text", limit: "count" });
      return session.listStatistics({ view: nameOf(view), feature: options.feature, limit: options.limit ?? 1 });
    },
    versions: async (view) => listVersions(begin().runtime, view === undefined ? null : viewNameOf(view)),
    activate: async (view, options = {}) => {
      const session = begin(options, { version: "number", force: "flag" });
      const { version, force } = options;
      const named = parseVersion(nameOf(view));
      if (version !== undefined && named.version !== null && named.version !== version) {
        throw new AsofError("ASOF_REQUEST_INVALID", `"${nameOf(view)}" and version ${version} are two versions.`, {
          path: "version",
          value: version,
          fix: "Name the version once.",
        });
      }
      return session.activate(named.view, version ?? named.version, { force });
    },
    dropVersion: async (view, version) => {
      const session = begin();
      checkVersion(version);
      return session.dropVersion(viewNameOf(view), version);
    },
  };
}

/** A use of a view under another name is still that view. */
function viewNameOf(view: AnyView | string): string {
  if (typeof view === "string") return view;
  checkAsked({ features: [view] });
  return referenceOf(view).view.name;
}

const askedViews = new WeakMap<readonly AnyView[], Asked>();

function askedBy(query: LooseQuery): Asked {
  const known = askedViews.get(query?.features ?? []);
  if (known !== undefined && query.service === undefined) return known;
  checkAsked(query);
  if (query.service !== undefined) return typedService(modelOf(query.service));
  const views = query.features ?? [];
  throwIssues(validateUses(views));
  const asked = views.map((view) => declareTypes(referenceOf(view)));
  askedViews.set(views, asked);
  return asked;
}

const typedServices = new WeakMap<ServiceModel, ServiceModel>();

function typedService(service: ServiceModel): ServiceModel {
  const known = typedServices.get(service);
  if (known !== undefined) return known;
  const typed = { ...service, views: service.views.map(declareTypes) };
  typedServices.set(service, typed);
  return typed;
}

/** With the types that the program was compiled for. A version by its number says them itself, and what a request view returns is made here. */
function declareTypes(reference: ViewReference): ViewReference {
  const { view, version, project } = reference;
  if (version !== undefined || project !== undefined || view.form === "request") return reference;
  return { ...reference, declared: Object.fromEntries(view.features.map((f) => [f.name, f.type])) };
}

async function getHistorical(session: Session, query: LooseHistoricalQuery): Promise<ComputedTrainingSet> {
  const given = askedBy(query);
  checkHistorical(query);
  const asked = await session.resolve(given, "training");
  const result = await session.getHistorical({
    asked,
    spine: spineOf(query, asked),
    timeColumn: query.timeColumn,
    knowledge: query.knowledge,
    labels: labelsOf(query.labels ?? []),
    immature: query.immature,
    labelsKnownUntilUs: query.labelsKnownUntil === undefined ? undefined : parseInstantAt("labelsKnownUntil", query.labelsKnownUntil),
    fullFeatureNames: query.fullFeatureNames,
    signal: query.signal,
    onProgress: query.onProgress,
  });
  return new ComputedTrainingSet(session, result, query.service?.name ?? null, { signal: query.signal });
}

function labelsOf(labels: readonly AnyLabel[]): readonly LabelModel[] {
  throwIssues(labels.flatMap(issuesOf));
  return labels.map((label) => modelOf(label));
}

/** The rows to fill: the spine, or those that the history tells. */
function spineOf(query: LooseHistoricalQuery, asked: Asked): SpineInput {
  const { spine, between, latestAsOf } = query;
  if (between !== undefined) return changesBetween(between.start, between.end, "between");
  if (latestAsOf !== undefined) return { kind: "moments", moments: { kind: "latest", atUs: parseInstantAt("latestAsOf", latestAsOf) } };
  return toSpineInput(spine ?? [], knownTypes(asked, query.spineColumns ?? {}), query.timeColumn ?? "event_timestamp");
}

/** Types of a spine's columns as far as definitions tell them. */
function knownTypes(asked: Asked, declared: LooseHistoricalQuery["spineColumns"]): KnownTypes {
  const types = new Map<string, { readonly type: ValueType; readonly nullable: boolean }>();
  for (const [name, column] of Object.entries(declared ?? {})) {
    const type = valueTypeOf(column);
    if (type === null) refuse("ASOF_REQUEST_INVALID", `spineColumns.${name}`, column, "a type", "Write spineColumns: { churned: bool() }.");
    types.set(name, { type, nullable: true });
  }
  for (const [name, known] of knownTypesOf(asked)) types.set(name, known);
  return types;
}

function requestOf(options: MaterializeOptions = {}): MaterializeToNowRequest {
  return { views: options.views ?? null, signal: options.signal, onView: options.onProgress, statistics: options.statistics };
}

/** ASOF_REQUEST_INVALID for what is neither a view nor a name. */
function nameOf(view: AnyView | string): string {
  if (typeof view === "string") return view;
  checkAsked({ features: [view] });
  return view.name;
}

async function settle(running: Promise<MaterializeOutcome>): Promise<MaterializeOutcome> {
  const outcome = await running;
  throwFailedViews(outcome);
  return outcome;
}

/** Throws ASOF_JOB_FAILED with the faults of the views that failed, if any did. */
export function throwFailedViews({ jobId, views }: MaterializeOutcome): void {
  const failed = views.filter((v) => v.status === "failed");
  if (failed.length === 0) return;
  const faults = failed.map((v) => `${v.view}: ${v.error}`).join(" ");
  throw new AsofError("ASOF_JOB_FAILED", `${failed.length} of ${views.length} views failed: ${faults}`, {
    path: jobId,
    fix: "Mend the cause and run it again: finished views are kept.",
  });
}
