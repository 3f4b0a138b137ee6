import { isEmptied } from "../aggregate/state-codec.ts";
import { compileWindowedView } from "../aggregate/window-program.ts";
import type { LabelModel, PlainViewModel, SourceModel, WindowedViewModel } from "../definition/model.ts";
import { forgetRetired } from "../registry/retired.ts";
import { versionOf } from "../registry/view-state.ts";
import { printVersion } from "../registry/view-version.ts";
import { compileViewKey, keyCodecOf, keyPartsOf } from "../store/key-codec.ts";
import type { KeyValue, LogErasureReport, RunOptions } from "../store/offline.ts";
import type { KeyBytes, OnlineStore, OnlineView } from "../store/online.ts";
import { rowSchema } from "../store/row-schema.ts";
import { valueFromText } from "../value/json.ts";
import { normalizeValue } from "../value/normalize.ts";
import type { Value, ValueType } from "../value/type.ts";
import { isOver, planRows, screenRows } from "./erased-rows.ts";
import type { Erasures } from "./erasures.ts";
import { countHeldRows, rewriteHeldRows } from "./held-rows.ts";
import { staticEventTimeUs } from "./materialize-plain.ts";
import { type RegistryView, refreshUs } from "./registry-view.ts";
import type { Runtime } from "./runtime.ts";
import { updateStates } from "./update-states.ts";

/** An entity key by the names of its parts. */
export interface EntityKey {
  readonly names: readonly string[];
  readonly values: readonly Value[];
}

/** What one generation of a view had of a key. */
export interface OnlineRemoval {
  readonly view: string;
  readonly generation: number;
  readonly isWindowed: boolean;
  readonly rows: number;
  readonly states: number;
}

/** What was found of a key in what asof owns, and, unless counting was all that was wanted, removed. */
export interface KeyRemoval {
  readonly online: readonly OnlineRemoval[];
  readonly heldRows: readonly { readonly source: string; readonly rows: number }[];
  readonly logs: readonly ({ readonly source: string } & LogErasureReport)[];
}

export interface RemoveOptions extends RunOptions {
  /** Rows and events up to then (and what the clock may be behind) cannot come back by writers that do not know of the erasure. */
  readonly nowUs: number;
  readonly dryRun: boolean;
  /** Called before each step with what it is about to look at. */
  readonly onStep?: ((step: string) => void) | undefined;
}

/** Removes a key from rows held back, from online rows and states of every generation, and from offline logs. Doing it twice is fine. */
export async function removeKey(runtime: Runtime, registry: RegistryView, key: EntityKey, options: RemoveOptions): Promise<KeyRemoval> {
  const erasures = erasuresOfKey(key);
  const heldRows: { source: string; rows: number }[] = [];
  for (const source of sourcesOf(registry)) {
    if (source.type !== "push" || !registry.heldDueUs.has(source.name)) continue;
    options.onStep?.(`rows of ${source.name} held back`);
    const views = modelsOver(registry, source);
    const screen = (rows: Parameters<typeof screenRows>[3]) => screenRows(erasures, source, views, rows);
    const rows = options.dryRun ? await countHeldRows(runtime, source, screen) : await rewriteHeldRows(runtime, source, screen);
    if (rows > 0) heldRows.push({ source: source.name, rows });
  }
  const online: OnlineRemoval[] = [];
  for (const stored of storedViews(registry)) {
    if (!isOver(keyNames(stored.model), key.names)) continue;
    options.signal?.throwIfAborted();
    options.onStep?.(`online ${printVersion(stored.online.view, versionOf(stored.online.generation))}`);
    online.push(await removeOnline(runtime, stored, key, options));
    // An extreme or a rare value may be the key's own. What is computed from now on leaves it out.
    if (!options.dryRun) await runtime.registry.deleteStatistics({ project: runtime.project, view: stored.online.view });
  }
  // Afterwards, so that the report has what was stored there of the key.
  if (!options.dryRun) await emptyRetired(runtime, registry, options.nowUs);
  return { heldRows, online, logs: await removeFromLogs(runtime, registry, key, options) };
}

/**
 * Empties what nobody reads any more: generations that were retired a while ago, and those of deleted views, whose keys nobody can tell. A
 * generation retired just now may still be read; of it the key alone is removed.
 */
async function emptyRetired(runtime: Runtime, registry: RegistryView, nowUs: number): Promise<void> {
  const schema = rowSchema([]);
  for (const [view, state] of registry.states) {
    const isRead = !state.deleted && state.retiredAtUs !== null && nowUs - state.retiredAtUs < 2 * refreshUs;
    if (isRead || state.retiredGenerations.length === 0) continue;
    const { project } = runtime;
    for (const generation of state.retiredGenerations) {
      await runtime.online.truncate({ project, view, generation, schema, schemas: new Map() });
    }
    await forgetRetired(runtime.registry, { project, view, generations: state.retiredGenerations }, runtime.clock);
  }
}

/** A generation of a stored view that may have data. */
export interface StoredView {
  readonly model: PlainViewModel | WindowedViewModel;
  readonly online: OnlineView;
  /** Nobody reads or writes it any more, and it is emptied later. */
  readonly isRetired: boolean;
}

/** Every generation of every registered view: those kept as versions, and retired ones. */
function storedViews(registry: RegistryView): readonly StoredView[] {
  return [...registry.versions].flatMap(([name, versions]): StoredView[] => {
    const kept = [...versions.values()];
    const [some] = kept;
    if (some === undefined) return [];
    const definitions = registry.retiredOf(name);
    const retired = registry.states.get(name)?.retiredGenerations ?? [];
    return [
      ...kept.map(({ model, online }) => ({ model, online, isRetired: false })),
      ...retired.map((generation) => ({
        model: definitions.get(generation) ?? some.model,
        online: { ...some.online, generation },
        isRetired: true,
      })),
    ];
  });
}

export function keyNames(model: Pick<PlainViewModel | WindowedViewModel | LabelModel, "entities">): readonly string[] {
  return model.entities.flatMap((e) => e.keys.map((k) => k.name));
}

/** A key as the one erasure there is, which needs no secret. Values are the same where their texts are, as in an erasure's hash. */
function erasuresOfKey({ names, values }: EntityKey): Erasures {
  const wanted = values.map(textOf);
  const check = (own: readonly Value[]) => (own.every((value, i) => value !== null && textOf(value) === wanted[i]) ? Infinity : null);
  return {
    signature: "",
    groups: [{ names, check }],
    checkOf: (all) => {
      if (!isOver(all, names)) return null;
      const places = names.map((name) => all.indexOf(name));
      return (own) => check(places.map((place) => own[place] ?? null));
    },
  };
}

function textOf(value: Value): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value);
}

async function removeOnline(runtime: Runtime, stored: StoredView, key: EntityKey, options: RemoveOptions): Promise<OnlineRemoval> {
  let rows = 0;
  let states = 0;
  for await (const keys of keysOf(runtime.online, stored, key)) {
    options.signal?.throwIfAborted();
    const counts = await countStored(runtime.online, stored, keys);
    rows += counts.rows;
    states += counts.states;
    if (!options.dryRun) await eraseOnlineKeys(runtime, stored, keys, options.nowUs);
  }
  const { view, generation } = stored.online;
  return { view, generation, isWindowed: stored.model.form === "windowed", rows, states };
}

/** Raises what keeps rows of an erased key out to now: from now on only later ones can come. For {@link liftErasure}, before it takes effect. */
export async function eraseLifted(runtime: Runtime, registry: RegistryView, key: EntityKey): Promise<void> {
  for (const stored of storedViews(registry)) {
    if (!isOver(keyNames(stored.model), key.names)) continue;
    for await (const keys of keysOf(runtime.online, stored, key)) await eraseOnlineKeys(runtime, stored, keys, runtime.clock.nowUs());
  }
}

/**
 * The key's bytes where the view has no other parts, also when nothing is stored under them; else, and in retired generations, every stored
 * key that includes it.
 */
async function* keysOf(
  online: OnlineStore,
  { model, online: view, isRetired }: StoredView,
  key: EntityKey,
): AsyncGenerator<readonly KeyBytes[]> {
  const columns = keyPartsOf(model);
  if (columns.length === key.names.length && !isRetired) {
    const bytes = compileViewKey(online.keys, model)(columns.map((c) => typedValue(c.type, key, c.name)));
    if (bytes !== null) yield [bytes];
    return;
  }
  const decode = keyCodecOf(online.keys, model).decoder(columns);
  const check = erasuresOfKey(key).checkOf(columns.map((c) => c.name));
  for await (const page of online.listKeys(view)) {
    const own = page.filter((bytes) => check?.(decode(bytes)) !== null);
    if (own.length > 0) yield own;
  }
}

/** The same key may be a number in one entity and text in another. */
function typedValue(type: ValueType, { names, values }: EntityKey, name: string): Value {
  const value = values[names.indexOf(name)] ?? null;
  if (type.kind === "string") return textOf(value);
  return typeof value === "string" ? valueFromText(type, value, name) : normalizeValue(type, false, value, name);
}

async function countStored(online: OnlineStore, { model, online: view, isRetired }: StoredView, keys: readonly KeyBytes[]) {
  // The schemas of a retired generation are forgotten: its values cannot be read, only found.
  if (isRetired) return model.form === "plain" ? { rows: keys.length, states: 0 } : { rows: 0, states: keys.length };
  const [result] = await online.read([model.form === "plain" ? { form: "row", view, features: [], keys } : { form: "state", view, keys }]);
  return {
    rows: result?.form === "row" ? result.rows.filter((row) => row !== null).length : 0,
    states: result?.form === "state" ? result.states.filter((state) => state !== null && !isEmptied(state)).length : 0,
  };
}

/** Puts tombstones in place of rows and empties states, so that nothing up to the time (and what clocks may be behind) is taken in again. */
export async function eraseOnlineKeys(runtime: Runtime, stored: StoredView, keys: readonly KeyBytes[], nowUs: number): Promise<void> {
  const { model, online } = stored;
  const toUs = nowUs + runtime.settings.maxFutureSkewUs;
  if (stored.isRetired) return runtime.online.deleteKeys(online, keys);
  if (model.form === "windowed") {
    const program = compileWindowedView(model, online);
    await updateStates(
      runtime.online,
      online,
      program,
      keys.map((key) => ({ key, update: (state) => program.erase(state, toUs) })),
    );
    return;
  }
  // Rows of a static source are ordered by when they were read.
  const isStatic = model.source.eventTime === null;
  const times = isStatic ? { eventTimeUs: staticEventTimeUs, createdTimeUs: nowUs } : { eventTimeUs: toUs, createdTimeUs: latestUs };
  await runtime.online.putTombstones(
    online,
    keys.map((key) => ({ key, ...times })),
  );
}

/** A created time later than every other. */
const latestUs = Number.MAX_SAFE_INTEGER;

async function removeFromLogs(
  runtime: Runtime,
  registry: RegistryView,
  key: EntityKey,
  options: RemoveOptions,
): Promise<KeyRemoval["logs"]> {
  const logs: KeyRemoval["logs"][number][] = [];
  for (const source of sourcesOf(registry)) {
    if (source.type !== "push") continue;
    options.signal?.throwIfAborted();
    options.onStep?.(`log of ${source.name}`);
    const views = modelsOver(registry, source);
    const { signal, dryRun } = options;
    const report = await runtime.offline.eraseLog(
      { project: runtime.project, source },
      { key: keyParts(registry, source, key), ...planRows(views, key.names) },
      { signal, dryRun },
    );
    if (report.files > 0 || report.kept > 0) logs.push({ source: source.name, ...report });
  }
  return logs;
}

/** Every kept version of the views over a source. */
export function modelsOver(registry: RegistryView, source: SourceModel): readonly (PlainViewModel | WindowedViewModel)[] {
  return keptModels(registry).filter((model) => model.source.name === source.name);
}

function keptModels(registry: RegistryView): readonly (PlainViewModel | WindowedViewModel)[] {
  return [...registry.versions.values()].flatMap((versions) => [...versions.values()].map((view) => view.model));
}

/** The registered sources, and those that only older versions of views still read. */
export function sourcesOf(registry: RegistryView): readonly SourceModel[] {
  const older = keptModels(registry).map((model) => [model.source.name, model.source] as const);
  return [...new Map([...older, ...registry.models.sources]).values()];
}

/** Whether a source has a column of that name for all that is known of it: a view's or label's key, or a declared column. */
export function isKeyColumn(registry: RegistryView, source: SourceModel, name: string): boolean {
  const keyed = [...modelsOver(registry, source), ...labelsOver(registry, source)];
  return keyed.some((model) => keyNames(model).includes(name)) || source.columns.some((c) => c.name === name);
}

/** The labels over a source. */
export function labelsOver({ models }: RegistryView, source: SourceModel): readonly LabelModel[] {
  return [...models.labels.values()].filter((label) => label.source.name === source.name);
}

/** The key as columns of a source, in the types that its views or it itself give them. */
export function keyParts(registry: RegistryView, source: SourceModel, key: EntityKey): readonly KeyValue[] {
  const columns = [
    ...[...modelsOver(registry, source), ...labelsOver(registry, source)].flatMap((model) => model.entities.flatMap((e) => e.keys)),
    ...source.columns,
    ...[...registry.models.entities.values()].flatMap((e) => e.keys),
  ];
  return key.names.map((name) => {
    const type = columns.find((c) => c.name === name)?.type ?? { kind: "string" as const };
    return { name, type, value: typedValue(type, key, name) };
  });
}
