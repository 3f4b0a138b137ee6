import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  type AnyService,
  type AnyView,
  AsofError,
  collectDefinitions,
  defaultFlowSettings,
  type InstantLiteral,
  type OfflineStore,
  openMemoryOnlineStore,
  openMemoryRegistry,
  type RepositoryModel,
  type Runtime,
  type SourceModel,
  systemRandom,
} from "@asof/core";
import { openDuckDbOfflineStore } from "@asof/duckdb";
import { erasureSecretOf } from "../store/erasure-secret.ts";
import { type FeatureStore, featureStoreOf } from "../store/feature-store.ts";
import { Session } from "../store/session.ts";
import { readFrom, type TestRow, writeSourceRows } from "./source-rows.ts";
import { type TestClock, testClock } from "./test-clock.ts";

export interface TestStoreOptions {
  /** Views and services, or a module of them (`import * as features from "../features/services.ts"`). What they refer to comes along. */
  readonly definitions: readonly (AnyView | AnyService)[] | Readonly<Record<string, unknown>>;
  /** What the clock shows at first. */
  readonly now: InstantLiteral;
  /** Rows of tables by source name; the source is then not read from its own file or query. Columns left out are null. */
  readonly rows?: Readonly<Record<string, readonly TestRow[]>>;
  /** Where sources without `rows` find their files; default the working directory. */
  readonly repo?: string;
}

/** A feature store for a test, with its definitions applied. */
export interface TestStore extends FeatureStore {
  readonly clock: TestClock;
  /** Applies other definitions in place of those so far, as `asof apply` does after an edit. Sources with `rows` keep them. */
  apply(definitions: TestStoreOptions["definitions"]): Promise<void>;
}

/**
 * Opens a feature store for a test, in this process and without a repository: registry and online store in memory, DuckDB for
 * history, a clock that stands still. The definitions are applied already. Close it, or declare it with `await using`.
 *
 * @example
 * await using store = await openTestStore({ definitions: [basketActivity], rows: { baskets: [...] }, now: "2017-05-01" });
 * await store.materializeIncremental();
 * store.clock.advance("1h");
 */
export async function openTestStore(options: TestStoreOptions): Promise<TestStore> {
  const { definitions } = options;
  let model = modelOf(definitions);
  const folder = await mkdtemp(join(tmpdir(), "asof-test-"));
  try {
    const clock = testClock(options.now);
    const offline = await openOffline(folder, model, options);
    const session = openSession(() => model, offline, clock, folder);
    const apply = async (changed: TestStoreOptions["definitions"]): Promise<void> => {
      model = modelOf(changed);
      session.reloadDefinitions();
      await session.apply(await session.plan({ skipSourceValidation: true }));
    };
    await apply(definitions);
    return Object.defineProperties(featureStoreOf(session), {
      clock: { value: clock, enumerable: true },
      apply: { value: apply, enumerable: true },
    }) as TestStore;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

const project = "test";

function modelOf(definitions: TestStoreOptions["definitions"]): RepositoryModel {
  const modules = Array.isArray(definitions) ? { definitions } : (definitions as Readonly<Record<string, unknown>>);
  return collectDefinitions([modules], project);
}

function openSession(model: () => RepositoryModel, offline: OfflineStore, clock: TestClock, folder: string): Session {
  const online = openMemoryOnlineStore();
  const registry = openMemoryRegistry();
  const runtime: Runtime = {
    ...{ project, registry, offline, online, clock, random: systemRandom, settings: defaultFlowSettings },
    owner: `test:${process.pid}`,
    isOwnerAlive: () => true,
    erasureSecret: erasureSecretOf({ key: null, keyFile: join(folder, "erasure.key") }),
  };
  return new Session({
    runtime,
    repositoryPath: folder,
    repositoryName: project,
    definitions: () => Promise.resolve(model()),
    close: async () => {
      await offline[Symbol.asyncDispose]();
      await online[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  });
}

async function openOffline(folder: string, model: RepositoryModel, { rows = {}, repo = "." }: TestStoreOptions): Promise<OfflineStore> {
  const offline = await openDuckDbOfflineStore({ repositoryPath: resolve(repo), logFolder: join(folder, "log"), temporaryFolder: folder });
  try {
    const replaced = new Map<string, Exclude<SourceModel, { readonly type: "push" }>>();
    for (const [name, own] of Object.entries(rows)) {
      replaced.set(name, await writeSourceRows(offline, folder, model, tableSource(model, name), own));
    }
    return replaced.size === 0 ? offline : readFrom(offline, replaced);
  } catch (error) {
    await offline[Symbol.asyncDispose]();
    throw error;
  }
}

function tableSource(model: RepositoryModel, name: string): Exclude<SourceModel, { readonly type: "push" }> {
  const source = model.sources.find((s) => s.name === name);
  if (source !== undefined && source.type !== "push") return source;
  const names = model.sources.filter((s) => s.type !== "push").map((s) => s.name);
  throw new AsofError(
    "ASOF_OBJECT_UNKNOWN",
    source === undefined ? `No definition reads a source "${name}".` : `Source "${name}" is pushed to: it has no rows of its own at first.`,
    {
      path: `rows.${name}`,
      value: name,
      fix: source === undefined ? `Sources of the definitions: ${names.join(", ") || "none"}.` : "Push them with store.push.",
    },
  );
}
