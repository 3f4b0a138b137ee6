import { runDemo as run } from "../../demo/run-demo.ts";
import type { CommandContext } from "../context.ts";

/** `asof demo`: exit 4 when a served value differs from training. */
export async function runDemo(context: CommandContext, options: { readonly injectSkew?: boolean; readonly keep?: boolean }): Promise<void> {
  const { paint } = context;
  const startMs = performance.now();
  const elapsed = (): string => paint.dim(`${((performance.now() - startMs) / 1000).toFixed(1).padStart(5)} s`);
  const print = context.json
    ? { step: () => undefined, line: () => undefined }
    : {
        step: (title: string) => context.print(`\n${elapsed()}  ${paint.bold(title)}`),
        line: (text: string) => context.print(`         ${text}`),
      };
  const result = await run(print, {
    injectSkew: options.injectSkew === true,
    keep: options.keep === true,
    signal: context.signal,
    environment: context.environment,
  });
  if (context.json) context.printJson(result);
  else {
    context.print(`\n${elapsed()}  ${paint.green("Done: one definition, one history, the same numbers on both sides.")}`);
    context.print(`
What to try next:
  npx asof demo --inject-skew     breaks one feature on purpose; the demo must fail and name it
  npx asof init shop              the same project in a folder of yours, its data moved to this week
  docs/start.md                   from an empty folder to a feature of your own`);
  }
}
