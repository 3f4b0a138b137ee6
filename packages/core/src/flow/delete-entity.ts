import { AsofError } from "../error/error.ts";
import { decodeErasure, type Erasure, encodeErasure, erasureIdOf, secretIdOf } from "../registry/erasure.ts";
import { updateState } from "../registry/update-state.ts";
import { columnsOfFeature } from "../registry/used-columns.ts";
import type { RunOptions } from "../store/offline.ts";
import { type EntityKey, eraseLifted, type KeyRemoval, keyNames, modelsOver, removeKey, sourcesOf } from "./erase-key.ts";
import { planRows } from "./erased-rows.ts";
import { requireSecret } from "./erasures.ts";
import { type OpenJob, openJob } from "./jobs.ts";
import { type RegistryView, viewRegistry } from "./registry-view.ts";
import { resolveEntityKey } from "./resolve-entity-key.ts";
import type { Runtime } from "./runtime.ts";
import { findHoldings, type SourceHolding } from "./source-holdings.ts";

/** The kind of its jobs. */
const deleteKind = "delete";

export interface DeleteRequest extends RunOptions {
  /** The parts of an entity's key by name, of one entity or of several together. */
  readonly entity: Readonly<Record<string, unknown>>;
  /** Counts what is there and touches nothing. */
  readonly dryRun?: boolean | undefined;
  /** Called before each step with what is looked at. */
  readonly onStep?: ((step: string) => void) | undefined;
}

/** What was removed where, and who else has it. The key itself is not part of it. */
export interface DeletionReport extends KeyRemoval {
  /** The erasure's id; null in a dry run before the first erasure. */
  readonly id: string | null;
  /** Names of the key's parts. */
  readonly keys: readonly string[];
  readonly dryRun: boolean;
  /** When it was erased; null in a dry run of a key that is not. */
  readonly erasedAtUs: number | null;
  readonly jobId: string | null;
  /** Whether it went on where an earlier run had ended. */
  readonly resumed: boolean;
  /** Sources that asof reads and does not own which still have rows of the key. */
  readonly stillHeld: readonly SourceHolding[];
  /** Views that read the key as a value of rows whose key was cleared in the log: recreate them. */
  readonly toRecreate: readonly string[];
}

/**
 * Erases an entity key. From the moment the erasure is registered no ingest takes it in and no retrieval shows it; then what asof has of it
 * is removed. Runs as a job that holds the key's hash only; a run after a crash goes on, and one more changes nothing.
 */
export async function deleteEntity(runtime: Runtime, request: DeleteRequest): Promise<DeletionReport> {
  const registry = await load(runtime);
  const key = resolveEntityKey(registry, request.entity);
  if (request.dryRun === true) return dryRun(runtime, registry, key, request);
  const secret = await secretFor(runtime, registry);
  const id = idOf(secret, runtime, key);
  const job = await openJob(runtime, deleteKind, { id, keys: [...key.names].sort() });
  try {
    const erasure = await register(runtime, id, key, secretIdOf(secret));
    // Definitions may have changed since; and from here on the registry of now has the erasure.
    const current = await load(runtime);
    const nowUs = runtime.clock.nowUs();
    const options = { nowUs, dryRun: false, signal: request.signal, onStep: request.onStep };
    const removal = addEarlier(job, await removeKey(runtime, current, key, options));
    await record(job, removal);
    request.onStep?.("sources of others");
    const stillHeld = await findHoldings(runtime, current, key, request);
    await job.finish("succeeded", null);
    const toRecreate = viewsReadingKey(current, key, removal);
    const { erasedAtUs } = erasure;
    return { id, keys: key.names, dryRun: false, erasedAtUs, jobId: job.id, resumed: job.resumed, ...removal, stillHeld, toRecreate };
  } catch (error) {
    if (request.signal?.aborted === true) {
      await job.finish("interrupted", null);
      throw new AsofError("ASOF_INTERRUPTED", "The deletion was ended; the key stays erased, and some of its data may still be stored.", {
        fix: "Run the same command again to go on.",
        cause: error,
      });
    }
    await job.finish("failed", error instanceof AsofError ? error.code : "an unexpected error");
    throw error;
  }
}

async function dryRun(runtime: Runtime, registry: RegistryView, key: EntityKey, request: DeleteRequest): Promise<DeletionReport> {
  const secret = registry.erasures.length === 0 ? null : await requireSecret(registry.erasures, runtime.erasureSecret);
  const id = secret === null ? null : idOf(secret, runtime, key);
  const known = registry.erasures.find((erasure) => erasure.id === id && erasure.untilUs === null);
  const { signal, onStep } = request;
  const removal = await removeKey(runtime, registry, key, { nowUs: runtime.clock.nowUs(), dryRun: true, signal, onStep });
  const stillHeld = await findHoldings(runtime, registry, key, request);
  const toRecreate = viewsReadingKey(registry, key, removal);
  const erasedAtUs = known?.erasedAtUs ?? null;
  return { id, keys: key.names, dryRun: true, erasedAtUs, jobId: null, resumed: false, ...removal, stillHeld, toRecreate };
}

/** Rows of the key count again from now on: those whose event time is still to come. What was before stays erased for ever. */
export async function liftErasure(runtime: Runtime, entity: Readonly<Record<string, unknown>>): Promise<Erasure> {
  const registry = await load(runtime);
  const key = resolveEntityKey(registry, entity);
  const secret = await secretFor(runtime, registry);
  const id = idOf(secret, runtime, key);
  if (!registry.erasures.some((erasure) => erasure.id === id && erasure.untilUs === null)) refuseLift(key);
  await eraseLifted(runtime, registry, key);
  const spec = await updateState(
    runtime.registry,
    recordKey(runtime, id),
    (before) => {
      const erasure = before === null ? refuseLift(key) : decodeErasure(id, before);
      // Nothing later than this can have been read and left out before.
      const untilUs = runtime.clock.nowUs() + runtime.settings.maxFutureSkewUs + 1;
      return encodeErasure(erasure.untilUs === null ? { ...erasure, untilUs } : erasure);
    },
    runtime.clock,
  );
  return decodeErasure(id, spec);
}

/** Registered erasures, the newest first. */
export async function listErasures(runtime: Runtime): Promise<readonly Erasure[]> {
  return (await load(runtime)).erasures.toSorted((a, b) => b.erasedAtUs - a.erasedAtUs || (a.id < b.id ? -1 : 1));
}

/**
 * Gives up erasures whose secret is lost: nobody can tell any more which keys they mean. What they kept out may come back with the next
 * materialization, until the same keys are erased again. Returns how many.
 */
export async function forgetLostErasures(runtime: Runtime): Promise<number> {
  const registry = await load(runtime);
  const secret = (await runtime.erasureSecret?.load()) ?? null;
  const own = secret === null ? null : secretIdOf(secret);
  const lost = registry.erasures.filter((erasure) => erasure.secretId !== own);
  if (lost.length === 0) return 0;
  const changes = lost.map(({ id }) => ({ op: "delete" as const, ifRevision: null, ...recordKey(runtime, id) }));
  await runtime.registry.commit({ changes, ifDefinitionsVersion: null }, runtime.clock.nowUs());
  return lost.length;
}

async function load(runtime: Runtime): Promise<RegistryView> {
  return viewRegistry(runtime.project, await runtime.registry.snapshot(runtime.project));
}

/** The secret of the project, made with the first erasure. */
async function secretFor(runtime: Runtime, { erasures }: RegistryView): Promise<Uint8Array> {
  const source = runtime.erasureSecret;
  if (erasures.length > 0) return requireSecret(erasures, source);
  if (source !== undefined) return source.create();
  throw new AsofError("ASOF_ERASURE_KEY", "There is no place for the key with which erased keys are hashed.", {
    path: "erasure",
    fix: "Set erasure.key_file or erasure.key.",
  });
}

function idOf(secret: Uint8Array, { project }: Runtime, { names, values }: EntityKey): string {
  const id = erasureIdOf(secret, project, names, values);
  if (id !== null) return id;
  throw new AsofError("ASOF_VALUE_INVALID", "A part of the key is null: nobody has such a key.", {
    path: names.join(", "),
    value: null,
    fix: "Give a value for every part.",
  });
}

function recordKey({ project }: Runtime, id: string) {
  return { project, kind: "erasure" as const, name: id };
}

async function register(runtime: Runtime, id: string, { names }: EntityKey, secretId: string): Promise<Erasure> {
  const spec = await updateState(
    runtime.registry,
    recordKey(runtime, id),
    (before) => {
      const known = before === null ? null : decodeErasure(id, before);
      if (known !== null && known.untilUs === null) return encodeErasure(known);
      return encodeErasure({ id, keys: [...names].sort(), secretId, erasedAtUs: runtime.clock.nowUs(), untilUs: null });
    },
    runtime.clock,
  );
  return decodeErasure(id, spec);
}

/** What an earlier run of the same job had removed before it died counts too. */
function addEarlier(job: OpenJob, removal: KeyRemoval): KeyRemoval {
  const earlier = (step: string): number => job.progress(step).written;
  return {
    heldRows: removal.heldRows.map(({ source, rows }) => ({ source, rows: rows + earlier(`held ${source}`) })),
    online: removal.online.map((o) => ({
      ...o,
      rows: o.rows + (o.isWindowed ? 0 : earlier(`online ${o.view} ${o.generation}`)),
      states: o.states + (o.isWindowed ? earlier(`online ${o.view} ${o.generation}`) : 0),
    })),
    logs: removal.logs,
  };
}

async function record(job: OpenJob, { heldRows, online, logs }: KeyRemoval): Promise<void> {
  const steps = [
    ...heldRows.map(({ source, rows }) => [`held ${source}`, rows] as const),
    ...online.map((o) => [`online ${o.view} ${o.generation}`, o.rows + o.states] as const),
    ...logs.map(({ source, removed, cleared }) => [`log ${source}`, removed + cleared] as const),
  ];
  for (const [step, count] of steps) {
    await job.update(step, { ...job.progress(step), status: "done", done: 1, of: 1, rows: count, written: count });
  }
}

function viewsReadingKey(registry: RegistryView, key: EntityKey, { logs }: KeyRemoval): readonly string[] {
  const views = new Set<string>();
  for (const { source: name, cleared } of logs) {
    const source = sourcesOf(registry).find((s) => s.name === name);
    if (cleared === 0 || source === undefined) continue;
    const models = modelsOver(registry, source);
    const { clear } = planRows(models, key.names);
    for (const model of models) {
      const isOwn = key.names.every((part) => keyNames(model).includes(part));
      const used = new Set(model.features.flatMap(columnsOfFeature));
      if (!isOwn && clear.some((column) => used.has(column))) views.add(model.name);
    }
  }
  return [...views].sort();
}

function refuseLift({ names }: EntityKey): never {
  throw new AsofError("ASOF_OBJECT_UNKNOWN", `This key of ${names.join(", ")} is not erased.`, {
    path: names.join(", "),
    fix: "See `asof delete --list`.",
  });
}
