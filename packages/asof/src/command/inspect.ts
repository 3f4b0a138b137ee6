import { statfsSync } from "node:fs";
import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import {
  AsofError,
  checkSources,
  formatDuration,
  formatInstant,
  type Issue,
  type RepositoryModel,
  type SourceModel,
  validateRepository,
} from "@asof/core";
import { type Config, loadConfig } from "../config/load.ts";
import { loadDefinitions } from "../store/definitions.ts";
import { sessionOver } from "../store/open-session.ts";
import type { Session } from "../store/session.ts";
import { openOffline, openOnline, openRegistry } from "../store/wiring.ts";

/** One thing looked at. */
export interface Finding {
  readonly check: string;
  readonly status: "ok" | "warning" | "failed";
  readonly detail: string;
}

export interface InspectOptions {
  readonly repositoryPath: string;
  readonly configFile: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** What a look found, or a reason to warn. */
type Looked = string | { readonly warning: string };

/** Looks at everything that a repository stands on, and goes on after a fault as far as it can. Nothing is changed. */
export async function inspect(options: InspectOptions): Promise<readonly Finding[]> {
  const findings = new Findings();
  const { repositoryPath } = options;
  await findings.look("Node", async () => `${process.version} at ${process.execPath}`);
  await findings.look("repository", async () => {
    await access(repositoryPath, constants.R_OK | constants.W_OK);
    return repositoryPath;
  });
  const config = await findings.look(
    "configuration",
    () => loadConfig(repositoryPath, options.environment, { file: options.configFile }),
    describeConfig,
  );
  if (config !== null) await inspectStores(findings, config, options);
  return findings.all;
}

/** Findings in order. */
class Findings {
  readonly all: Finding[] = [];

  /** Runs one look; what it throws becomes a finding. Returns what it found, or null. */
  async look<T>(check: string, run: () => Promise<T>, describe: (found: T) => Looked = (found) => String(found)): Promise<T | null> {
    try {
      const found = await run();
      const looked = describe(found);
      this.all.push(
        typeof looked === "string" ? { check, status: "ok", detail: looked } : { check, status: "warning", detail: looked.warning },
      );
      return found;
    } catch (error) {
      this.all.push({ check, status: "failed", detail: error instanceof Error ? error.message : String(error) });
      return null;
    }
  }
}

function describeConfig(config: Config): Looked {
  const text = `project ${config.project}, repository ${config.repository}, ${config.path ?? "from FEATURE_STORE_YAML_BASE64"}`;
  if (config.unused.length === 0) return text;
  return { warning: `${text}; this version reads past ${config.unused.map((u) => `${u.key} (${u.place})`).join(", ")}` };
}

async function inspectStores(findings: Findings, config: Config, options: InspectOptions): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const { repositoryPath } = options;
  const registry = await findings.look(
    "registry",
    async () => opened.use(await openRegistry(config)),
    () => placeOf(config.registry),
  );
  const offline = await findings.look(
    "offline store",
    async () => opened.use(await openOffline(repositoryPath, config)),
    () => `${config.offlineStore.type}${describeMemory(config)}`,
  );
  const online = await findings.look(
    "online store",
    async () => opened.use(await openOnline(config)),
    () => placeOf(config.onlineStore),
  );
  const definitions = await findings.look("definitions", () => readDefinitions(config, options), describeDefinitions);
  if (offline !== null && definitions !== null) {
    await findings.look(
      "sources",
      async () => throwAll(await checkSources(offline, definitions, { signal: options.signal })),
      () => "there, with the declared columns",
    );
  }
  if (registry === null || offline === null || online === null || definitions === null) return;
  const session = sessionOver(repositoryPath, config, { registry, offline, online, close: async () => undefined }, { definitions });
  await findings.look(
    "what is applied",
    () => session.plan({ skipSourceValidation: true }),
    (plan) =>
      plan.entries.length === 0
        ? "the definitions as they are"
        : { warning: `${plan.entries.length} changes are not applied yet; see \`asof plan\`` },
  );
  for (const source of definitions.sources) await lookAtSource(findings, session, source);
  await lookAtViews(findings, session);
  await lookAtJobs(findings, session);
}

/** Type, path and the room that is left on its disk. */
function placeOf(store: { readonly type: string; readonly path?: string }): Looked {
  if (store.path === undefined) return { warning: `${store.type}: gone when the process ends` };
  const freeGb = freeBytes(store.path) / 1e9;
  const text = `${store.type} at ${store.path}, ${freeGb.toFixed(1)} GB free`;
  return freeGb < 0.5 ? { warning: `${text}: the disk is nearly full` } : text;
}

/** The file may not be there yet: then the folder above it tells. */
function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return dirname(path) === path ? 0 : freeBytes(dirname(path));
  }
}

function describeMemory({ offlineStore }: Config): string {
  const parts = [
    ...(offlineStore.memoryLimit === undefined ? [] : [`memory limit ${offlineStore.memoryLimit}`]),
    ...(offlineStore.threads === undefined ? [] : [`${offlineStore.threads} threads`]),
  ];
  return parts.length === 0 ? "" : ` with ${parts.join(" and ")}`;
}

async function readDefinitions(config: Config, { repositoryPath, signal }: InspectOptions): Promise<RepositoryModel> {
  const model = await loadDefinitions(repositoryPath, config.definitions, { project: config.project, signal });
  throwAll(validateRepository(model));
  return model;
}

function describeDefinitions({ views, services, sources }: RepositoryModel): Looked {
  const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
  return `${count(views.length, "view")} and ${count(services.length, "service")} over ${count(sources.length, "source")}`;
}

function throwAll(issues: readonly Issue[]): void {
  if (issues.length === 0) return;
  throw new AsofError("ASOF_DEFINITION_INVALID", issues.map((i) => `${i.path}: ${i.message} ${i.fix}`).join("\n    "), { issues });
}

/** How many rows there are and how old the newest is. */
async function lookAtSource(findings: Findings, session: Session, source: SourceModel): Promise<void> {
  const { offline, project, clock } = session.runtime;
  await findings.look(
    `source ${source.name}`,
    () => offline.describeSource(source, source.type === "push" ? { project, source } : null),
    ({ rowCount, maxEventTimeUs, rowsWithoutEventTime }) => {
      const rows = `${rowCount.toLocaleString("en")} rows`;
      if (rowCount === 0) return { warning: source.type === "push" ? "no rows yet; `asof push` brings some" : "no rows" };
      if (rowsWithoutEventTime > 0)
        return { warning: `${rows}, ${rowsWithoutEventTime.toLocaleString("en")} without event time: they never match` };
      if (maxEventTimeUs === null) return `${rows}, without time: visible at every t`;
      return `${rows}, the newest of ${formatInstant(maxEventTimeUs)}, ${printAge(clock.nowUs() - maxEventTimeUs)}`;
    },
  );
}

/** `3 d ago`, `in 12 d`: two instants apart, in the largest unit that fits. */
function printAge(us: number): string {
  const units = [
    [86_400_000_000, "d"],
    [3_600_000_000, "h"],
    [60_000_000, "min"],
    [1_000_000, "s"],
  ] as const;
  const size = Math.abs(us);
  const [unit, name] = units.find(([length]) => size >= length) ?? [1_000_000, "s"];
  const text = `${Math.floor(size / unit)} ${name}`;
  return us < 0 ? `in ${text}` : `${text} ago`;
}

async function lookAtViews(findings: Findings, session: Session): Promise<void> {
  const { views } = await session.registry(true);
  const nowUs = session.runtime.clock.nowUs();
  for (const { model, coverage } of views.values()) {
    await findings.look(
      `view ${model.name}`,
      async () => {
        const ends = model.features.map((f) => coverage.get(f.name)?.toUs ?? null);
        const missing = model.features.filter((_, i) => ends[i] === null).map((f) => f.name);
        return { ends: ends.filter((end) => end !== null), missing };
      },
      ({ ends, missing }) => {
        if (ends.length === 0) return { warning: "not materialized yet; run `asof materialize-incremental`" };
        if (missing.length > 0) return { warning: `not materialized: ${missing.join(", ")}; run \`asof materialize-incremental\`` };
        const endUs = Math.min(...ends);
        const text = `materialized to ${formatInstant(endUs)}, ${printAge(nowUs - endUs)}`;
        if (model.form === "plain" && model.ttlUs !== null && nowUs - endUs > model.ttlUs)
          return { warning: `${text}: longer than its ttl of ${formatDuration(model.ttlUs)}, so it has no values now` };
        return text;
      },
    );
  }
}

async function lookAtJobs(findings: Findings, session: Session): Promise<void> {
  const { registry, project, isOwnerAlive } = session.runtime;
  await findings.look(
    "jobs",
    () => registry.listJobs(project, 50),
    (jobs) => {
      const [last] = jobs;
      const dead = jobs.filter((j) => j.status === "running" && !isOwnerAlive(j.owner));
      if (dead.length > 0) return { warning: `${dead.length} ended without saying so; the same command resumes them, see \`asof jobs\`` };
      if (last?.status === "failed") return { warning: `the last one failed: ${last.error ?? ""}` };
      return last === undefined ? "none yet" : `the last, ${last.kind} of ${formatInstant(last.startedAtUs)}, ${last.status}`;
    },
  );
}
