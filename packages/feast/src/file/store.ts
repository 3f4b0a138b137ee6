import { accessSync, constants, existsSync } from "node:fs";
import {
  AsofError,
  type ChangeSet,
  type Clock,
  definitionKinds,
  type JobRecord,
  type LineageEdge,
  type Random,
  type RecordKey,
  type RegistrySnapshot,
  type RegistryStore,
  type StatisticsFilter,
  type StatisticsRecord,
  sleep,
  systemClock,
  systemRandom,
} from "@asof/core";
import type { FeastObject } from "../definition/objects.ts";
import type { UnsupportedObject } from "../definition/unsupported.ts";
import { defaultTornTimeoutMs, type FileRegistryConfig } from "./config.ts";
import { copyPathOf, putFile, readCopy, readStable, readStamp, replaceFile, type Stamp, sameStamp } from "./disk.ts";
import { RegistryDocument } from "./document.ts";
import { copyError, goneError, tornError, translateError } from "./errors.ts";
import { FileLock } from "./lock.ts";
import { registryBusyTimeoutMs } from "./lock-holder.ts";
import { type Restored, restoreFromCopy } from "./restore.ts";
import { absorbInto, mirrorInto, noteReplaced } from "./sync.ts";

/** A registry that Feast reads and writes too. */
export interface FeastRegistryStore extends RegistryStore {
  /** Objects of a project that asof keeps and does not run. */
  unsupported(project: string): Promise<readonly UnsupportedObject[]>;
  /** Every object of Feast's, as bytes. */
  feastObjects(project: string | null): Promise<readonly FeastObject[]>;
}

/**
 * Opens a registry in Feast's file: one protobuf message, read as Feast wrote it and written so that Feast reads it. asof's own records lie
 * in a field that Feast keeps without knowing it. Writers take a lock that dies with them; the file is replaced in one step. Feast takes
 * no lock and writes in place at any time: what it changed is found by comparing bytes and taken over, and a file caught half-written is
 * read again. Feast may also write what it read long before: what asof wrote since is then taken from a copy beside the file, which every
 * write of asof's renews. A file that is not there is an empty registry until the first write; one that goes away while it is open is an
 * error until it is back.
 * ASOF_REGISTRY_VERSION, ASOF_REGISTRY_UNREADABLE, ASOF_REGISTRY_READ_ONLY, ASOF_REGISTRY_FULL, ASOF_REGISTRY_FAILED.
 */
export async function openFileRegistry(config: FileRegistryConfig): Promise<FeastRegistryStore> {
  const registry = new FileRegistry(config);
  // Reads the file if there is one, so that a wrong file is refused here and not in the middle of a command.
  await registry.versions();
  return registry;
}

interface Loaded {
  readonly document: RegistryDocument;
  /** Null where there is no file. */
  readonly stamp: Stamp | null;
  /** Whether the stamp will tell every later content from this one. */
  readonly isSettled: boolean;
  /** Whether a copy of this registry lies beside it. */
  readonly hasCopy: boolean;
  readonly unsupported: ReadonlyMap<string, readonly UnsupportedObject[]>;
}

interface HandedOut {
  readonly version: number;
  readonly definitionsVersion: number;
  readonly identity: string;
  readonly definitionsIdentity: string;
}

/** Two writes of one size within this time may have one stamp: the file system's clock is coarse. */
const coarseClockNs = 100_000_000n;

class FileRegistry implements FeastRegistryStore {
  readonly type = "file";
  readonly #config: FileRegistryConfig;
  readonly #lock: FileLock;
  readonly #clock: Clock;
  readonly #random: Random;
  #loaded: Loaded | null = null;
  #handedOut: HandedOut | null = null;
  /** Whether there was a file when it was looked at last. */
  #wasThere = false;
  #isClosed = false;

  constructor(config: FileRegistryConfig) {
    this.#config = config;
    this.#lock = new FileLock(`${config.path}.lock`, config.busyTimeoutMs ?? registryBusyTimeoutMs);
    this.#clock = config.clock ?? systemClock;
    this.#random = config.random ?? systemRandom;
  }

  async snapshot(project: string | null): Promise<RegistrySnapshot> {
    const { state } = (await this.#read()).document;
    const { version, definitionsVersion } = state.header;
    return { version, definitionsVersion, records: state.records(project) };
  }

  async read(keys: readonly RecordKey[]): ReturnType<RegistryStore["read"]> {
    const { state } = (await this.#read()).document;
    return keys.map((key) => state.record(key));
  }

  async versions(): ReturnType<RegistryStore["versions"]> {
    const { version, definitionsVersion } = (await this.#read()).document.state.header;
    return { version, definitionsVersion };
  }

  commit(changeSet: ChangeSet, nowUs: number): ReturnType<RegistryStore["commit"]> {
    const { changes, ifDefinitionsVersion, lineage } = changeSet;
    return this.#write(nowUs, (document) => {
      const { state } = document;
      const { header } = state;
      if (ifDefinitionsVersion !== null && ifDefinitionsVersion !== header.definitionsVersion) return "conflict";
      if (!changes.every((change) => state.holds(change))) return "conflict";
      const touchesDefinitions = changes.some((change) => definitionKinds.includes(change.kind));
      state.header = {
        ...header,
        version: header.version + 1,
        definitionsVersion: header.definitionsVersion + (touchesDefinitions ? 1 : 0),
        definitionsId: touchesDefinitions ? this.#random.id() : header.definitionsId,
      };
      const replaced = noteReplaced(document, changes);
      for (const change of changes) state.apply(change, nowUs);
      for (const edge of lineage?.remove ?? []) state.removeEdge(edge);
      for (const edge of lineage?.add ?? []) state.addEdge(edge);
      mirrorInto(document, changes, replaced, nowUs, () => uuidOf(this.#random.id()));
      return { version: header.version + 1 };
    });
  }

  async changesSince(version: number): ReturnType<RegistryStore["changesSince"]> {
    return (await this.#read()).document.state.changesSince(version);
  }

  putJob(job: JobRecord): Promise<void> {
    return this.#write(job.updatedAtUs, ({ state }) => state.putJob(job));
  }

  async getJob(id: string): Promise<JobRecord | null> {
    return (await this.#read()).document.state.job(id);
  }

  async listJobs(project: string, limit: number): Promise<readonly JobRecord[]> {
    return (await this.#read()).document.state.jobs(project, limit);
  }

  addLineage(edges: readonly LineageEdge[]): Promise<void> {
    return this.#write(this.#clock.nowUs(), ({ state }) => {
      for (const edge of edges) state.addEdge(edge);
    });
  }

  async listLineage(project: string): Promise<readonly LineageEdge[]> {
    return (await this.#read()).document.state.edges(project);
  }

  putStatistics(records: readonly StatisticsRecord[], keepMax: number): Promise<void> {
    return this.#write(this.#clock.nowUs(), ({ state }) => state.putStatistics(records, keepMax));
  }

  async listStatistics(filter: StatisticsFilter & { readonly limit: number }): Promise<readonly StatisticsRecord[]> {
    return (await this.#read()).document.state.statistics(filter);
  }

  deleteStatistics(filter: StatisticsFilter): Promise<void> {
    return this.#write(this.#clock.nowUs(), ({ state }) => state.deleteStatistics(filter));
  }

  async unsupported(project: string): Promise<readonly UnsupportedObject[]> {
    const loaded = await this.#read(true);
    return loaded.unsupported.get(project) ?? [];
  }

  async feastObjects(project: string | null): Promise<readonly FeastObject[]> {
    return (await this.#read()).document.objects(project);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#loaded = null;
  }

  #refuseClosed(): void {
    if (!this.#isClosed) return;
    throw new AsofError("ASOF_REGISTRY_FAILED", `The registry ${this.#config.path} was closed.`, {
      path: this.#config.path,
      fix: "Open it again, or close it later.",
    });
  }

  /** What the file says now: read again only if it changed. `withUnsupported` also looks through a file that asof wrote last. */
  async #read(withUnsupported = false): Promise<Loaded> {
    this.#refuseClosed();
    try {
      const deadline = performance.now() + (this.#config.tornTimeoutMs ?? defaultTornTimeoutMs);
      for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 50)) {
        const isLast = performance.now() > deadline;
        const loaded = this.#load(isLast, withUnsupported);
        if (loaded !== null) return loaded;
        if (isLast) throw tornError(this.#config.path, null);
        await sleep(pauseMs);
      }
    } catch (error) {
      throw translateError(error, this.#config.path);
    }
  }

  /** Reads the file without giving way. Null where it is being written; where it still is at last, that is an error. */
  #load(isLast: boolean, withUnsupported = false): Loaded | null {
    const known = this.#loaded;
    if (known?.isSettled === true && !withUnsupported && sameStamp(known.stamp, readStamp(this.#config.path))) return known;
    const content = readStable(this.#config.path);
    if (content === null) return null;
    if (content === "absent" && this.#wasThere) throw goneError(this.#config.path);
    if (content === "absent") return this.#accept(new RegistryDocument(new Uint8Array(), this.#config.path), null, withUnsupported);
    const { stamp, bytes } = content;
    const isYoung = BigInt(this.#clock.nowUs()) * 1000n - stamp.modifiedNs < coarseClockNs;
    try {
      // An empty file is a valid message, and what Feast leaves for a moment before it writes.
      if (bytes.length === 0 && !isLast && (isYoung || known?.stamp !== null)) return null;
      const document = new RegistryDocument(bytes, this.#config.path);
      const isOurs = document.versionId !== "" && document.versionId === document.state.header.versionId;
      const loses = known !== null && known.document.state.header.versionId !== "" && document.state.header.versionId === "";
      // A message cut between two fields is one too. asof's own header stands last; a file of Feast's has to stay as it is for a while.
      if (!isOurs && !isLast && (isYoung || loses)) return null;
      return this.#accept(document, stamp, withUnsupported);
    } catch (error) {
      if (error instanceof AsofError && error.code === "ASOF_REGISTRY_UNREADABLE" && error.path !== copyPathOf(this.#config.path)) {
        if (!isLast) return null;
        throw tornError(this.#config.path, error);
      }
      throw error;
    }
  }

  #accept(document: RegistryDocument, stamp: Stamp | null, withUnsupported: boolean): Loaded {
    const { onlineVersioning = false, sharedOnlineStore = false } = this.#config;
    const isOurs = stamp === null || (document.versionId !== "" && document.versionId === document.state.header.versionId);
    const restored = stamp === null ? { isOwn: false, signature: "" } : this.#restore(document, isOurs);
    const stored = document.state.header;
    const absorption =
      isOurs && !withUnsupported
        ? null
        : absorbInto(document, { onlineVersioning, sharedOnlineStore }, document.lastUpdatedUs ?? this.#clock.nowUs());
    const signature = `${restored.signature}${absorption?.signature ?? ""}`;
    const identity = `${stored.stateId} ${stored.version} ${signature}`;
    const definitionsIdentity = `${stored.definitionsId} ${stored.definitionsVersion} ${absorption?.changesDefinitions === true ? signature : ""}`;
    this.#number(document, identity, definitionsIdentity);
    const isSettled = stamp === null || isOurs || BigInt(this.#clock.nowUs()) * 1000n - stamp.modifiedNs >= coarseClockNs;
    this.#wasThere = stamp !== null;
    this.#loaded = { document, stamp, isSettled, unsupported: absorption?.unsupported ?? new Map(), hasCopy: restored.isOwn };
    return this.#loaded;
  }

  /** Takes from the copy what the file lacks. One that is as new as the file, which is nearly always so, is not read. */
  #restore(document: RegistryDocument, isOurs: boolean): Restored {
    const { path } = this.#config;
    const copyPath = copyPathOf(path);
    const { versionId } = document.state.header;
    if (versionId !== "" && readStamp(copyPath)?.tail.includes(versionId) === true) return { isOwn: true, signature: "" };
    const bytes = readCopy(path);
    if (bytes === null) return { isOwn: false, signature: "" };
    try {
      return restoreFromCopy(document, new RegistryDocument(bytes, copyPath), isOurs);
    } catch (error) {
      if (!(error instanceof AsofError && error.code === "ASOF_REGISTRY_UNREADABLE")) throw error;
      // A file that asof wrote itself lacks nothing of the copy, which the next write makes anew.
      if (isOurs) return { isOwn: false, signature: "" };
      throw copyError(path, copyPath, error);
    }
  }

  /** Numbers that this object gave for one content never come back for another, also where Feast overwrote a commit. */
  #number({ state }: RegistryDocument, identity: string, definitionsIdentity: string): void {
    const last = this.#handedOut;
    let { version, definitionsVersion } = state.header;
    if (last !== null) {
      version = identity === last.identity ? last.version : Math.max(version, last.version + 1);
      const isSameDefinitions = definitionsIdentity === last.definitionsIdentity;
      definitionsVersion = isSameDefinitions ? last.definitionsVersion : Math.max(definitionsVersion, last.definitionsVersion + 1);
    }
    state.header = { ...state.header, version, definitionsVersion };
    this.#handedOut = { version, definitionsVersion, identity, definitionsIdentity };
  }

  /** Reads, changes and replaces the file under the lock. A conflict writes nothing. */
  async #write<T>(nowUs: number, change: (document: RegistryDocument) => T): Promise<T> {
    this.#refuseClosed();
    const { path } = this.#config;
    try {
      // Whoever has to wait for a torn file does so before taking the lock.
      for (;;) {
        await this.#read();
        this.#refuseReadOnly();
        const outcome = await this.#lock.hold(() => this.#replace(nowUs, change));
        if (outcome !== "changed meanwhile") return outcome.value;
      }
    } catch (error) {
      // What was changed in memory did not reach the file.
      this.#loaded = null;
      throw translateError(error, path);
    }
  }

  #refuseReadOnly(): void {
    const { path } = this.#config;
    if (existsSync(path)) accessSync(path, constants.W_OK);
  }

  #replace<T>(nowUs: number, change: (document: RegistryDocument) => T): { readonly value: T } | "changed meanwhile" {
    const loaded = this.#load(false);
    if (loaded === null) return "changed meanwhile";
    const { document, stamp } = loaded;
    const before = document.state.header;
    const value = change(document);
    if (value === "conflict") return { value };
    const versionId = uuidOf(this.#random.id());
    const isCommit = document.state.header.version !== before.version;
    document.state.header = {
      ...document.state.header,
      versionId,
      stateId: isCommit ? this.#random.id() : before.stateId,
      registryId: loaded.hasCopy && before.registryId !== "" ? before.registryId : this.#random.id(),
      writtenAtUs: this.#clock.nowUs(),
    };
    const bytes = document.encode(versionId, nowUs);
    this.#loaded = null;
    const { path } = this.#config;
    const { isDone, late } = replaceFile(path, bytes, this.#random.id(), () => sameStamp(stamp, readStamp(path)));
    if (!isDone) return "changed meanwhile";
    if (late !== null) this.#giveBack(late, document.state.header);
    this.#keep(document, versionId);
    return { value };
  }

  /**
   * Puts what Feast wrote into the replaced file in the place of asof's, as if it had come just after: asof's part is in the copy, and the
   * next reading has both.
   */
  #giveBack(late: Uint8Array, { versionId, writtenAtUs }: RegistryDocument["state"]["header"]): void {
    const { path } = this.#config;
    let document: RegistryDocument;
    try {
      document = new RegistryDocument(late, path);
    } catch (error) {
      // Whoever wrote it did not come to its end.
      if (error instanceof AsofError && error.code === "ASOF_REGISTRY_UNREADABLE") return;
      throw error;
    }
    const isLater = (document.lastUpdatedUs ?? 0) >= writtenAtUs;
    const bytes = isLater ? late : document.encodeAsRead(this.#clock.nowUs());
    putFile(path, bytes, this.#random.id(), () => readStamp(path)?.tail.includes(versionId) === true);
  }

  /** The document in memory is what the file holds now: no need to read it again. */
  #keep(document: RegistryDocument, versionId: string): void {
    const { version, definitionsVersion, stateId, definitionsId } = document.state.header;
    const stamp = readStamp(this.#config.path);
    if (stamp === null || !stamp.tail.includes(versionId)) return;
    this.#handedOut = {
      version,
      definitionsVersion,
      identity: `${stateId} ${version} `,
      definitionsIdentity: `${definitionsId} ${definitionsVersion} `,
    };
    this.#wasThere = true;
    this.#loaded = { document, stamp, isSettled: true, hasCopy: true, unsupported: new Map() };
  }
}

function uuidOf(id: string): string {
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
