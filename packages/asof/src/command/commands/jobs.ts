import { AsofError, formatInstant, type JobRecord } from "@asof/core";
import type { CommandContext } from "../context.ts";
import { printTable } from "../table.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

interface JobsCommandOptions extends GlobalOptions {
  readonly limit: string;
}

/** `asof jobs [ID]`. */
export async function runJobs(context: CommandContext, id: string | undefined, options: JobsCommandOptions): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new AsofError("ASOF_USAGE", `--limit is "${options.limit}".`, {
      path: "--limit",
      value: options.limit,
      fix: "Give a whole number from 1.",
    });
  }
  await withSession(context, options, async (session) => {
    const { registry, project } = session.runtime;
    if (id !== undefined) {
      const job = await registry.getJob(id);
      if (job === null) {
        throw new AsofError("ASOF_OBJECT_UNKNOWN", `No job "${id}".`, { path: id, value: id, fix: "See `asof jobs` for their ids." });
      }
      if (context.json) context.printJson(printable(job));
      else context.print(JSON.stringify(printable(job), null, 2));
      return;
    }
    const jobs = await registry.listJobs(project, limit);
    if (context.json) context.printJson(jobs.map(printable));
    else if (jobs.length === 0) context.print("No jobs yet. `asof materialize-incremental` starts one.");
    else context.print(printTable(["ID", "KIND", "STATUS", "STARTED", "PROGRESS"], jobs.map(row)));
  });
}

function printable(job: JobRecord): Readonly<Record<string, unknown>> {
  const { startedAtUs, updatedAtUs, finishedAtUs, ...rest } = job;
  return {
    ...rest,
    startedAt: formatInstant(startedAtUs),
    updatedAt: formatInstant(updatedAtUs),
    finishedAt: finishedAtUs === null ? null : formatInstant(finishedAtUs),
  };
}

function row(job: JobRecord): readonly string[] {
  const views = Object.entries((job.progress ?? {}) as Record<string, { status?: string; done?: number; of?: number }>);
  const progress = views
    .map(([view, p]) => `${view} ${p.status === "running" ? `${p.done ?? 0}/${p.of ?? 0}` : (p.status ?? "")}`)
    .join(", ");
  return [job.id, job.kind, job.status, formatInstant(job.startedAtUs), progress];
}
