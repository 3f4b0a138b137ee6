import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  collectDefinitions,
  defaultFlowSettings,
  type ErasureSecret,
  type FlowSettings,
  type OnlineStore,
  openMemoryOnlineStore,
  openMemoryRegistry,
  type Plan,
  type PlanOptions,
  type Runtime,
} from "@asof/core";
import { openDuckDbOfflineStore } from "@asof/duckdb";
import { openLmdbOnlineStore } from "@asof/lmdb";
import { openSqliteOnlineStore } from "@asof/sqlite";
import { type FakeClock, fakeClock, seededRandom } from "@asof/testkit";
import { erasureSecretOf } from "../../src/store/erasure-secret.ts";
import { type FeatureStore, featureStoreOf } from "../../src/store/feature-store.ts";
import { Session } from "../../src/store/session.ts";

export type StoreKind = "memory" | "lmdb" | "sqlite";
export const storeKinds: readonly StoreKind[] = ["memory", "lmdb", "sqlite"];

/** One process of a project: its session, and the typed store in front of it. */
export interface Process {
  readonly store: FeatureStore;
  readonly session: Session;
  readonly owner: string;
}

export interface ProjectOptions {
  readonly kind?: StoreKind;
  readonly nowUs?: number;
  readonly settings?: Partial<FlowSettings>;
  /** Wraps the online store of every process. */
  readonly wrap?: (online: OnlineStore) => OnlineStore;
}

/**
 * A project in a folder of its own: CSV files read by DuckDB, a memory registry, an online store, a clock that stands still. Any number
 * of processes can be open at once.
 */
export class Project implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "asof-flow-"));
  readonly clock: FakeClock;
  registry = openMemoryRegistry();
  readonly memory = openMemoryOnlineStore();
  readonly #options: ProjectOptions;
  readonly #alive = new Set<string>();
  readonly #open: AsyncDisposable[] = [];
  readonly #definitions = new Map<string, Readonly<Record<string, unknown>>>();
  #processes = 0;

  constructor(options: ProjectOptions = {}) {
    this.#options = options;
    this.clock = fakeClock(options.nowUs ?? at("2024-03-01T00:00:00Z"));
  }

  /**
   * Opens another process; of another project, over the same registry and stores, where one is named; with another secret of erasures, or
   * none, than the project's.
   */
  async process(project = "shop", erasureSecret?: ErasureSecret | null): Promise<Process> {
    const { kind = "memory", settings = {}, wrap = (online) => online } = this.#options;
    const owner = `process ${this.#processes++}`;
    const offline = await openDuckDbOfflineStore({ repositoryPath: this.folder, logFolder: join(this.folder, "log"), threads: 2 });
    const online = kind === "memory" ? this.memory : await openStored(kind, this.folder);
    const runtime: Runtime = {
      project,
      registry: this.registry,
      offline,
      online: wrap(online),
      clock: this.clock,
      random: seededRandom(owner),
      owner,
      isOwnerAlive: (other) => this.#alive.has(other),
      erasureSecret:
        erasureSecret === undefined
          ? erasureSecretOf({ key: null, keyFile: join(this.folder, "erasure.key") })
          : (erasureSecret ?? undefined),
      settings: { ...defaultFlowSettings, ...settings },
    };
    this.#alive.add(owner);
    const close = async (): Promise<void> => {
      this.#alive.delete(owner);
      await offline[Symbol.asyncDispose]();
      if (kind !== "memory") await online[Symbol.asyncDispose]();
    };
    const session = new Session({
      runtime,
      repositoryPath: this.folder,
      repositoryName: "main",
      definitions: () => Promise.resolve(collectDefinitions([this.#definitions.get(project) ?? {}], project)),
      close,
    });
    this.#open.push(session);
    return { store: featureStoreOf(session), session, owner };
  }

  /** Says that a process is gone, as after a crash: nobody closes anything. */
  kill({ owner }: Process): void {
    this.#alive.delete(owner);
  }

  /** Registers these definitions in place of the former. */
  async apply(
    process: Process,
    definitions: Readonly<Record<string, unknown>>,
    options: PlanOptions = {},
  ): Promise<"applied" | "unchanged"> {
    return process.session.apply(await this.plan(process, definitions, options));
  }

  /** What registering these definitions would do. */
  plan({ session }: Process, definitions: Readonly<Record<string, unknown>>, options: PlanOptions = {}): Promise<Plan> {
    this.#definitions.set(session.runtime.project, definitions);
    session.reloadDefinitions();
    return session.plan({ ...options, skipSourceValidation: true });
  }

  /** Takes the registry away: processes opened from now on find an empty one, and the stores as they are. */
  loseRegistry(): void {
    this.registry = openMemoryRegistry();
  }

  /** Writes a CSV file. The first row names the columns; empty text is null. */
  csv(name: string, header: string, rows: readonly string[]): void {
    writeFileSync(join(this.folder, name), [header, ...rows, ""].join("\n"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#open) await session[Symbol.asyncDispose]();
    await this.memory[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The online store of a kind in a folder. */
export function openStored(kind: "lmdb" | "sqlite", folder: string): Promise<OnlineStore> {
  return kind === "lmdb"
    ? openLmdbOnlineStore({ path: join(folder, "online") })
    : openSqliteOnlineStore({ path: join(folder, "online.db") });
}

/** An instant in UTC µs. */
export function at(text: string): number {
  return Date.parse(text) * 1000;
}

/** Counts the keys that each write of a state or row reaches, by view. */
export function countingStore(online: OnlineStore, counts: { rows: number; states: number; calls: number; parts: string[] }): OnlineStore {
  return {
    type: online.type,
    keys: online.keys,
    capabilities: online.capabilities,
    read: (requests) => online.read(requests),
    listKeys: (view) => online.listKeys(view),
    putRows: async (view, rows) => {
      counts.calls++;
      const outcome = await online.putRows(view, rows);
      counts.rows += outcome.written;
      return outcome;
    },
    putStates: async (view, writes) => {
      counts.calls++;
      counts.states += writes.length;
      for (const write of writes) counts.parts.push(...write.set.keys());
      return online.putStates(view, writes);
    },
    putTombstones: (view, tombstones, options) => online.putTombstones(view, tombstones, options),
    deleteKeys: (view, keys) => online.deleteKeys(view, keys),
    truncate: (view) => online.truncate(view),
    [Symbol.asyncDispose]: () => online[Symbol.asyncDispose](),
  };
}

/** All items of a stream. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A value that a definition's types refuse, as an untyped caller would pass it. */
export function untyped<T>(value: unknown): T {
  return value as T;
}
