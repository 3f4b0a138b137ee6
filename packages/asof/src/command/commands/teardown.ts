import { AsofError, applyPlan, type OnlineView, onlineViewOf, type RegistryView, renderPlan, teardownPlan } from "@asof/core";
import { confirm, requireTerminal } from "../confirm.ts";
import type { CommandContext } from "../context.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

interface TeardownOptions extends GlobalOptions {
  readonly yes?: boolean;
}

/** `asof teardown`: unregisters what this repository manages, then empties the online store of its views. Sources stay as they are. */
export async function runTeardown(context: CommandContext, options: TeardownOptions): Promise<void> {
  await withSession(context, options, async (session) => {
    const { registry, project, clock, online } = session.runtime;
    const before = await session.registry(true);
    const plan = teardownPlan(await registry.snapshot(null), project, session.repositoryName);
    if (plan.changes.length === 0) {
      if (context.json) context.printJson({ status: "unchanged", deleted: [] });
      else context.print(`Nothing of repository ${session.repositoryName} is registered in project ${project}.`);
      return;
    }
    if (!context.json) context.print(renderPlan(plan));
    if (options.yes !== true) {
      requireTerminal(context, "Teardown asks before it deletes", "Add --yes.");
      await confirm(context, `Delete these ${plan.entries.length} objects and their online data?`, "Nothing was deleted.");
    }
    const outcome = await applyPlan(registry, plan, clock);
    if (outcome.status === "conflict") {
      throw new AsofError("ASOF_REGISTRY_CONFLICT", "Another process applied something meanwhile; nothing was changed.", {
        fix: "Run it again.",
      });
    }
    const stored = plan.entries.filter((e) => e.kind === "feature_view").map((e) => generationsOf(before, e.name));
    for (const view of stored.flat()) await online.truncate(view);
    const views = stored.filter((generations) => generations.length > 0).length;
    if (context.json) context.printJson({ status: outcome.status, deleted: plan.entries.map((e) => ({ kind: e.kind, name: e.name })) });
    else context.print(context.paint.green(`Deleted ${plan.entries.length} objects and the online data of ${views} views.`));
  });
}

/** Every generation of a view that may have data. */
function generationsOf(registry: RegistryView, name: string): readonly OnlineView[] {
  const state = registry.states.get(name);
  const model = registry.models.views.get(name);
  if (state === undefined || model === undefined) return [];
  const served = onlineViewOf(registry.project, model, state, state.activeGeneration);
  return [...state.keptGenerations, ...state.retiredGenerations].map((generation) => ({ ...served, generation }));
}
