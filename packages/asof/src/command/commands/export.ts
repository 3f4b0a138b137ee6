import { existsSync } from "node:fs";
import { AsofError, systemClock } from "@asof/core";
import { loadConfig } from "../../config/load.ts";
import { exportFeastRegistry, readWholeRegistry, writeNew } from "../../project/export-registry.ts";
import { checkOutput } from "../../store/check-output.ts";
import { openRegistry } from "../../store/wiring.ts";
import type { CommandContext } from "../context.ts";
import { type GlobalOptions, resolveFrom } from "../with-session.ts";

interface ExportOptions extends GlobalOptions {
  readonly out?: string;
  readonly format: "feast" | "json";
}

/** `asof export registry`. */
export async function runExportRegistry(context: CommandContext, options: ExportOptions): Promise<void> {
  const repository = resolveFrom(context, options);
  const { featureStoreYaml } = options;
  const file = featureStoreYaml === undefined ? undefined : resolveFrom(context, options, featureStoreYaml);
  const config = await loadConfig(repository, context.environment, { file });
  await using registry = await openRegistry(config);
  const name = options.out ?? (options.format === "feast" ? "registry.pb" : null);
  const path = name === null ? null : resolveFrom(context, options, name);
  if (path !== null) checkOutput(path, { kind: "file", makesFolders: true });
  if (path !== null && existsSync(path)) {
    throw new AsofError("ASOF_OUTPUT_FAILED", `${path} is there already; nothing was written.`, {
      path,
      fix: "Give another file with --out.",
    });
  }
  if (options.format === "feast") {
    const counts = await exportFeastRegistry(registry, path ?? "registry.pb", systemClock.nowUs());
    if (context.json) context.printJson({ path, ...counts });
    else
      context.print(context.paint.green(`Wrote ${name}: ${counts.feastObjects} objects for Feast, ${counts.records} records of asof's.`));
    return;
  }
  const whole = await readWholeRegistry(registry);
  if (path === null) {
    context.printJson(whole);
    return;
  }
  await writeNew(path, `${JSON.stringify(whole, null, 2)}\n`);
  if (context.json) context.printJson({ path, records: whole.records.length });
  else context.print(context.paint.green(`Wrote ${name}: ${whole.records.length} records.`));
}
