import { modelsFromSnapshot } from "@asof/core";
import type { Command } from "commander";
import { loadConfig } from "../../config/load.ts";
import { openRegistry } from "../../store/wiring.ts";
import { completionModel, type NameKind } from "../completion/model.ts";
import { completionScript, type Shell } from "../completion/scripts.ts";
import type { CommandContext } from "../context.ts";
import { type GlobalOptions, resolveFrom } from "../with-session.ts";

/** `asof completion SHELL`: the script, made from the program that runs. */
export function runCompletion(context: CommandContext, shell: Shell, program: Command): void {
  context.stdout.write(completionScript(shell, completionModel(program)));
}

/**
 * `asof completion names KIND`: names of registered objects, one a line, for the scripts. Reads the registry alone, makes nothing, and says
 * nothing where there is none: whoever presses Tab wants no error.
 */
export async function runNames(context: CommandContext, kind: NameKind, options: GlobalOptions): Promise<void> {
  try {
    for (const name of await namesOf(context, kind, options)) context.print(name);
  } catch {
    context.exitCode = 1;
  }
}

async function namesOf(context: CommandContext, kind: NameKind, options: GlobalOptions): Promise<readonly string[]> {
  const { featureStoreYaml } = options;
  const file = featureStoreYaml === undefined ? undefined : resolveFrom(context, options, featureStoreYaml);
  const config = await loadConfig(resolveFrom(context, options), context.environment, { file });
  await using registry = await openRegistry(config);
  const snapshot = await registry.snapshot(kind === "project" ? null : config.project);
  if (kind === "project") return [...new Set(snapshot.records.map((record) => record.project))];
  const models = modelsFromSnapshot(snapshot);
  const views = [...models.views.keys()];
  const references = [...models.views.values()].flatMap((view) => view.features.map((f) => `${view.name}:${f.name}`));
  const names: Readonly<Record<Exclude<NameKind, "project">, readonly string[]>> = {
    view: views,
    reference: references,
    view_or_reference: [...views, ...references],
    source: [...models.sources.keys()],
    entity: [...models.entities.keys()],
    service: [...models.services.keys()],
    label: [...models.labels.keys()],
    node: [...views, ...references, ...models.sources.keys(), ...models.services.keys(), ...models.labels.keys()],
  };
  return [...names[kind]].sort();
}
