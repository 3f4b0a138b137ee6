import type { RepositoryModel } from "../definition/model.ts";
import { AsofError } from "../error/error.ts";
import type { Clock } from "../platform/clock.ts";
import { sleep } from "../platform/sleep.ts";
import type { RegistrySnapshot, RegistryStore } from "../store/registry.ts";
import type { Plan, PlanOptions } from "./plan.ts";
import { planChanges } from "./plan-changes.ts";
import { snapshotForPlan } from "./shared-views.ts";

/** What became of a plan. `conflict`: the registry has moved on since it was made; nothing was changed, plan again. */
export type ApplyOutcome =
  | { readonly status: "applied"; readonly version: number }
  | { readonly status: "unchanged" }
  | { readonly status: "conflict" };

/**
 * Carries out exactly what a plan says, in one transaction: definitions, state of views, lineage. Statistics of
 * deleted views are forgotten after it. Throws its refusals
 * (ASOF_IN_USE, ASOF_NOT_OWNER, …) before any change.
 */
export async function applyPlan(store: RegistryStore, plan: Plan, clock: Clock): Promise<ApplyOutcome> {
  throwRefusals(plan);
  if (plan.changes.length === 0) return { status: "unchanged" };
  const { project } = plan;
  const nowUs = clock.nowUs();
  const lineage = {
    add: plan.lineage.added.map((edge) => ({ ...edge, project, recordedBy: "apply", recordedAtUs: nowUs })),
    remove: plan.lineage.removed.map(({ from, to }) => ({ project, from, to, recordedBy: "apply" })),
  };
  const result = await store.commit({ changes: plan.changes, ifDefinitionsVersion: plan.definitionsVersion, lineage }, nowUs);
  if (result === "conflict") return { status: "conflict" };
  // A view of the same name that comes later begins a time series of its own.
  const deleted = plan.entries.filter((entry) => entry.kind === "feature_view" && entry.action === "deleted");
  for (const { name } of deleted) await store.deleteStatistics({ project, view: name });
  return { status: "applied", version: result.version };
}

/** Throws what a plan refuses: the refusal itself, or one error that lists them all. */
export function throwRefusals(plan: Plan): void {
  const [first, ...others] = plan.refusals;
  if (first === undefined) return;
  const { code, path, value, message, fix } = first;
  if (others.length === 0) throw new AsofError(code, message, { path, value, fix, issues: plan.refusals });
  const list = plan.refusals.map((r) => `\n  [${r.code}] ${r.message} ${r.fix}`).join("");
  throw new AsofError(code, `${plan.refusals.length} changes are refused:${list}`, { path, issues: plan.refusals });
}

/** Each lost attempt means that another process applied something. */
const attemptsMax = 100;
const pauseMaxMs = 20;

/**
 * Plans and applies until the plan meets the registry from which it was made. ASOF_REGISTRY_CONFLICT when others were faster
 * 100 times. Returns the plan that was applied.
 */
async function applyUntilCurrent(
  store: RegistryStore,
  readSnapshot: () => Promise<RegistrySnapshot>,
  makePlan: (snapshot: RegistrySnapshot) => Plan,
  project: string,
  clock: Clock,
): Promise<{ readonly plan: Plan; readonly outcome: Exclude<ApplyOutcome, { readonly status: "conflict" }> }> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const plan = makePlan(await readSnapshot());
    const outcome = await applyPlan(store, plan, clock);
    if (outcome.status !== "conflict") return { plan, outcome };
    await sleep(Math.min(pauseMaxMs, attempt));
  }
  throw new AsofError(
    "ASOF_REGISTRY_CONFLICT",
    `Other processes changed the registry of project "${project}" first, ${attemptsMax} times in a row.`,
    {
      path: project,
      fix: "Run again when fewer appliers run.",
    },
  );
}

/** Brings the registry to what a repository defines: plan and apply in one. */
export async function applyDefinitions(
  store: RegistryStore,
  model: RepositoryModel,
  repository: string,
  options: PlanOptions,
  clock: Clock,
): ReturnType<typeof applyUntilCurrent> {
  const readSnapshot = (): Promise<RegistrySnapshot> => snapshotForPlan(store, model.project, model);
  return applyUntilCurrent(store, readSnapshot, (snapshot) => planChanges(snapshot, model, repository, options), model.project, clock);
}
