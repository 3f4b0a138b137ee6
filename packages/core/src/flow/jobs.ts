import type { JobRecord, Json } from "../store/registry.ts";
import type { Runtime } from "./runtime.ts";

/** How far one view of a materialization is. Kept in the job record, so that a run after a crash starts where it was. */
export interface ViewProgress {
  readonly status: "pending" | "running" | "done" | "failed";
  /** Partitions finished, of how many. */
  readonly done: number;
  readonly of: number;
  readonly rows: number;
  readonly written: number;
  /** What the partitions were cut from (source, definition, interval): when it changed, the view starts over. */
  readonly sourceSignature: string;
  readonly maxCreatedUs: number | null;
  /** When the first of its partitions was read; null = none was yet. */
  readonly readSinceUs: number | null;
  readonly error: string | null;
}

const noProgress: ViewProgress = {
  status: "pending",
  done: 0,
  of: 0,
  rows: 0,
  written: 0,
  sourceSignature: "",
  maxCreatedUs: null,
  readSinceUs: null,
  error: null,
};

/** A job under way: its record, updated as it proceeds. */
export interface OpenJob {
  readonly id: string;
  readonly resumed: boolean;
  progress(view: string): ViewProgress;
  update(view: string, progress: ViewProgress): Promise<void>;
  finish(status: "succeeded" | "failed" | "interrupted", error: string | null): Promise<void>;
}

/** Starts a job, or takes over the progress of an unfinished one with the same parameters whose owner is gone. */
export async function openJob(runtime: Runtime, kind: string, parameters: Json): Promise<OpenJob> {
  const nowUs = runtime.clock.nowUs();
  const unfinished = await findUnfinished(runtime, kind, parameters);
  if (unfinished !== null && unfinished.status === "running") {
    await runtime.registry.putJob({
      ...unfinished,
      status: "interrupted",
      error: "its process is gone",
      updatedAtUs: nowUs,
      finishedAtUs: nowUs,
    });
  }
  const progress = new Map<string, ViewProgress>(unfinished === null ? [] : readProgress(unfinished.progress));
  let record: JobRecord = {
    id: runtime.random.id(),
    project: runtime.project,
    kind,
    status: "running",
    parameters,
    progress: writeProgress(progress),
    error: null,
    startedAtUs: nowUs,
    updatedAtUs: nowUs,
    finishedAtUs: null,
    owner: runtime.owner,
  };
  await runtime.registry.putJob(record);
  const save = async (changes: Partial<JobRecord>): Promise<void> => {
    record = { ...record, progress: writeProgress(progress), updatedAtUs: runtime.clock.nowUs(), ...changes };
    await runtime.registry.putJob(record);
  };
  return {
    id: record.id,
    resumed: unfinished !== null,
    progress: (view) => progress.get(view) ?? noProgress,
    update: (view, next) => {
      progress.set(view, next);
      return save({});
    },
    finish: (status, error) => save({ status, error, finishedAtUs: runtime.clock.nowUs() }),
  };
}

/** The newest job of these parameters if it did not succeed and nobody works on it. */
async function findUnfinished(runtime: Runtime, kind: string, parameters: Json): Promise<JobRecord | null> {
  const text = JSON.stringify(parameters);
  const recent = await runtime.registry.listJobs(runtime.project, 100);
  const last = recent.find((job) => job.kind === kind && JSON.stringify(job.parameters) === text);
  if (last === undefined || last.status === "succeeded") return null;
  return last.status === "running" && runtime.isOwnerAlive(last.owner) ? null : last;
}

function writeProgress(progress: ReadonlyMap<string, ViewProgress>): Json {
  return Object.fromEntries([...progress].map(([view, p]) => [view, { ...p }]));
}

function readProgress(json: Json): [string, ViewProgress][] {
  if (json === null || typeof json !== "object" || Array.isArray(json)) return [];
  return Object.entries(json).map(([view, p]) => [view, { ...noProgress, ...(p as Partial<ViewProgress>) }]);
}
