import { createRequire } from "node:module";
import { Command, Option } from "commander";
import type { CommandContext } from "./context.ts";
import { describedKinds } from "./kinds.ts";

/** Repeats of an option collected in order. */
const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

const { version } = createRequire(import.meta.url)("asof/package.json") as { readonly version: string };

/**
 * The command line as commander knows it. Actions load their code when they run, so that `--help` answers at once.
 * Names and flags are Feast's where Feast has them.
 */
export function buildProgram(context: CommandContext): Command {
  const program = new Command("asof")
    .description("The feature store for TypeScript: one definition for training sets and online answers, and proof that they agree.")
    .version(version, "-V, --version", "print the version")
    .option("-c, --chdir <dir>", "work in this repository folder", ".")
    .option("--json", "print one JSON value on standard output; errors as JSON on standard error")
    .helpOption("-h, --help", "print help")
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      // The fault itself is printed by main, once and in the form asked for.
      outputError: () => undefined,
    })
    .addHelpText(
      "after",
      `
Examples:
  $ asof init shop && cd shop          a repository with real data to play with
  $ asof plan                          what apply would change
  $ asof apply
  $ asof materialize-incremental       history → online store
  $ asof get-online-features -s churn_v1 -e customer_id=900 -e amount=25

Exit codes: 0 done, 1 failed, 2 wrong use, 3 refused, 4 parity broken, 130 interrupted.`,
    );
  addRepositoryCommands(program, context);
  addDataCommands(program, context);
  addLookCommands(program, context);
  return program;
}

/** Global options reach every subcommand, also when written behind its name. */
function addCommand(program: Command, name: string, description: string, examples: readonly string[]): Command {
  return program
    .command(name)
    .description(description)
    .option("-c, --chdir <dir>", "work in this repository folder")
    .option("--json", "print one JSON value on standard output")
    .addHelpText("after", `\nExamples:\n${examples.map((e) => `  $ ${e}`).join("\n")}`);
}

function addRepositoryCommands(program: Command, context: CommandContext): void {
  addCommand(program, "init", "write predictflow, a churn example with real data, into a new folder", [
    "asof init shop",
    "asof init shop --keep-dates",
  ])
    .argument("[name]", "folder to make", "predictflow")
    .option("--keep-dates", "keep the data's own year, 2017, instead of moving it by whole weeks so that it ends this week")
    .action(async (name: string, options: { keepDates?: boolean }) => (await import("./commands/init.ts")).runInit(context, name, options));

  const planned = (command: Command): Command =>
    command
      .option("--recreate [view...]", "allow views to be rebuilt whose meaning changes: all, or those named")
      .option("--adopt [object...]", "take over objects of other repositories: all defined here, or those named")
      .option("--skip-source-validation", "do not look at the sources");
  planned(addCommand(program, "plan", "show what apply would change, and what that implies", ["asof plan", "asof plan --json"])).action(
    async (_options, command: Command) => (await import("./commands/plan.ts")).runPlan(context, command.optsWithGlobals()),
  );
  planned(
    addCommand(program, "apply", "carry out the plan: register definitions", ["asof apply", "asof apply --recreate basket_activity"]),
  ).action(async (_options, command: Command) => (await import("./commands/plan.ts")).runApply(context, command.optsWithGlobals()));
  addCommand(program, "teardown", "unregister all objects of this repository and delete their online data", ["asof teardown"])
    .option("--yes", "do not ask")
    .action(async (_options, command: Command) => (await import("./commands/teardown.ts")).runTeardown(context, command.optsWithGlobals()));
}

function addDataCommands(program: Command, context: CommandContext): void {
  const views = new Option("-v, --views <view>", "a feature view; repeat for several; default all").argParser(collect);
  addCommand(program, "materialize", "copy all rows with START <= event time <= END into the online store", [
    "asof materialize 2017-01-01 2017-12-01T10:00:00Z",
    "asof materialize 2017-01-01 2017-12-01 -v behavioral_features",
  ])
    .argument("<start>", "first event time, for example 2017-01-01 or 2017-01-01T08:00:00Z")
    .argument("<end>", "last event time, included")
    .addOption(views)
    .action(async (start: string, end: string, _options, command: Command) =>
      (await import("./commands/materialize.ts")).runMaterialize(context, { start, end }, command.optsWithGlobals()),
    );
  addCommand(program, "materialize-incremental", "copy what is new since the last run, late rows included, up to END (default: now)", [
    "asof materialize-incremental",
  ])
    .argument("[end]", "last event time, included; default now")
    .addOption(views)
    .action(async (end: string | undefined, _options, command: Command) =>
      (await import("./commands/materialize.ts")).runMaterialize(context, { start: null, end: end ?? null }, command.optsWithGlobals()),
    );

  const asked = (command: Command): Command =>
    command
      .option("-f, --features <reference>", "view:feature, or a view for all of its features; repeat for several", collect)
      .option("-s, --service <name>", "a feature service")
      .option("--full-feature-names", "name columns view__feature");
  asked(
    addCommand(program, "get-historical-features", "make a training set: the features as of each row's time", [
      "asof get-historical-features -s churn_v1 --spine labels.sql --out train.parquet",
      "asof get-historical-features -f churn_features:monthly_charges --spine \"select 900 as customer_id, timestamptz '2017-06-01' as event_timestamp\"",
    ]),
  )
    .requiredOption("--spine <file|-|sql>", "rows to fill: a .parquet, .csv or .sql file, - for CSV on standard input, or a SELECT")
    .option("--out <file>", "write .parquet or .csv; default: print the first rows")
    .option("--time-column <name>", "the spine's as-of time; default event_timestamp")
    .option("--knowledge <event|created>", "created: only what was known by then", "event")
    .option("--sql", "print the statements instead of running them")
    .action(async (_options, command: Command) =>
      (await import("./commands/historical.ts")).runHistoricalFeatures(context, command.optsWithGlobals()),
    );
  asked(
    addCommand(program, "get-online-features", "read the online store, as a request would", [
      "asof get-online-features -s churn_v1 -e customer_id=900 -e amount=25",
      "asof get-online-features -f churn_features:monthly_charges -e customer_id=900,901 --at 2017-12-01T10:00:00Z",
    ]),
  )
    .option("-e, --entity <key=value>", "an entity key or request field; repeat for several; values separated by commas make rows", collect)
    .option("--at <time>", "read as of this instant; default now")
    .action(async (_options, command: Command) =>
      (await import("./commands/online.ts")).runOnlineFeatures(context, command.optsWithGlobals()),
    );
  addCommand(program, "push", "push rows of a push source: to the online store, the offline log, or both", [
    "asof push clicks --rows clicks.json",
    "cat clicks.ndjson | asof push clicks --rows -",
  ])
    .argument("<source>", "a push source")
    .requiredOption("--rows <file|->", "JSON array or one JSON object per line; - for standard input")
    .option("--to <where>", "online, offline or both", "both")
    .option("--idempotency-key <key>", "a retry with the same key folds nothing twice")
    .action(async (source: string, _options, command: Command) =>
      (await import("./commands/push.ts")).runPush(context, source, command.optsWithGlobals()),
    );
}

function addLookCommands(program: Command, context: CommandContext): void {
  for (const kind of describedKinds) {
    const group = addCommand(program, kind.command, `list or describe ${kind.plural}`, [
      `asof ${kind.command} list`,
      `asof ${kind.command} describe NAME`,
    ]);
    addCommand(group, "list", `list ${kind.plural}`, [`asof ${kind.command} list`, `asof ${kind.command} list --tags team:growth`])
      .option("--tags <key:value>", "only those with this tag; repeat for several", collect)
      .action(async (_options, command: Command) =>
        (await import("./commands/objects.ts")).runList(context, kind, command.optsWithGlobals()),
      );
    addCommand(group, "describe", `print one of the ${kind.plural}`, [`asof ${kind.command} describe NAME`])
      .argument("<name>", kind.name === "feature" ? "view:feature" : "its name")
      .action(async (name: string, _options, command: Command) =>
        (await import("./commands/objects.ts")).runDescribe(context, kind, name, command.optsWithGlobals()),
      );
  }
  addCommand(program, "jobs", "list jobs and how far they are, newest first", ["asof jobs", "asof jobs --limit 5 --json"])
    .argument("[id]", "one job, whole")
    .option("--limit <n>", "how many", "20")
    .action(async (id: string | undefined, _options, command: Command) =>
      (await import("./commands/jobs.ts")).runJobs(context, id, command.optsWithGlobals()),
    );
  addCommand(program, "why", "explain one value: rows, boundaries and tiles behind it, training and serving side by side", [
    "asof why behavioral_features:spend_28d -e customer_id=900",
    "asof why churn_features:monthly_charges -e customer_id=900 --at 2017-12-01T10:00:00Z",
  ])
    .argument("<feature>", "view:feature")
    .option("-e, --entity <key=value>", "an entity key; repeat for several", collect)
    .option("--at <time>", "as of this instant; default now")
    .action(async (feature: string, _options, command: Command) =>
      (await import("./commands/why.ts")).runWhy(context, feature, command.optsWithGlobals()),
    );
  addCommand(program, "doctor", "check Node, configuration, definitions, sources, stores and registry, and say what to mend", [
    "asof doctor",
  ]).action(async (_options, command: Command) => (await import("./commands/doctor.ts")).runDoctor(context, command.optsWithGlobals()));
  addCommand(program, "demo", "the whole way in two minutes: definitions, training set, model, online answers, proof of parity", [
    "asof demo",
    "asof demo --inject-skew",
  ])
    .option("--inject-skew", "break one feature on purpose: the demo must fail and name it")
    .option("--keep", "keep the folder it works in")
    .action(async (_options, command: Command) => (await import("./commands/demo.ts")).runDemo(context, command.optsWithGlobals()));
}
