import {
  type ActivateOptions,
  type ActivateOutcome,
  AsofError,
  activateVersion,
  applyPlan,
  assert,
  type ComputeStatisticsRequest,
  checkOnline,
  checkSources,
  compareParity,
  compileOnline,
  computeStatistics,
  type DeleteRequest,
  type DeletionReport,
  type DroppedVersion,
  deleteEntity,
  didYouMean,
  dropVersion,
  type EntityRow,
  type Erasure,
  type Erasures,
  encodeDefinition,
  foreignView,
  type HistoricalContext,
  type HistoricalQuery,
  type HistoricalResult,
  type Issue,
  type KeptStatistics,
  keptVersion,
  type LabelModel,
  type ListStatisticsRequest,
  liftErasure,
  lineageNode,
  listStatistics,
  type MaterializeOutcome,
  type MaterializeRequest,
  type MaterializeToNowRequest,
  type MaybePromise,
  materialize,
  materializeToNow,
  type OnlineAnswer,
  type OnlineProgram,
  openErasures,
  type ParityReport,
  type ParityRequest,
  type Plan,
  type PlannedRetrieval,
  type PlanOptions,
  type PushCounts,
  type PushRequest,
  parseUsed,
  planChanges,
  planHistorical,
  planRequest,
  printUsed,
  printVersion,
  projectsOf,
  pushRows,
  pushSource,
  RegistryCache,
  type RegistryView,
  type RepositoryModel,
  type RequestPlan,
  type Runtime,
  refuseVersionText,
  registeredService,
  releaseHeldRows,
  resolveVersions,
  runHistorical,
  type ServiceModel,
  sentenceOf,
  snapshotForPlan,
  type ViewModel,
  type ViewReference,
  validateRepository,
  writeViews,
} from "@asof/core";
import { refuseLabel } from "./check-call.ts";
import { explainUnsupported } from "./explain-unsupported.ts";

/** What is asked for: a service, or references to views. */
export type Asked = ServiceModel | readonly ViewReference[];

/** How a plan treats the sources. */
interface SourceValidation {
  /** Do not look at them. */
  readonly skipSourceValidation?: boolean | undefined;
  /** Ends the looking. */
  readonly signal?: AbortSignal | undefined;
}

interface CompiledRequest {
  readonly plan: RequestPlan;
  readonly program: OnlineProgram;
  /** The parts of other projects that it was compiled for. */
  readonly others: ReadonlyMap<string, RegistryView>;
}

/** What a request is compiled for. */
interface CompiledFor {
  readonly registry: RegistryView;
  readonly others: ReadonlyMap<string, RegistryView>;
  readonly erasures: Erasures | null;
  readonly otherErasures: ReadonlyMap<string, Erasures>;
}

/**
 * An opened project: its stores and what is known of its registry. Works on models; the typed `FeatureStore` and the command
 * stand in front of it.
 */
export class Session implements AsyncDisposable {
  readonly runtime: Runtime;
  readonly repositoryPath: string;
  readonly repositoryName: string;
  readonly #definitions: () => Promise<RepositoryModel>;
  readonly #close: () => Promise<void>;
  readonly #cache: RegistryCache;
  /** Other projects whose views were asked for, and what was last known of them. */
  readonly #otherCaches = new Map<string, RegistryCache>();
  #loaded: Promise<RepositoryModel> | null = null;
  #compiledFor: RegistryView | null = null;
  #compiledServices = new WeakMap<object, CompiledRequest>();
  #incompleteReads = 0;
  readonly #erasures = new WeakMap<RegistryView, Promise<Erasures | null>>();

  constructor(parts: {
    readonly runtime: Runtime;
    readonly repositoryPath: string;
    readonly repositoryName: string;
    readonly definitions: () => Promise<RepositoryModel>;
    readonly close: () => Promise<void>;
  }) {
    this.runtime = parts.runtime;
    this.repositoryPath = parts.repositoryPath;
    this.repositoryName = parts.repositoryName;
    this.#definitions = parts.definitions;
    this.#close = parts.close;
    this.#cache = new RegistryCache(parts.runtime.project, parts.runtime.registry, () => parts.runtime.clock.nowUs());
  }

  /** What the definition files say; loaded once. */
  definitions(): Promise<RepositoryModel> {
    this.#loaded ??= this.#definitions();
    return this.#loaded;
  }

  /** Reads the definition files again at the next use. */
  reloadDefinitions(): void {
    this.#loaded = null;
  }

  registry(reload = false): Promise<RegistryView> {
    return this.#cache.load(reload);
  }

  /** Stored values answered as INCOMPLETE since this session was opened. */
  get incompleteReads(): number {
    return this.#incompleteReads;
  }

  /**
   * The service or features meant by names: of the definition files where they have them (request views then have their
   * functions), else of the registry.
   */
  async ask(what: { readonly service?: string | undefined; readonly features?: readonly string[] | undefined }): Promise<Asked> {
    const definitions = await this.definitions();
    if (what.service !== undefined) {
      const { service } = what;
      const defined = definitions.services.find((s) => s.name === service);
      return defined ?? (await this.#explained(async () => registeredService(await this.registry(), service)));
    }
    return this.#explained(() =>
      groupReferences(
        what.features ?? [],
        (name) => definitions.views.find((v) => v.name === name),
        async () => await this.registry(),
        this.runtime.project,
      ),
    );
  }

  /** What it looks for, or the reason why asof does not run an object of Feast's that has the name. */
  async #explained<T>(find: () => Promise<T>): Promise<T> {
    const { registry, project } = this.runtime;
    return await find().catch(async (error: unknown) => {
      throw await explainUnsupported(registry, project, error);
    });
  }

  /** What is asked for, with the definitions of the versions that are meant: of the active ones where no version is named. */
  async resolve<A extends Asked>(asked: A, purpose: "training" | "serving"): Promise<A> {
    const registry = await this.registry();
    return resolveVersions(asked, { ...registry, others: await this.#loadOthers(asked) }, purpose);
  }

  /** The parts of the registry of projects whose views are asked for. */
  async #loadOthers(asked: Asked, reload = false): Promise<ReadonlyMap<string, RegistryView>> {
    const projects = projectsOf(asked);
    const { registry, clock } = this.runtime;
    const others = new Map<string, RegistryView>();
    for (const project of projects) {
      const cache = this.#otherCaches.get(project) ?? new RegistryCache(project, registry, () => clock.nowUs());
      this.#otherCaches.set(project, cache);
      others.set(project, cache.fresh !== null && !reload ? cache.fresh : await cache.load(reload));
    }
    return others;
  }

  /** Labels by their names: of the definition files where they have them, else of the registry. */
  async labels(names: readonly string[]): Promise<readonly LabelModel[]> {
    const defined = (await this.definitions()).labels ?? [];
    return await Promise.all(
      names.map(async (name) => {
        const found = defined.find((l) => l.name === name) ?? (await this.registry()).models.labels.get(name);
        if (found !== undefined) return found;
        const known = [...new Set([...defined.map((l) => l.name), ...(await this.registry()).models.labels.keys()])].sort();
        throw new AsofError(
          "ASOF_OBJECT_UNKNOWN",
          `No label "${name}" is defined or registered. There are: ${known.join(", ") || "none"}.`,
          {
            path: name,
            value: name,
            fix: `${didYouMean(name, known)}Fix the name, or define it with label(…).`,
          },
        );
      }),
    );
  }

  /**
   * What apply would do. Throws ASOF_DEFINITION_INVALID with every fault of the definitions, and of the sources that they name
   * unless `skipSourceValidation`.
   */
  async plan(options: PlanOptions & SourceValidation = {}): Promise<Plan> {
    const definitions = await this.definitions();
    throwIssues(validateRepository(definitions));
    throwIssues(checkOnline(this.runtime.online, definitions));
    if (options.skipSourceValidation !== true) {
      throwIssues(await checkSources(this.runtime.offline, definitions, { signal: options.signal }));
    }
    const snapshot = await snapshotForPlan(this.runtime.registry, this.runtime.project, definitions);
    return planChanges(snapshot, definitions, this.repositoryName, { nowUs: this.runtime.clock.nowUs(), ...options });
  }

  /** Carries out a plan made by {@link plan}. ASOF_REGISTRY_CONFLICT when the registry moved on in between. */
  async apply(plan: Plan): Promise<"applied" | "unchanged"> {
    const outcome = await applyPlan(this.runtime.registry, plan, this.runtime.clock);
    this.#cache.invalidate();
    if (outcome.status !== "conflict") {
      if (outcome.status === "applied") await this.#prepareOnline();
      return outcome.status;
    }
    throw new AsofError("ASOF_REGISTRY_CONFLICT", "Another process applied something after this plan was made; nothing was changed.", {
      path: this.runtime.project,
      fix: "Run it again: it will be planned anew.",
    });
  }

  /** For readers beside asof, who may ask for a view before its first row is stored. */
  async #prepareOnline(): Promise<void> {
    const { online } = this.runtime;
    if (online.prepare === undefined) return;
    const registry = await this.registry(true);
    const versions = [...registry.versions.values()].flatMap((kept) => [...kept.values()]);
    try {
      await online.prepare(versions.flatMap((version) => (version.model.form === "plain" ? [version.online] : [])));
    } catch (error) {
      if (!(error instanceof AsofError)) throw error;
      const { code, path, value, fix } = error;
      throw new AsofError(code, `The definitions are applied. The online store has no place for new views yet: ${sentenceOf(error)}`, {
        path: path ?? "online_store",
        value,
        fix: `${fix ?? ""} Materialize then, which makes it.`.trim(),
      });
    }
  }

  /** What a retrieval works with; `asked`: what may use views of other projects. */
  async historicalContext(asked: Asked = []): Promise<HistoricalContext> {
    // Others may have erased a key a moment ago: what is computed here may be kept for ever.
    const registry = await this.registry(true);
    const others = await this.#loadOthers(asked, true);
    const ownerOf = (project: string | undefined): RegistryView | undefined => (project === undefined ? registry : others.get(project));
    return {
      erasures: await this.#erasuresOf(registry),
      otherErasures: await this.#erasuresOfAll(others),
      project: this.runtime.project,
      offline: this.runtime.offline,
      handoverOf: (source, project) => ownerOf(project)?.handoverOf(source) ?? null,
      firstIngestOf: (source, project) => ownerOf(project)?.firstIngestOf(source) ?? null,
      servedOf: (view) => registry.views.get(view)?.model,
      nowUs: () => this.runtime.clock.nowUs(),
    };
  }

  async planHistorical(query: HistoricalQuery): Promise<PlannedRetrieval> {
    return planHistorical(await this.historicalContext(query.asked), { ...query, asked: await this.resolve(query.asked, "training") });
  }

  async getHistorical(query: HistoricalQuery): Promise<HistoricalResult> {
    return runHistorical(await this.historicalContext(query.asked), await this.planHistorical(query), query);
  }

  /** Answers a request at `atUs` (UTC µs; default: now). */
  async getOnline(asked: Asked, entities: readonly EntityRow[], atUs?: number): Promise<OnlineAnswer> {
    return await this.answerOnline(asked, entities, atUs);
  }

  /** {@link getOnline}, at once where nothing has to be waited for: the registry is fresh, and the store answers at once. May throw at once. */
  answerOnline(asked: Asked, entities: readonly EntityRow[], atUs?: number): MaybePromise<OnlineAnswer> {
    const tUs = atUs ?? this.runtime.clock.nowUs();
    const ready = this.#readyFor(asked);
    if (ready === null) return this.#answerLater(asked, entities, tUs);
    try {
      const answer = ready.program.run(this.runtime.online, entities, tUs);
      if (!(answer instanceof Promise)) return this.#count(answer);
      return answer.then(
        (read) => this.#count(read),
        (error) => this.#answerAnew(error, asked, entities, tUs),
      );
    } catch (error) {
      return this.#answerAnew(error, asked, entities, tUs);
    }
  }

  async #answerLater(asked: Asked, entities: readonly EntityRow[], tUs: number): Promise<OnlineAnswer> {
    const { program } = await this.#prepare(asked, false);
    try {
      return this.#count(await program.run(this.runtime.online, entities, tUs));
    } catch (error) {
      return await this.#answerAnew(error, asked, entities, tUs);
    }
  }

  /** After an error: another process may have written with a schema that this registry version does not know yet. */
  async #answerAnew(error: unknown, asked: Asked, entities: readonly EntityRow[], tUs: number): Promise<OnlineAnswer> {
    if (!(error instanceof AsofError) || error.code !== "ASOF_SCHEMA_UNKNOWN") throw error;
    const { program } = await this.#prepare(asked, true);
    return this.#count(await program.run(this.runtime.online, entities, tUs));
  }

  async materialize(request: MaterializeRequest): Promise<MaterializeOutcome> {
    await this.#releaseAll();
    try {
      return await materialize(this.runtime, request);
    } finally {
      this.#cache.invalidate();
    }
  }

  /** An incremental run up to now; one that ended early is finished first. */
  async materializeToNow(request: MaterializeToNowRequest): Promise<MaterializeOutcome> {
    await this.#releaseAll();
    try {
      return await materializeToNow(this.runtime, request);
    } finally {
      this.#cache.invalidate();
    }
  }

  async push(request: PushRequest): Promise<PushCounts> {
    await this.#releaseAll();
    const counts = await pushRows(this.runtime, request);
    this.#cache.invalidate();
    return counts;
  }

  /** Makes a version of a view the active one: see `activateVersion` of core. */
  async activate(view: string, version: number | null, options: ActivateOptions = {}): Promise<ActivateOutcome> {
    try {
      return await activateVersion(this.runtime, view, version, options);
    } finally {
      this.#cache.invalidate();
    }
  }

  /** Gives up a version of a view: see `dropVersion` of core. */
  async dropVersion(view: string, version: number): Promise<DroppedVersion> {
    try {
      return await dropVersion(this.runtime, view, version);
    } finally {
      this.#cache.invalidate();
    }
  }

  /** Erases an entity key: see `deleteEntity` of core. */
  async deleteEntity(request: DeleteRequest): Promise<DeletionReport> {
    try {
      return await deleteEntity(this.runtime, request);
    } finally {
      this.#cache.invalidate();
    }
  }

  /** Lets rows of an erased key that are still to come count again. */
  async liftErasure(entity: Readonly<Record<string, unknown>>): Promise<Erasure> {
    try {
      return await liftErasure(this.runtime, entity);
    } finally {
      this.#cache.invalidate();
    }
  }

  /** Computes the figures of a view's values and keeps them. */
  computeStatistics(request: ComputeStatisticsRequest): Promise<readonly KeptStatistics[]> {
    return computeStatistics(this.runtime, request);
  }

  listStatistics(request: ListStatisticsRequest): Promise<readonly KeptStatistics[]> {
    return listStatistics(this.runtime, request);
  }

  /** Records a saved training set: what it was made from, and by which retrieval. */
  async recordTrainingSet({ request: plan, join }: PlannedRetrieval, path: string, rows: number, service: string | null): Promise<void> {
    const { registry, project, clock } = this.runtime;
    const to = lineageNode.trainingSet(path);
    const details = { rows, service };
    const from = new Set(plan.outputs.map((output) => lineageNode.feature(viewNameOf(plan, output), output.feature.name)));
    for (const { view, label } of join.views)
      if (label !== undefined) for (const column of view.features) from.add(lineageNode.label(view.name, column.name));
    if (service !== null) from.add(lineageNode.service(service));
    const recordedAtUs = clock.nowUs();
    await registry.addLineage([...from].map((node) => ({ project, from: node, to, recordedBy: "retrieval", recordedAtUs, details })));
  }

  async compareParity(request: ParityRequest, readOnline?: Parameters<typeof compareParity>[2]): Promise<ParityReport> {
    const read = readOnline ?? ((entities: readonly EntityRow[], atUs: number) => this.getOnline(request.asked, entities, atUs));
    const asked = await this.resolve(request.asked, "training");
    return compareParity(await this.historicalContext(asked), { ...request, asked }, read);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  #count(answer: OnlineAnswer): OnlineAnswer {
    this.#incompleteReads += answer.incompleteCount;
    return answer;
  }

  /** The erasures of a registry version, made ready once; null, at no cost, where there are none. */
  #erasuresOf(registry: RegistryView): null | Promise<Erasures | null> {
    if (registry.erasures.length === 0) return null;
    const known = this.#erasures.get(registry);
    if (known !== undefined) return known;
    const opened = openErasures(registry.project, registry.erasures, this.runtime.erasureSecret);
    this.#erasures.set(registry, opened);
    // Whoever waits for it is told; a later version, or the next look, tries again.
    opened.catch(() => this.#erasures.delete(registry));
    return opened;
  }

  /** Those of other projects: what an owner erased is erased for all who use its views. */
  async #erasuresOfAll(others: ReadonlyMap<string, RegistryView>): Promise<ReadonlyMap<string, Erasures>> {
    const found = new Map<string, Erasures>();
    for (const [project, other] of others) {
      const erasures = await this.#erasuresOf(other);
      if (erasures !== null) found.set(project, erasures);
    }
    return found;
  }

  /** What was compiled for the registry that is still fresh, where a request needs nothing else: most do. */
  #readyFor(asked: Asked): CompiledRequest | null {
    const registry = this.#cache.fresh;
    if (registry === null || registry !== this.#compiledFor) return null;
    if (registry.heldDueUs.size > 0 || registry.erasures.length > 0) return null;
    const known = this.#compiledServices.get(asked);
    return known !== undefined && known.others.size === 0 ? known : null;
  }

  /** Compiles a request for the registry as it is known, with held-back rows that are due written, or for the reloaded one. */
  async #prepare(asked: Asked, reload: boolean): Promise<CompiledRequest> {
    const registry = await this.#cache.load(reload);
    const others = await this.#loadOthers(asked, reload);
    if (!reload) {
      for (const view of [registry, ...others.values()]) if (view.heldDueUs.size > 0) await this.#release(view);
    }
    const erasures = await this.#erasuresOf(registry);
    return this.#compile(asked, { registry, others, erasures, otherErasures: await this.#erasuresOfAll(others) });
  }

  #compile(asked: Asked, { registry, others, erasures, otherErasures }: CompiledFor): CompiledRequest {
    if (this.#compiledFor !== registry) {
      this.#compiledFor = registry;
      this.#compiledServices = new WeakMap();
    }
    const known = this.#compiledServices.get(asked);
    // Every version of another project's part is another object, as of the own part.
    if (known !== undefined && [...known.others].every(([project, other]) => others.get(project) === other)) return known;
    // Answers are grouped by view, so that features of one name in two views are no collision.
    const served = { ...registry, others };
    const plan = planRequest(resolveVersions(asked, served, "serving"), { fullFeatureNames: true });
    const { online, settings } = this.runtime;
    const rules = { erasures, otherErasures, compatibility: settings.feastCompatibility };
    const compiled = { plan, program: compileOnline(plan, served, online.keys, rules), others };
    this.#compiledServices.set(asked, compiled);
    return compiled;
  }

  async #releaseAll(): Promise<void> {
    await this.#release(await this.#cache.load(true));
  }

  /** Writes held-back rows of the project, or of another one, that have become due. */
  async #release(registry: RegistryView): Promise<void> {
    const runtime = { ...this.runtime, project: registry.project };
    const nowUs = this.runtime.clock.nowUs();
    for (const [name, dueUs] of registry.heldDueUs) {
      if (dueUs > nowUs + this.runtime.settings.maxFutureSkewUs) continue;
      // Nothing is fed by a source that was deleted meanwhile.
      if (registry.models.sources.get(name)?.type !== "push") continue;
      const source = pushSource(registry, name);
      await releaseHeldRows(runtime, source, (rows) => writeViews(runtime, registry, source, rows));
      this.#cache.invalidate();
      this.#otherCaches.get(registry.project)?.invalidate();
    }
  }
}

/** The view of an output as lineage names it: by its version where that was asked for, and by its owner where that is another project. */
function viewNameOf(plan: RequestPlan, output: RequestPlan["outputs"][number]): string {
  const stored = output.from === "stored" ? plan.stored[output.index] : undefined;
  const view = stored?.view ?? plan.computed[output.index]?.view;
  assert(view !== undefined, `output ${output.flatName} has no view`);
  return stored === undefined ? view.name : printUsed(stored);
}

/** One fault as itself, several as a list: every one with its path and fix. */
export function throwIssues(issues: readonly Issue[]): void {
  const [first] = issues;
  if (first === undefined) return;
  if (issues.length === 1) {
    throw new AsofError(first.code, first.message, { path: first.path, value: first.value, fix: first.fix, issues });
  }
  const lines = issues.map((issue) => `\n  ${issue.path}: [${issue.code}] ${issue.message} ${issue.fix}`);
  throw new AsofError("ASOF_DEFINITION_INVALID", `${issues.length} faults in the definitions:${lines.join("")}`, { issues });
}

/**
 * `project/view@v1:feature` texts as references: one per view and version in order of first use, features in order. A text without a
 * feature means all of them; the first colon splits. The project is named for views that another one owns and shares.
 */
async function groupReferences(
  texts: readonly string[],
  defined: (name: string) => ViewModel | undefined,
  registry: () => Promise<RegistryView>,
  ownProject: string,
): Promise<readonly ViewReference[]> {
  const wanted = new Map<string, string[] | null>();
  for (const text of texts) {
    const colon = text.indexOf(":");
    const used = colon === -1 ? text : text.slice(0, colon);
    const known = wanted.get(used);
    if (colon === -1) wanted.set(used, null);
    else if (known === undefined) wanted.set(used, [text.slice(colon + 1)]);
    else known?.push(text.slice(colon + 1));
  }
  const references: ViewReference[] = [];
  for (const [used, features] of wanted) {
    const { project, view: viewName, version } = parseUsed(used);
    const name = version === null ? viewName : printVersion(viewName, version);
    const rest = { name, features, keys: {}, maxAgeUs: null, ...(version === null ? {} : { version }) };
    if (project !== null && project !== ownProject) {
      references.push({ ...rest, view: foreignView(viewName), project });
      continue;
    }
    const view = defined(viewName) ?? (await registry()).models.views.get(viewName);
    if (view === undefined) return refuseView(viewName, registry);
    if (version !== null) references.push({ ...rest, view: keptVersion(await registry(), viewName, version).model });
    else references.push({ ...rest, view: features === null ? activeOf(view, await registry()) : view });
  }
  return references;
}

/** All features of a view are those of its active version, unless its definition was changed and not applied. */
function activeOf(view: ViewModel, registry: RegistryView): ViewModel {
  const registered = registry.models.views.get(view.name);
  const active = registry.views.get(view.name)?.model;
  if (registered === undefined || active === undefined || active === registered) return view;
  return encodeDefinition(view).dataFingerprint === encodeDefinition(registered).dataFingerprint ? active : view;
}

async function refuseView(name: string, registry: () => Promise<RegistryView>): Promise<never> {
  if ((await registry()).models.labels.has(name)) refuseLabel(name, name);
  refuseVersionText(await registry(), name);
  const names = [...(await registry()).models.views.keys()].sort();
  throw new AsofError(
    "ASOF_FEATURE_UNKNOWN",
    `No feature view "${name}" is defined or registered. There are: ${names.join(", ") || "none"}.`,
    {
      path: name,
      value: name,
      fix: `${didYouMean(name, names)}Fix the reference, or define the view and run \`asof apply\`.`,
    },
  );
}
