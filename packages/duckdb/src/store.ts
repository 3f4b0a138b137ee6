import type {
  ColumnInfo,
  GivenSpine,
  JoinPlan,
  LogErasure,
  LogErasureReport,
  LogReference,
  LogRow,
  OfflineResult,
  OfflineStore,
  PulledBatch,
  PullRequest,
  ReadAs,
  RecordBatch,
  RunOptions,
  SourceDescription,
  SourceModel,
  SpineInput,
  SpinePlan,
  StatisticsRequest,
  ViewStatistics,
} from "@asof/core";
import { appendLog } from "./append-log.ts";
import type { Places } from "./bind-plan.ts";
import type { DuckDbConfig } from "./config.ts";
import { checkLog, describeSource } from "./describe.ts";
import { Engine } from "./engine.ts";
import { eraseLog } from "./erase-log.ts";
import { pull } from "./pull.ts";
import { printJoin, retrieve } from "./retrieve.ts";
import type { Session } from "./session.ts";
import { describeSpine, spineKeys } from "./spine.ts";
import { computeStatistics } from "./statistics.ts";

/** Opens DuckDB in this process as the offline store: files and queries in, training sets out. Close it to free its memory and disk. */
export async function openDuckDbOfflineStore(config: DuckDbConfig): Promise<OfflineStore> {
  return new DuckDbOfflineStore(await Engine.open(config), config);
}

class DuckDbOfflineStore implements OfflineStore {
  readonly type = "duckdb";
  readonly #engine: Engine;
  readonly #places: Places;
  readonly #lanesAtOnce: number;

  constructor(engine: Engine, config: DuckDbConfig) {
    this.#engine = engine;
    this.#places = config;
    // Where memory is scarce on purpose, two views at a time would only spill twice as much.
    this.#lanesAtOnce = config.memoryLimit === undefined && config.threads !== 1 ? 2 : 1;
  }

  async toSql(plan: JoinPlan, spine: SpineInput): Promise<string> {
    await using session = await this.#engine.session();
    return await printJoin(session, this.#places, plan, spine);
  }

  async retrieve(plan: JoinPlan, spine: SpineInput, options: RunOptions = {}): Promise<OfflineResult> {
    const session = await this.#engine.session();
    try {
      return await retrieve(session, this.#places, plan, spine, this.#lanesAtOnce, options);
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  async *pull(request: PullRequest, options: RunOptions = {}): AsyncGenerator<PulledBatch> {
    await using session = await this.#engine.session();
    yield* pull(session, this.#places, request, options);
  }

  async describeSource(source: SourceModel, log: LogReference | null, { signal }: RunOptions = {}): Promise<SourceDescription> {
    return this.#with((session) => describeSource(session, this.#places, source, log, { signal }));
  }

  async checkLog(log: LogReference, as: ReadAs): Promise<void> {
    return this.#with((session) => checkLog(session, this.#places, log, as));
  }

  async computeStatistics(request: StatisticsRequest, options: RunOptions = {}): Promise<ViewStatistics> {
    return this.#with((session) => computeStatistics(session, this.#places, request, this.#lanesAtOnce, options));
  }

  async describeSpine(spine: GivenSpine): Promise<readonly ColumnInfo[]> {
    if (spine.kind === "rows") return spine.columns;
    return this.#with((session) => describeSpine(session, this.#places.repositoryPath, spine));
  }

  async append(log: LogReference, rows: readonly LogRow[]): Promise<void> {
    await this.#with((session) => appendLog(session, this.#places.logFolder, log, rows));
  }

  async *spineKeys(spine: GivenSpine, keys: SpinePlan["keys"], { signal }: RunOptions = {}): AsyncGenerator<RecordBatch> {
    await using session = await this.#engine.session();
    yield* spineKeys(session, this.#places.repositoryPath, spine, keys, { signal });
  }

  async eraseLog(
    log: LogReference,
    erasure: LogErasure,
    options: RunOptions & { readonly dryRun?: boolean } = {},
  ): Promise<LogErasureReport> {
    return this.#with((session) => eraseLog(session, this.#places.logFolder, log, erasure, options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]();
  }

  async #with<T>(work: (session: Session) => Promise<T>): Promise<T> {
    await using session = await this.#engine.session();
    return await work(session);
  }
}
