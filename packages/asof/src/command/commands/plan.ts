import { AsofError, type Plan, planToJson, renderPlan, throwRefusals } from "@asof/core";
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

/** How often an apply is planned anew because another repository's came first. Each time that one has finished its own. */
const attemptsMax = 50;

/** `asof apply`: prints the plan, then carries out that very plan. Where others changed the registry in between, it prints and applies what is so now. */
export async function runApply(context: CommandContext, options: PlanCommandOptions): Promise<void> {
  await withSession(context, options, async (session) => {
    let shown = "";
    for (let attempt = 1; ; attempt++) {
      const plan = await session.plan({ ...options, signal: context.signal });
      const text = context.json ? "" : printed(context, plan);
      if (text !== shown) context.print(text);
      shown = text;
      context.signal.throwIfAborted();
      try {
        const status = await session.apply(plan);
        return sayApplied(context, plan, status);
      } catch (error) {
        const isLate = error instanceof AsofError && error.code === "ASOF_REGISTRY_CONFLICT";
        if (!isLate || attempt === attemptsMax) throw error;
      }
    }
  });
}

function sayApplied(context: CommandContext, plan: Plan, status: "applied" | "unchanged"): void {
  if (context.json) context.printJson({ status, plan: planToJson(plan) });
  else if (status === "applied") {
    const changes = plan.entries.length === 1 ? "1 change" : `${plan.entries.length} changes`;
    context.print(context.paint.green(`Applied ${changes} to project ${plan.project}.`));
  }
}

function show(context: CommandContext, plan: Plan): void {
  if (context.json) context.printJson(planToJson(plan));
  else context.print(printed(context, plan));
}

function printed(context: CommandContext, plan: Plan): string {
  return renderPlan(plan, { color: context.paint.bold("") !== "" });
}
