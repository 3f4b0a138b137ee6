import { dirname, resolve } from "node:path";
import { AsofError } from "@asof/core";
import { loadConfig } from "../../config/load.ts";
import type { CommandContext } from "../context.ts";
import { isPlan, type PlanJson, printPlanCompactly } from "../dev/print-plan.ts";
import { type CommandAnswer, type CommandFault, runCommand } from "../dev/run-command.ts";
import { FolderWatch, folderOfGlob } from "../dev/watch-folders.ts";
import { type GlobalOptions, resolveFrom } from "../with-session.ts";

interface DevOptions extends GlobalOptions {
  readonly apply?: boolean;
  readonly recreate?: boolean | readonly string[];
  readonly adopt?: boolean | readonly string[];
  readonly skipSourceValidation?: boolean;
}

/** So long must it be quiet after a change: an editor that saves writes, renames and touches. */
const quietMs = 100;

/** Definitions that are watched when the configuration cannot be read. */
const defaultGlobs = ["features/**/*.ts"];

/** `asof dev`: plans whenever a file is saved, until Ctrl-C. A fault is told, and the next change waited for. */
export async function runDev(context: CommandContext, options: DevOptions): Promise<void> {
  const root = resolveFrom(context, options);
  const config = options.featureStoreYaml === undefined ? undefined : resolveFrom(context, options, options.featureStoreYaml);
  const changes = new Changes(context.signal);
  using watch = new FolderWatch(root, () => changes.note());
  const arm = async (): Promise<void> => {
    const globs = await definitionGlobs(root, config, context);
    watch.arm(
      globs.map((glob) => folderOfGlob(root, glob)),
      config === undefined ? [] : [dirname(config)],
    );
  };
  await arm();
  if (!context.json) context.print(context.paint.dim(`Watching ${root}. Ctrl-C ends it.`));
  let lastSaid = "";
  while (await changes.settle()) {
    // Watched anew before anything is read, so that no change in between is missed.
    await arm();
    const stop = AbortSignal.any([context.signal, changes.next()]);
    const answer = await runCommand(["plan", ...globalFlags(root, config), ...planFlags(options)], root, stop);
    if (answer === null) continue;
    const said = JSON.stringify([answer.output, answer.error]);
    if (said === lastSaid) {
      tell(context, { unchanged: true }, ["as before"]);
      continue;
    }
    lastSaid = said;
    sayAnswer(context, answer);
    if (options.apply === true && (await applyIfClean(context, root, config, options, answer))) lastSaid = "";
  }
}

async function definitionGlobs(root: string, file: string | undefined, { environment }: CommandContext): Promise<readonly string[]> {
  try {
    return (await loadConfig(root, environment, { file })).definitions;
  } catch (error) {
    // The plan tells what is wrong with it.
    if (error instanceof AsofError) return defaultGlobs;
    throw error;
  }
}

function globalFlags(root: string, config: string | undefined): readonly string[] {
  return ["--chdir", resolve(root), ...(config === undefined ? [] : ["--feature-store-yaml", config])];
}

function planFlags({ recreate, adopt, skipSourceValidation }: DevOptions): readonly string[] {
  const named = (flag: string, value: boolean | readonly string[] | undefined): readonly string[] =>
    value === undefined || value === false ? [] : [flag, ...(value === true ? [] : value)];
  return [
    ...named("--recreate", recreate),
    ...named("--adopt", adopt),
    ...(skipSourceValidation === true ? ["--skip-source-validation"] : []),
  ];
}

function sayAnswer(context: CommandContext, { output, error }: CommandAnswer): void {
  const { paint } = context;
  if (isPlan(output)) tell(context, { plan: output }, printPlanCompactly(output, paint));
  else {
    const fault: CommandFault = error ?? {
      code: "ASOF_DEFINITIONS_LOAD",
      message: "The definitions print to standard output, so that the plan cannot be read.",
    };
    tell(context, { error: fault }, [`${paint.red("error")} ${fault.message}`]);
  }
}

/** One entry of the log: a JSON line, or lines behind the time of day. */
function tell(context: CommandContext, what: Readonly<Record<string, unknown>>, lines: readonly string[]): void {
  const now = context.now();
  if (context.json) context.stdout.write(`${JSON.stringify({ at: now.toISOString(), ...what })}\n`);
  else context.print(`${context.paint.dim(now.toTimeString().slice(0, 8))} ${lines.join("\n")}`);
}

/** What is clean: something to do, nothing refused or deleted. A file that is saved half written often deletes. */
function isClean({ entries, refusals }: PlanJson): boolean {
  return entries.length > 0 && refusals.length === 0 && entries.every((entry) => entry.action !== "deleted");
}

/** Whether it was applied. An apply that has begun is not ended by a further save, only waited for. */
async function applyIfClean(
  context: CommandContext,
  root: string,
  config: string | undefined,
  options: DevOptions,
  { output }: CommandAnswer,
): Promise<boolean> {
  if (!isPlan(output) || output.entries.length === 0) return false;
  if (!isClean(output)) {
    tell(context, { applied: false }, [context.paint.yellow("not applied by itself: look at it, then run `asof apply`")]);
    return false;
  }
  const answer = await runCommand(["apply", ...globalFlags(root, config), ...planFlags(options)], root, context.signal);
  if (answer === null) return false;
  if (answer.status === 0) tell(context, { applied: true }, [context.paint.green("applied")]);
  else sayAnswer(context, { ...answer, output: null });
  return answer.status === 0;
}

/** Changes noted by watchers, and those who wait for them. */
class Changes {
  readonly #signal: AbortSignal;
  /** Planned once at the beginning. */
  #isPending = true;
  #lastMs = 0;
  #wake: (() => void) | null = null;
  #stop = new AbortController();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake?.());
  }

  note(): void {
    this.#isPending = true;
    this.#lastMs = performance.now();
    this.#stop.abort();
    this.#wake?.();
  }

  /** Aborted by the next change: what is being planned is then out of date. */
  next(): AbortSignal {
    this.#stop = new AbortController();
    if (this.#isPending) this.#stop.abort();
    return this.#stop.signal;
  }

  /** Waits for a change and for quiet after it; false when the command is to end. */
  async settle(): Promise<boolean> {
    for (;;) {
      if (this.#signal.aborted) return false;
      const leftMs = this.#isPending ? this.#lastMs + quietMs - performance.now() : null;
      if (leftMs !== null && leftMs <= 0) {
        this.#isPending = false;
        return true;
      }
      await this.#pause(leftMs);
    }
  }

  #pause(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? undefined : setTimeout(done, ms);
      const wake = done;
      this.#wake = wake;
      function done(): void {
        clearTimeout(timer);
        resolve();
      }
    });
  }
}
