import { Argument, type Command } from "commander";
import { type NameKind, nameKinds } from "./completion/model.ts";
import { shells } from "./completion/scripts.ts";
import type { CommandContext } from "./context.ts";
import { addCommand } from "./define.ts";

/** What is known of values, and where they come from. */
export function addValueCommands(program: Command, context: CommandContext): void {
  addCommand(program, "describe", "print a feature view or a feature, and what is known of its values", {
    examples: ["asof describe churn_features", "asof describe churn_features:monthly_charges", "asof describe churn_features --json"],
  })
    .argument("<name>", "a view, or view:feature")
    .action(async (name: string, _options, command: Command) =>
      (await import("./commands/statistics.ts")).runDescribeValues(context, name, command.optsWithGlobals()),
    );
  const group = addCommand(program, "statistics", "compute figures of the values of feature views, or list those that are kept", {
    examples: ["asof statistics compute churn_features", "asof statistics list churn_features:monthly_charges"],
  });
  addCommand(group, "compute", "describe the values of views now: counts, extremes, quantiles, frequent values, histogram", {
    examples: ["asof statistics compute", "asof statistics compute churn_features --start 2017-01-01 --end 2017-12-01"],
  })
    .argument("[views...]", "feature views; default all that are stored")
    .option("--start <time>", "first event time; default the beginning")
    .option("--end <time>", "event times before it; default now")
    .option("--sample", "count a sample of at most about 100,000 rows, as materialize does")
    .action(async (views: string[], _options, command: Command) =>
      (await import("./commands/statistics.ts")).runCompute(context, views, command.optsWithGlobals()),
    );
  addCommand(group, "list", "list the kept figures of a view or a feature, newest first", {
    examples: ["asof statistics list churn_features", "asof statistics list churn_features:monthly_charges --limit 60 --json"],
  })
    .argument("<name>", "a view, or view:feature")
    .option("--limit <n>", "runs of each feature", "10")
    .action(async (name: string, _options, command: Command) =>
      (await import("./commands/statistics.ts")).runListStatistics(context, name, command.optsWithGlobals()),
    );
  addCommand(
    program,
    "lineage",
    "show what something was made from and what was made from it: sources, features, services, training sets",
    {
      examples: [
        "asof lineage churn_v1 --up",
        "asof lineage churn_features:tenure_months --columns",
        "asof lineage baskets --down --depth 1 --json",
      ],
    },
  )
    .argument("<node>", "a view, view:feature, a source, source.column, a service or a training set")
    .option("--up", "only what it was made from")
    .option("--down", "only what was made from it")
    .option("--depth <n>", "so many steps; default all")
    .option("--columns", "columns and features instead of sources and views")
    .action(async (node: string, _options, command: Command) =>
      (await import("./commands/lineage.ts")).runLineage(context, node, command.optsWithGlobals()),
    );
}

/** Completion for shells; the hidden part is what their scripts ask for names. */
export function addCompletionCommand(program: Command, context: CommandContext): void {
  const group = addCommand(program, "completion", "print a script that completes commands, flags and names of objects in a shell", {
    examples: ["asof completion bash", "asof completion zsh", "asof completion fish"],
  });
  for (const shell of shells) {
    addCommand(group, shell, `print the script for ${shell}`, { examples: [`asof completion ${shell}`] }).action(async () =>
      (await import("./commands/completion.ts")).runCompletion(context, shell, program),
    );
  }
  addCommand(group, "names", "print names of registered objects, one a line, as the scripts ask for them", {
    examples: ["asof completion names view"],
  })
    .addArgument(new Argument("<kind>", "what to name").choices(nameKinds))
    .action(async (kind: NameKind, _options, command: Command) =>
      (await import("./commands/completion.ts")).runNames(context, kind, command.optsWithGlobals()),
    );
}
