import { access, constants } from "node:fs/promises";
import { AsofError, checkSources, validateRepository } from "@asof/core";
import { openSession } from "../../store/open-session.ts";
import type { Session } from "../../store/session.ts";
import type { CommandContext } from "../context.ts";
import { type GlobalOptions, resolveFrom } from "../with-session.ts";

/** One thing looked at. */
interface Finding {
  readonly check: string;
  readonly status: "ok" | "warning" | "failed";
  readonly detail: string;
}

/** `asof doctor`: looks at everything, also after a fault, and exits with 1 when something failed. */
export async function runDoctor(context: CommandContext, options: GlobalOptions): Promise<void> {
  const findings: Finding[] = [{ check: "Node", status: "ok", detail: process.version }];
  const folder = resolveFrom(context, options);
  findings.push(await look("repository folder", () => access(folder, constants.R_OK | constants.W_OK).then(() => folder)));
  let session: Session | null = null;
  findings.push(
    await look("feature_store.yaml and stores", async () => {
      session = await openSession({ repo: folder, environment: context.environment });
      const { project, registry, offline, online } = session.runtime;
      return `project ${project}; registry ${registry.type}, offline ${offline.type}, online ${online.type}`;
    }),
  );
  if (session !== null) {
    await using opened: Session = session;
    findings.push(...(await inspect(opened)));
  }
  if (context.json) context.printJson(findings);
  else for (const f of findings) context.print(`${mark(context, f)} ${f.check}: ${f.detail}`);
  if (findings.some((f) => f.status === "failed")) context.exitCode = 1;
}

async function inspect(session: Session): Promise<readonly Finding[]> {
  const definitions = await look("definitions", async () => {
    const model = await session.definitions();
    const issues = validateRepository(model);
    if (issues.length > 0)
      throw new AsofError("ASOF_DEFINITION_INVALID", issues.map((i) => `${i.path}: ${i.message} ${i.fix}`).join("\n    "));
    return `${model.views.length} views and ${model.services.length} services over ${model.sources.length} sources`;
  });
  const findings = [definitions];
  if (definitions.status === "ok") {
    findings.push(
      await look("sources", async () => {
        const issues = await checkSources(session.runtime.offline, await session.definitions());
        if (issues.length > 0)
          throw new AsofError("ASOF_SOURCE_COLUMN", issues.map((i) => `${i.path}: ${i.message} ${i.fix}`).join("\n    "));
        return "found, with the declared columns";
      }),
    );
    findings.push(await lookAtPlan(session));
  }
  findings.push(await lookAtViews(session), await lookAtJobs(session));
  return findings;
}

async function lookAtPlan(session: Session): Promise<Finding> {
  const finding = await look("registry", async () => {
    const plan = await session.plan({ skipSourceValidation: true });
    return plan.entries.length === 0 ? "as the definitions say" : `${plan.entries.length} changes are not applied; see \`asof plan\``;
  });
  return finding.status === "ok" && finding.detail.includes("not applied") ? { ...finding, status: "warning" } : finding;
}

async function lookAtViews(session: Session): Promise<Finding> {
  const finding = await look("online views", async () => {
    const { views } = await session.registry(true);
    const cold = [...views.values()].filter((v) => v.coverage.size === 0).map((v) => v.model.name);
    return cold.length === 0
      ? `${views.size} materialized`
      : `not materialized yet: ${cold.join(", ")}; run \`asof materialize-incremental\``;
  });
  return finding.detail.startsWith("not materialized") ? { ...finding, status: "warning" } : finding;
}

async function lookAtJobs(session: Session): Promise<Finding> {
  const { registry, project, isOwnerAlive } = session.runtime;
  const finding = await look("jobs", async () => {
    const jobs = await registry.listJobs(project, 50);
    const dead = jobs.filter((j) => j.status === "running" && !isOwnerAlive(j.owner));
    return dead.length === 0 ? `${jobs.length} known` : `${dead.length} ended without saying so; running the same command resumes them`;
  });
  return finding.detail.includes("without saying so") ? { ...finding, status: "warning" } : finding;
}

/** Runs one look; what it throws becomes a finding. */
async function look(check: string, run: () => Promise<string>): Promise<Finding> {
  try {
    return { check, status: "ok", detail: await run() };
  } catch (error) {
    return { check, status: "failed", detail: error instanceof Error ? error.message : String(error) };
  }
}

function mark(context: CommandContext, finding: Finding): string {
  if (finding.status === "ok") return context.paint.green("ok     ");
  return finding.status === "warning" ? context.paint.yellow("warning") : context.paint.red("failed ");
}
