import { mkdirSync } from "node:fs";
import {
  AsofError,
  defaultFlowSettings,
  type EntityRow,
  erasureIdOf,
  type OfflineStore,
  type OnlineStore,
  openMemoryOnlineStore,
  openMemoryRegistry,
  type ParityMismatch,
  type RegistryStore,
  type RepositoryModel,
  type Runtime,
  type ServedAnswer,
  type Value,
  type ViewReference,
} from "@asof/core";
import {
  fakeClock,
  faultyOnlineStore,
  type KillSwitch,
  type OfflineEngine,
  type ParityCase,
  type ParityDriver,
  type ParityStep,
  SimulatedKill,
  seededRandom,
  WorldFiles,
} from "@asof/testkit";
import { erasureSecretOf } from "../../src/store/erasure-secret.ts";
import { Session } from "../../src/store/session.ts";
import { openStored } from "./project.test.support.ts";

/** Kinds of online stores under the parity law. */
export type StoreKind = "memory" | "lmdb" | "sqlite";

export interface WorldOptions {
  readonly engine: OfflineEngine;
  readonly kind: StoreKind;
  /** A folder of its own for stores on disk. */
  readonly folder: string;
  /** Keeps the worlds on one engine apart. */
  readonly name: string;
  readonly kills: KillSwitch;
  /** Puts a weakness into the online store. */
  readonly weaken?: (store: OnlineStore) => OnlineStore;
}

/** What a run of schedules counts. */
export interface Compared {
  values: number;
  identical: number;
  /** Training values that had to be those of an unknown key, because theirs was erased. */
  hidden: number;
}

/**
 * Carries out a schedule on the product: DuckDB over files that grow, a registry, and an online store that is closed and opened again.
 * What a dead process still had under way reaches none of the stores.
 */
export class RealWorld implements ParityDriver, AsyncDisposable {
  readonly compared: Compared = { values: 0, identical: 0, hidden: 0 };
  readonly #one: ParityCase;
  readonly #options: WorldOptions;
  readonly #files: WorldFiles;
  readonly #definitions: RepositoryModel;
  readonly #registry: RegistryStore;
  readonly #memory: OnlineStore = openMemoryOnlineStore();
  readonly #clock = fakeClock(0);
  #session: Session | null = null;
  readonly #erased = new Map<string, KeyOf>();

  private constructor(one: ParityCase, options: WorldOptions, files: WorldFiles) {
    this.#one = one;
    this.#options = options;
    this.#files = files;
    this.#definitions = files.repository(options.name);
    this.#registry = openMemoryRegistry();
  }

  static async open(one: ParityCase, options: WorldOptions): Promise<RealWorld> {
    if (options.kind !== "memory") mkdirSync(options.folder, { recursive: true });
    const world = new RealWorld(one, options, await WorldFiles.create(options.engine, one.world, options.name));
    const first = one.steps.find((step) => "clockUs" in step);
    world.#clock.set(first !== undefined && "clockUs" in first ? first.clockUs : 0);
    const session = await world.#start();
    await session.apply(await session.plan({ skipSourceValidation: true }));
    return world;
  }

  async arrive({ source, rows }: Extract<ParityStep, { kind: "arrive" }>): Promise<void> {
    await this.#files.arrive(source, rows);
  }

  async materialize(step: Extract<ParityStep, { kind: "materialize" | "materialize-incremental" }>): Promise<void> {
    this.#clock.set(step.clockUs);
    const { endUs } = step;
    const request =
      step.kind === "materialize"
        ? ({ mode: "interval", startUs: step.startUs, endUs, views: null } as const)
        : ({ mode: "incremental", startUs: null, endUs, views: null } as const);
    const { views } = await (await this.#running()).materialize(request);
    const failed = views.filter((view) => view.status !== "done");
    if (failed.length > 0) throw new Error(failed.map((view) => `${view.view}: ${view.error}`).join("; "));
  }

  async push({ clockUs, source, rows, idempotencyKey }: Extract<ParityStep, { kind: "push" }>): Promise<void> {
    this.#clock.set(clockUs);
    const session = await this.#running();
    await session.push({ source, rows: this.#files.pushedRows(source, rows), idempotencyKey });
  }

  async erase({ kind, clockUs, ...where }: Extract<ParityStep, { kind: "erase" } | { kind: "lift" }>): Promise<void> {
    this.#clock.set(clockUs);
    const key = this.#keyOf(where);
    if (key === null) return;
    const session = await this.#running();
    if (kind === "erase") {
      this.#erased.set(describe(key), key);
      await session.deleteEntity({ entity: key });
      return;
    }
    const ids = (await session.registry(true)).erasures.filter((erasure) => erasure.untilUs === null).map((erasure) => erasure.id);
    if (ids.includes(idOf(this.#options.name, key))) await session.liftErasure(key);
  }

  /** The key of an entity as a row of the spine has it; null where a part of it is null, or shrinking took it away. */
  #keyOf({ view, entity, row }: { readonly view: string; readonly entity: number; readonly row: number }): KeyOf | null {
    const join = this.#one.world.plan.views.find((v) => v.view.name === view);
    const parts = join?.view.entities[entity]?.keys ?? [];
    const values = this.#one.world.spine.rows[row]?.values ?? {};
    const columns = new Map(join?.keys.map((k) => [k.key, k.spineColumn]));
    const key = Object.fromEntries(parts.map(({ name }): [string, Value] => [name, values[columns.get(name) ?? ""] ?? null]));
    return parts.length === 0 || Object.values(key).includes(null) ? null : key;
  }

  async reopen(): Promise<void> {
    await this.#stop();
    await this.#start();
  }

  async read({ atUs, views }: Extract<ParityStep, { kind: "read" }>): Promise<readonly string[]> {
    // What is read was written by a process that has ended.
    await this.reopen();
    const asked = this.#one.world.plan.views
      .filter(({ view }) => views === "all" || view.form === "windowed")
      .map(({ view, features }, i): ViewReference => {
        const known = this.#definitions.views.find((v) => v.name === view.name) ?? view;
        return { view: known, name: `use_${i}`, features: features.map((f) => f.feature.name), keys: {}, maxAgeUs: null };
      });
    const keys = new Set(
      asked.flatMap((use) => ("entities" in use.view ? use.view.entities.flatMap((e) => e.keys.map((k) => k.name)) : [])),
    );
    const pick = (row: Readonly<Record<string, Value>>) => Object.fromEntries(Object.entries(row).filter(([name]) => keys.has(name)));
    const entities = [...new Map(this.#files.entities.map((row) => [describe(pick(row)), pick(row)])).values()];
    if (asked.length === 0 || entities.length === 0) return [];
    const session = await this.#running();
    let refused: AsofError | null = null;
    const readOnline = async (rows: readonly EntityRow[], us: number): Promise<ServedAnswer> => {
      try {
        return await session.getOnline(asked, rows, us);
      } catch (error) {
        if (!(error instanceof AsofError)) throw error;
        refused = error;
        return { rows: [], statuses: [] };
      }
    };
    const hidden = await this.#hiddenOf(session, asked, entities);
    const seen: string[] = [];
    const onOffline = (row: number, values: readonly Value[]): void => {
      const missing = hidden[row % entities.length] ?? [];
      for (const [i, value] of values.entries()) {
        if (missing[i] !== true) continue;
        this.compared.hidden++;
        if (!isEmpty(value)) seen.push(`value ${i} of the erased ${describe(entities[row % entities.length])} is ${describe(value)}`);
      }
    };
    const report = await session.compareParity({ asked, entities, atUs, onOffline }, readOnline).catch((error: unknown) => codeOf(error));
    // A sum that overflows, or too many distinct values, are errors in both paths, and the same ones.
    if (typeof report === "string" || refused !== null) {
      const codes = [codeOf(refused), typeof report === "string" ? report : "none"];
      return codes[0] === codes[1] ? [] : [`served with error ${codes[0]}, trained with error ${codes[1]}`];
    }
    this.compared.values += report.compared;
    this.compared.identical += report.identical;
    return [...seen, ...report.mismatches.map(printMismatch)];
  }

  /** Per entity which of the values asked for are of a key that is erased now. */
  async #hiddenOf(
    session: Session,
    asked: readonly ViewReference[],
    entities: readonly EntityRow[],
  ): Promise<readonly (readonly boolean[])[]> {
    const { erasures } = await session.registry(true);
    const active = new Set(erasures.filter((erasure) => erasure.untilUs === null).map((erasure) => erasure.id));
    const keys = [...this.#erased.values()].filter((key) => active.has(idOf(this.#options.name, key)));
    return entities.map((entity) =>
      asked.flatMap(({ view, features }) => {
        const own = "entities" in view ? view.entities.flatMap((e) => e.keys.map((k) => k.name)) : [];
        const isHidden = keys.some((key) =>
          Object.entries(key).every(([name, value]) => own.includes(name) && describe(entity[name]) === describe(value)),
        );
        return (features ?? []).map(() => isHidden);
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await this.#memory[Symbol.asyncDispose]();
  }

  async #running(): Promise<Session> {
    return this.#session ?? (await this.#start());
  }

  async #stop(): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
    this.#session = null;
  }

  async #start(): Promise<Session> {
    const { kills, kind, engine, weaken = (store) => store, name } = this.#options;
    const process = kills.process;
    const isAlive = (): boolean => !kills.isDead && kills.process === process;
    const inner = kind === "memory" ? this.#memory : await openStored(kind, this.#options.folder);
    const runtime: Runtime = {
      project: name,
      registry: mortal(this.#registry, isAlive),
      offline: mortal<OfflineStore>(engine.store, isAlive),
      online: faultyOnlineStore(weaken(inner), kills),
      clock: this.#clock,
      random: seededRandom(`${name}/${process}`),
      owner: `process ${process}`,
      isOwnerAlive: (owner) => owner === `process ${kills.process}`,
      settings: { ...defaultFlowSettings, partitionRowsMax: 12 },
      erasureSecret: erasureSecretOf({ key: secret, keyFile: "" }),
    };
    const close = async (): Promise<void> => {
      if (kind !== "memory") await inner[Symbol.asyncDispose]();
    };
    this.#session = new Session({
      runtime,
      repositoryPath: this.#options.folder,
      repositoryName: "test",
      definitions: () => Promise.resolve(this.#definitions),
      close,
    });
    return this.#session;
  }
}

const secret = "5e".repeat(32);

type KeyOf = Readonly<Record<string, Value>>;

function idOf(project: string, key: KeyOf): string {
  return erasureIdOf(Buffer.from(secret, "hex"), project, Object.keys(key), Object.values(key)) ?? "";
}

/** What is answered of a key that nobody ever heard of. */
function isEmpty(value: Value): boolean {
  return value === null || value === 0 || (Array.isArray(value) && value.length === 0);
}

function codeOf(error: unknown): string {
  if (error === null) return "none";
  if (error instanceof AsofError) return error.code;
  throw error;
}

/** A store whose methods end with the process that holds it. */
function mortal<T extends object>(store: T, isAlive: () => boolean): T {
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...given: unknown[]): unknown => {
        if (!isAlive()) throw new SimulatedKill();
        return Reflect.apply(member, target, given);
      };
    },
  });
}

function printMismatch({ feature, entity, atUs, offline, online, status }: ParityMismatch): string {
  return `${feature} of ${describe(entity)} at ${atUs}: trained ${describe(offline)}, served ${describe(online)} (${status})`;
}

function describe(value: unknown): string {
  return (
    JSON.stringify(value, (_, v: unknown) =>
      typeof v === "bigint" ? `${v}n` : typeof v === "number" && !Number.isFinite(v) ? String(v) : v,
    ) ?? "undefined"
  );
}
