import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import {
  AsofError,
  type Clock,
  canonicalJson,
  decodeViewState,
  definitionKinds,
  type ModelsByName,
  printVersion,
  type Random,
  type RegistryChange,
  type RegistryRecord,
  systemClock,
  systemRandom,
  type ViewState,
  viewStateKey,
} from "@asof/core";
import {
  type Absorbed,
  type AbsorbInput,
  absorbFeast,
  descriptionOf,
  type FeastObject,
  type FeastUse,
  feastId,
  keptDefinition,
  knownModels,
  mirrorChanges,
  type UnsupportedObject,
} from "@asof/feast";
import { applyChange, listRecords, readRecord, readVersions, setMeta } from "./changes.ts";
import { text } from "./codec.ts";
import { packagedMigrations } from "./config.ts";
import {
  addVersion,
  bytesOf,
  damagedObject,
  kafkaOver,
  lastUpdatedUs,
  latestVersion,
  listNames,
  listObjects,
  putObject,
  touchProject,
  versionBytes,
} from "./feast-tables.ts";
import type { Prepare } from "./statistics.ts";

/** What a change replaces, by key. */
type Replaced = ReadonlyMap<string, RegistryRecord | null>;

interface HandedOut {
  readonly version: number;
  readonly definitionsVersion: number;
  /** What Feast changed and nobody wrote into asof's tables yet. */
  readonly signature: string;
}

/**
 * Feast's tables beside asof's own in one database. Triggers note what Feast writes; readers see it taken over in a transaction that is
 * rolled back, so that reading changes nothing, and the next writer takes it over for good. What asof writes reaches Feast's tables in the
 * same transaction.
 */
export class FeastSide {
  readonly #use: FeastUse;
  readonly #clock: Clock;
  readonly #random: Random;
  #handedOut: HandedOut | null = null;
  /** Projects of which Feast's tables hold something that cannot be read: nothing was taken over of them. */
  #damaged: ReadonlyMap<string, AsofError> = new Map();
  unsupported: ReadonlyMap<string, readonly UnsupportedObject[]> = new Map();

  constructor(use: FeastUse, clock: Clock = systemClock, random: Random = systemRandom) {
    this.#use = use;
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether Feast wrote something that asof's tables do not say yet. */
  isDirty(prepare: Prepare): boolean {
    if (!hasTable(prepare, "feature_views")) return false;
    return !isWatched(prepare) || prepare("SELECT 1 FROM registry_feast_changes LIMIT 1").get() !== undefined;
  }

  /** Makes what is missing of Feast's tables, and the triggers. The caller holds the write transaction. */
  prepareTables(database: DatabaseSync, prepare: Prepare): void {
    if (hasTable(prepare, "feature_views") && isWatched(prepare)) return;
    const isNew = !hasTable(prepare, "feature_views");
    const isUnwatched = !isNew;
    database.exec(readFileSync(join(packagedMigrations(), "feast_registry.sql"), "utf8"));
    // A database that only asof wrote: Feast gets all of it.
    if (isNew) this.#mirrorAll(prepare);
    if (isUnwatched) for (const { kind, project, name } of listNames(prepare, null)) noteChange(prepare, kind, project, name);
  }

  #mirrorAll(prepare: Prepare): void {
    const changes = listRecords(prepare, null).map((record): RegistryChange => ({ op: "put", ifRevision: null, ...record }));
    if (changes.length > 0) this.mirror(prepare, changes, new Map(), this.#clock.nowUs());
    this.settle(prepare);
  }

  /** Takes over what Feast wrote. The version counts up once if it says something new. */
  absorb(prepare: Prepare, isVirtual: boolean): void {
    const noted = prepare("SELECT kind, project, name FROM registry_feast_changes").all();
    const changed = new Set(noted.map((row) => JSON.stringify([text(row, "kind"), text(row, "project"), text(row, "name")])));
    const projects = new Set(noted.map((row) => text(row, "project")));
    const before = readVersions(prepare);
    const signatures: string[] = [];
    const unsupported = new Map(this.unsupported);
    let touchesDefinitions = false;
    const damaged = new Map<string, AsofError>();
    for (const project of projects) {
      const nowUs = lastUpdatedUs(prepare, project) ?? this.#clock.nowUs();
      const absorbed = this.#absorbed(prepare, project, changed);
      if (absorbed instanceof AsofError) {
        damaged.set(project, absorbed);
        continue;
      }
      unsupported.set(project, absorbed.unsupported);
      if (absorbed.changes.length > 0) signatures.push(canonicalJson(absorbed.changes.map((change) => ({ ...change }))));
      touchesDefinitions ||= absorbed.changes.some((change) => definitionKinds.includes(change.kind));
      for (const change of absorbed.changes) applyChange(prepare, change, before.version + 1, nowUs);
      const remove = prepare("DELETE FROM feature_lineage WHERE project = ? AND from_node = ? AND to_node = ? AND recorded_by = 'apply'");
      for (const { from, to } of absorbed.lineage.removed) remove.run(project, from, to);
      const insert = prepare("INSERT OR IGNORE INTO feature_lineage VALUES (?, ?, ?, 'apply', ?, ?)");
      for (const { from, to, details } of absorbed.lineage.added) insert.run(project, from, to, nowUs, canonicalJson(details));
    }
    this.unsupported = unsupported;
    this.#damaged = damaged;
    this.#number(prepare, before, signatures.join("\n"), touchesDefinitions, isVirtual);
  }

  /** What Feast changed of a project, or the error that names what of it cannot be read. */
  #absorbed(prepare: Prepare, project: string, changed: ReadonlySet<string>): Absorbed | AsofError {
    const input: Omit<AbsorbInput, "objects"> = {
      ...this.#use,
      project,
      records: listRecords(prepare, project),
      isOurs: (object) => !changed.has(feastId(object)),
      wasWritten: (kind, name) => changed.has(feastId({ kind, project, name })),
      latestVersion: (view) => latestVersion(prepare, project, view),
      versionBytes: (view, version) => versionBytes(prepare, project, view, version),
    };
    try {
      const objects = listObjects(prepare, project);
      const fault = unreadable(() => absorbFeast({ ...input, objects }));
      if (!(fault instanceof AsofError)) return fault;
      const found = objects.find(
        (object) => unreadable(() => absorbFeast({ ...input, records: [], objects: [object] })) instanceof AsofError,
      );
      return found === undefined ? fault : damagedObject(found, "its protobuf cannot be read", fault);
    } catch (error) {
      if (isUnreadable(error)) return error;
      throw error;
    }
  }

  /** Refuses what concerns a project whose objects of Feast's cannot all be read: half of it would be taken for all. */
  refuseDamaged(prepare: Prepare, projects: Iterable<string>): void {
    for (const project of projects) {
      const error = this.#damaged.get(project);
      if (error === undefined) continue;
      // Repaired, and taken over by another process.
      if (prepare("SELECT 1 FROM registry_feast_changes WHERE project = ? LIMIT 1").get(project) === undefined) continue;
      throw error;
    }
  }

  /** Numbers given for one content never come back for another while the database stands open. */
  #number(
    prepare: Prepare,
    before: { version: number; definitionsVersion: number },
    signature: string,
    touchesDefinitions: boolean,
    isVirtual: boolean,
  ): void {
    const last = this.#handedOut;
    if (signature === "") return;
    const isKnown = last !== null && last.signature === signature;
    const version = isKnown ? Math.max(last.version, before.version + 1) : Math.max(before.version, last?.version ?? 0) + 1;
    const step = touchesDefinitions ? 1 : 0;
    const definitionsVersion = isKnown
      ? Math.max(last.definitionsVersion, before.definitionsVersion + step)
      : Math.max(before.definitionsVersion, last?.definitionsVersion ?? 0) + step;
    setMeta(prepare, "version", version);
    setMeta(prepare, "definitions_version", definitionsVersion);
    this.#handedOut = { version, definitionsVersion, signature: isVirtual ? signature : "" };
  }

  /** What changes replace: read before they are carried out. */
  noteReplaced(prepare: Prepare, changes: readonly RegistryChange[]): Replaced {
    return new Map(changes.map((change) => [idOf(change), readRecord(prepare, change)]));
  }

  /** Brings Feast's tables up to changes that asof's have taken. */
  mirror(prepare: Prepare, changes: readonly RegistryChange[], before: Replaced, nowUs: number): void {
    for (const [project, own] of Map.groupBy(changes, (change) => change.project)) {
      const stateOf = (record: RegistryRecord | null, view: string): ViewState | null =>
        record === null ? null : decodeViewState(record.spec, view);
      let models: ModelsByName | null = null;
      const { objects, versions } = mirrorChanges({
        project,
        changes: own,
        get models() {
          models ??= knownModels(listRecords(prepare, project));
          return models;
        },
        get modelsBefore() {
          const deleted = own.filter((change) => change.op === "delete" && (change.kind === "entity" || change.kind === "source"));
          return knownModels(deleted.flatMap((change) => before.get(idOf(change)) ?? []));
        },
        specBefore: (kind, name) => before.get(idOf({ project, kind, name }))?.spec ?? null,
        description: descriptionOf(readRecord(prepare, { project, kind: "project", name: project })?.spec ?? null),
        viewSpec: (name) => readRecord(prepare, { project, kind: "feature_view", name })?.spec ?? null,
        stateOf: (view) => stateOf(readRecord(prepare, viewStateKey(project, view)), view),
        stateBefore: (view) => {
          const key = viewStateKey(project, view);
          return stateOf(before.has(idOf(key)) ? (before.get(idOf(key)) ?? null) : readRecord(prepare, key), view);
        },
        versionOf: (view, version) =>
          keptDefinition(readRecord(prepare, { project, kind: "view_version", name: printVersion(view, version) }), view),
        objectOf: (kind, name) => bytesOf(prepare, kind, project, name),
        kafkaOver: (source) => kafkaOver(prepare, project, source),
        nowUs,
      });
      for (const { kind, name, bytes } of objects) putObject(prepare, { kind, project, name, bytes }, nowUs);
      const added = versions.filter(({ view, number }) => number > (latestVersion(prepare, project, view) ?? -1));
      for (const version of added) addVersion(prepare, { ...version, project }, uuidOf(this.#random.id()), nowUs);
      if (objects.length + added.length > 0) touchProject(prepare, project, () => uuidOf(this.#random.id()), nowUs);
    }
  }

  /** asof's tables say all that Feast's say, but of what could not be read. */
  settle(prepare: Prepare): void {
    const kept = JSON.stringify([...this.#damaged.keys()]);
    prepare("DELETE FROM registry_feast_changes WHERE project NOT IN (SELECT value FROM json_each(?))").run(kept);
  }

  objects(prepare: Prepare, project: string | null): readonly FeastObject[] {
    return hasTable(prepare, "feature_views") ? listObjects(prepare, project) : [];
  }

  /** Marks every object of a project as changed, so that the next look goes through all of them. */
  noteAll(prepare: Prepare, project: string): void {
    const names = hasTable(prepare, "feature_views") ? listNames(prepare, project) : [];
    for (const { kind, name } of names) noteChange(prepare, kind, project, name);
  }
}

function isUnreadable(error: unknown): error is AsofError {
  return error instanceof AsofError && error.code === "ASOF_REGISTRY_UNREADABLE";
}

/** What `read` returns, or the error by which bytes cannot be read. */
function unreadable<T>(read: () => T): T | AsofError {
  try {
    return read();
  } catch (error) {
    if (isUnreadable(error)) return error;
    throw error;
  }
}

function noteChange(prepare: Prepare, kind: string, project: string, name: string): void {
  prepare("INSERT OR REPLACE INTO registry_feast_changes VALUES (?, ?, ?)").run(kind, project, name);
}

export function hasTable(prepare: Prepare, name: string): boolean {
  return prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined;
}

/** Whether the triggers are there that note what Feast writes: they go with a table that is dropped. */
function isWatched(prepare: Prepare): boolean {
  const row = prepare("SELECT count(*) AS triggers FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'asof\\_%' ESCAPE '\\'").get();
  return row?.triggers === 15;
}

function idOf(key: Pick<RegistryChange, "project" | "kind" | "name">): string {
  return JSON.stringify([key.project, key.kind, key.name]);
}

function uuidOf(id: string): string {
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
