import type { CommandContext } from "../context.ts";
import { type Finding, inspect } from "../inspect.ts";
import { type GlobalOptions, resolveFrom } from "../with-session.ts";

/** `asof doctor`: looks at everything, also after a fault, and exits with 1 when something failed. */
export async function runDoctor(context: CommandContext, options: GlobalOptions): Promise<void> {
  const { featureStoreYaml } = options;
  const findings = await inspect({
    repositoryPath: resolveFrom(context, options),
    configFile: featureStoreYaml === undefined ? undefined : resolveFrom(context, options, featureStoreYaml),
    environment: context.environment,
    signal: context.signal,
  });
  context.signal.throwIfAborted();
  if (context.json) context.printJson(findings);
  else {
    const width = Math.max(...findings.map((f) => f.check.length));
    for (const finding of findings) context.print(`${mark(context, finding)}  ${finding.check.padEnd(width)}  ${finding.detail}`);
  }
  if (findings.some((f) => f.status === "failed")) context.exitCode = 1;
}

function mark({ paint }: CommandContext, { status }: Finding): string {
  if (status === "ok") return paint.green("ok     ");
  return status === "warning" ? paint.yellow("warning") : paint.red("failed ");
}
