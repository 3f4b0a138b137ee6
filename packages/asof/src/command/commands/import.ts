import { relative } from "node:path";
import { importFeast } from "../../project/import-feast.ts";
import type { CommandContext } from "../context.ts";
import { type GlobalOptions, resolveFrom } from "../with-session.ts";

interface ImportFeastOptions extends GlobalOptions {
  readonly out?: string;
  readonly project?: string;
}

/** `asof import feast PATH`. */
export async function runImportFeast(context: CommandContext, from: string, options: ImportFeastOptions): Promise<void> {
  const workingFolder = resolveFrom(context, options);
  const out = options.out === undefined ? undefined : resolveFrom(context, options, options.out);
  const imported = await importFeast({ from, out, workingFolder, project: options.project, environment: context.environment });
  const { project, folder, yamlName, written, model, unsupported, notes } = imported;
  if (context.json) {
    const names = (objects: readonly { readonly name: string }[]): readonly string[] => objects.map((object) => object.name);
    const { entities, sources, views, services } = model;
    const found = { entities: names(entities), sources: names(sources), feature_views: names(views), feature_services: names(services) };
    context.printJson({ project, folder, written, imported: found, unsupported, notes });
    return;
  }
  const counts = `${model.entities.length} entities, ${model.sources.length} sources, ${model.views.length} feature views, ${model.services.length} services`;
  context.print(context.paint.green(`Imported project ${project}: ${counts}.`));
  const place = relative(context.workingFolder, folder);
  for (const file of written) context.print(`  ${place === "" ? file : `${place}/${file}`}`);
  if (unsupported.length > 0) {
    context.print(`\n${unsupported.length} objects stay in the registry as Feast wrote them, and asof does not run them:`);
    for (const { kind, name, why, fix } of unsupported) context.print(`  ${kind.replaceAll("_", " ")} ${name}: ${why}. ${fix}`);
  }
  for (const note of notes) context.print(`\n${note}`);
  const option = yamlName === null ? "" : `--feature-store-yaml ${yamlName} `;
  context.print(`\nNext: ${place === "" ? "" : `cd ${place} && `}asof ${option}plan`);
}
