import { AsofError, formatInstant, type JobRecord, type ViewProgress } from "@asof/core";
import type { Session } from "../../store/session.ts";
import type { CommandContext } from "../context.ts";
import { readCount } from "../read-count.ts";
import { tableFor } from "../table.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

interface JobsCommandOptions extends GlobalOptions {
  readonly limit: string;
}

/** Jobs looked through for the beginning of an id. */
const searchedMax = 1_000;

/** `asof jobs [ID]`. */
export async function runJobs(context: CommandContext, id: string | undefined, options: JobsCommandOptions): Promise<void> {
  const limit = readCount("--limit", options.limit);
  await withSession(context, options, async (session) => {
    const { registry, project } = session.runtime;
    if (id !== undefined) {
      showJob(context, session, await findJob(session, id));
      return;
    }
    const jobs = await registry.listJobs(project, limit);
    if (context.json) context.printJson(jobs.map((job) => printable(session, job)));
    else if (jobs.length === 0) context.print("No jobs yet. `asof materialize-incremental` starts one.");
    else
      context.print(
        tableFor(
          context,
          ["ID", "KIND", "STATUS", "STARTED", "TOOK", "VIEWS"],
          jobs.map((job) => row(session, job)),
        ),
      );
  });
}

async function findJob(session: Session, id: string): Promise<JobRecord> {
  const { registry, project } = session.runtime;
  const [latest] = id === "latest" ? await registry.listJobs(project, 1) : [];
  if (latest !== undefined) return latest;
  const whole = await registry.getJob(id);
  if (whole !== null) return whole;
  const jobs = await registry.listJobs(project, searchedMax);
  const found = jobs.filter((job) => job.id.startsWith(id));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const what =
    id === "latest" ? "There are no jobs yet." : found.length === 0 ? `No job "${id}".` : `${found.length} jobs begin with "${id}".`;
  throw new AsofError("ASOF_OBJECT_UNKNOWN", what, { path: id, value: id, fix: "See `asof jobs` for their ids." });
}

/** A job that says it runs while its process is gone was killed: the same command resumes it. */
function statusOf(session: Session, job: JobRecord): string {
  return job.status === "running" && !session.runtime.isOwnerAlive(job.owner) ? "interrupted" : job.status;
}

function printable(session: Session, job: JobRecord): Readonly<Record<string, unknown>> {
  const { startedAtUs, updatedAtUs, finishedAtUs, ...rest } = job;
  return {
    ...rest,
    status: statusOf(session, job),
    startedAt: formatInstant(startedAtUs),
    updatedAt: formatInstant(updatedAtUs),
    finishedAt: finishedAtUs === null ? null : formatInstant(finishedAtUs),
  };
}

function progressOf(job: JobRecord): readonly (readonly [string, Partial<ViewProgress>])[] {
  return Object.entries((job.progress ?? {}) as Readonly<Record<string, Partial<ViewProgress>>>);
}

/** `done`, `3 of 8` partitions, or the status. */
function printProgress({ status, done, of }: Partial<ViewProgress>): string {
  return status === "running" ? `${done ?? 0} of ${of ?? 0}` : (status ?? "pending");
}

function tookOf(job: JobRecord): string {
  return `${(((job.finishedAtUs ?? job.updatedAtUs) - job.startedAtUs) / 1_000_000).toFixed(1)} s`;
}

function row(session: Session, job: JobRecord): readonly string[] {
  const views = progressOf(job).map(([view, progress]) => `${view} ${printProgress(progress)}`);
  return [job.id.slice(0, 12), job.kind, statusOf(session, job), formatInstant(job.startedAtUs), tookOf(job), views.join(", ")];
}

function showJob(context: CommandContext, session: Session, job: JobRecord): void {
  if (context.json) {
    context.printJson(printable(session, job));
    return;
  }
  const status = statusOf(session, job);
  context.print(`${context.paint.bold(`${job.kind} ${job.id}`)}: ${status}`);
  context.print(`started ${formatInstant(job.startedAtUs)}, took ${tookOf(job)}, by process ${job.owner}`);
  context.print(`asked for ${JSON.stringify(job.parameters)}`);
  if (job.error !== null) context.print(context.paint.red(job.error));
  const views = progressOf(job);
  if (views.length > 0) {
    const count = (n: number | undefined): string => (n ?? 0).toLocaleString("en");
    const cells = views.map(([view, p]) => [view, printProgress(p), `${p.done ?? 0} of ${p.of ?? 0}`, count(p.rows), count(p.written)]);
    context.print(`\n${tableFor(context, ["VIEW", "STATUS", "PARTITIONS", "ROWS READ", "WRITTEN"], cells)}`);
  }
  if (status === "interrupted" || status === "failed") context.print("\nThe same command goes on where it ended.");
}
