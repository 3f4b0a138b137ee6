import { type Plan, planToJson, renderPlan, throwRefusals } from "@asof/core";
import type { CommandContext } from "../context.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

interface PlanCommandOptions extends GlobalOptions {
  /** True for all; names where some were given. */
  readonly recreate?: boolean | readonly string[];
  readonly adopt?: boolean | readonly string[];
  readonly skipSourceValidation?: boolean;
}

/** `asof plan`: exit 0 also when there is something to change, 3 when the plan is refused. */
export async function runPlan(context: CommandContext, options: PlanCommandOptions): Promise<void> {
  await withSession(context, options, async (session) => {
    const plan = await session.plan({ ...options, signal: context.signal });
    show(context, plan);
    throwRefusals(plan);
  });
}

/** `asof apply`: prints the plan, then carries out that very plan. */
export async function runApply(context: CommandContext, options: PlanCommandOptions): Promise<void> {
  await withSession(context, options, async (session) => {
    const plan = await session.plan({ ...options, signal: context.signal });
    if (!context.json) show(context, plan);
    context.signal.throwIfAborted();
    const status = await session.apply(plan);
    if (context.json) context.printJson({ status, plan: planToJson(plan) });
    else if (status === "applied") {
      const changes = plan.entries.length === 1 ? "1 change" : `${plan.entries.length} changes`;
      context.print(context.paint.green(`Applied ${changes} to project ${plan.project}.`));
    }
  });
}

function show(context: CommandContext, plan: Plan): void {
  if (context.json) context.printJson(planToJson(plan));
  else context.print(renderPlan(plan, { color: context.paint.bold("") !== "" }));
}
