import { createRequire } from "node:module";
import { Command, Option } from "commander";
import type { CommandContext } from "./context.ts";
import { addCommand, collect } from "./define.ts";
import { describedKinds } from "./kinds.ts";
import { addCompletionCommand, addValueCommands } from "./value-commands.ts";

const { version } = createRequire(import.meta.url)("asof/package.json") as { readonly version: string };

/**
 * The command line as commander knows it. Actions load their code when they run, so that `--help` answers at once.
 * Names and flags are Feast's where Feast has them.
 */
export function buildProgram(context: CommandContext): Command {
  const program = new Command("asof")
    .description("The feature store for TypeScript: one definition for training sets and online answers, and proof that they agree.")
    .version(version, "-V, --version", "print the version")
    .option("-c, --chdir <dir>", "work in this folder, as if started there: the repository and all paths given", ".")
    .option("--feature-store-yaml <file>", "read this file instead of feature_store.yaml in the folder")
    .option("--json", "print one JSON value on standard output; errors as JSON on standard error")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print the help of a command")
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      // Faults are printed by main, once and in the form asked for.
      writeErr: (text) => context.stderr.write(text),
      outputError: () => undefined,
    })
    .addHelpText("after", rootNotes);
  addRepositoryCommands(program.commandsGroup("Repository:"), context);
  addMaterializeCommands(program.commandsGroup("Data:"), context);
  addRetrievalCommands(program, context);
  addDeleteCommand(program, context);
  addObjectCommands(program.commandsGroup("What is registered:"), context);
  addLookCommands(program.commandsGroup("Understanding:"), context);
  addValueCommands(program, context);
  addCompletionCommand(program, context);
  return program;
}

const rootNotes = `
Examples:
  $ asof init shop && cd shop          a repository with real data to play with
  $ asof plan                          what apply would change
  $ asof apply
  $ asof materialize-incremental       history → online store
  $ asof get-online-features -s churn_v1 -e customer_id=900 -e amount=25

Exit codes: 0 done, 1 failed, 2 wrong use, 3 refused, 4 parity broken, 130 interrupted.
\`asof COMMAND --help\` has more on each command.`;

function addRepositoryCommands(program: Command, context: CommandContext): void {
  addCommand(program, "init", "write predictflow, a churn example with real data, into a new folder", {
    examples: ["asof init shop", "asof init shop --keep-dates"],
  })
    .argument("[name]", "folder to make; its last part names the project", "predictflow")
    .option("--keep-dates", "keep the data's own year, 2017, instead of moving it by whole weeks so that it ends this week")
    .action(async (name: string, _options, command: Command) =>
      (await import("./commands/init.ts")).runInit(context, name, command.optsWithGlobals()),
    );

  const planned = (command: Command): Command =>
    command
      .option(
        "--recreate [view...]",
        "let versions of another meaning replace the active ones once they are materialized: all, or those named",
      )
      .option("--adopt [object...]", "take over objects of other repositories: all defined here, or those named")
      .option("--skip-source-validation", "do not look at the sources");
  const exits = { 3: "refused: is used by a service, or belongs to another repository" };
  planned(
    addCommand(program, "plan", "show what apply would change, and what that implies", {
      examples: ["asof plan", "asof plan --json"],
      exits,
    }),
  ).action(async (_options, command: Command) => (await import("./commands/plan.ts")).runPlan(context, command.optsWithGlobals()));
  planned(
    addCommand(program, "apply", "carry out the plan: register definitions", {
      examples: ["asof apply", "asof apply --recreate behavioral_features", "asof apply --adopt churn_features"],
      exits,
    }),
  ).action(async (_options, command: Command) => (await import("./commands/plan.ts")).runApply(context, command.optsWithGlobals()));
  addVersionCommands(program, context);
  planned(
    addCommand(program, "dev", "plan again whenever a definition or feature_store.yaml is saved, and say what would change", {
      examples: ["asof dev", "asof dev --skip-source-validation --json", "asof dev --apply"],
    }),
  )
    .option("--apply", "apply by itself what is clean: nothing refused or deleted")
    .action(async (_options, command: Command) => (await import("./commands/dev.ts")).runDev(context, command.optsWithGlobals()));
  addExchangeCommands(program, context);
  addCommand(program, "teardown", "unregister all objects of this repository and delete their online data", {
    examples: ["asof teardown", "asof teardown --yes"],
    exits: { 3: "refused: another repository's service uses an object", 130: "answered with anything but yes" },
  })
    .option("--yes", "do not ask")
    .action(async (_options, command: Command) => (await import("./commands/teardown.ts")).runTeardown(context, command.optsWithGlobals()));
}

function addExchangeCommands(program: Command, context: CommandContext): void {
  const importing = addCommand(program, "import", "bring in what another feature store defines", {
    examples: ["asof import feast ../feast_repo"],
  });
  addCommand(importing, "feast", "write a project for a Feast registry, which both then use: definitions that plan as no change", {
    examples: [
      "asof import feast .",
      "asof import feast ../feast_repo",
      "asof import feast data/registry.db --out imported",
      "asof import feast sqlite:///data/registry_sql.db --out imported",
    ],
  })
    .argument("<path>", "a Feast repository, its registry file, or sqlite:/// and the file of a SQL registry")
    .option("--out <dir>", "folder to write into; default the Feast repository, else the working folder; files that are there stay")
    .option("--project <name>", "which project, where the registry holds several")
    .action(async (path: string, _options, command: Command) =>
      (await import("./commands/import.ts")).runImportFeast(context, path, command.optsWithGlobals()),
    );
  const exporting = addCommand(program, "export", "write what asof holds for others to read", { examples: ["asof export registry"] });
  addCommand(exporting, "registry", "write the registry as Feast's file, or its records as JSON", {
    examples: [
      "asof export registry --out feast/registry.pb",
      "asof export registry --format json",
      "asof export registry --format json --out registry.json",
    ],
  })
    .option("--out <file>", "file to make; default registry.pb, for JSON standard output")
    .addOption(
      new Option("--format <format>", "feast: a registry that Feast opens; json: asof's records")
        .choices(["feast", "json"])
        .default("feast"),
    )
    .action(async (_options, command: Command) =>
      (await import("./commands/export.ts")).runExportRegistry(context, command.optsWithGlobals()),
    );
}

function addVersionCommands(program: Command, context: CommandContext): void {
  const group = addCommand(program, "versions", "list versions of feature views, or drop one", {
    examples: ["asof versions", "asof versions churn_features"],
  });
  addCommand(group, "list", "list versions: which is active, what they cover, what changed", {
    examples: ["asof versions list", "asof versions list churn_features --json"],
    isDefault: true,
  })
    .argument("[view]", "a feature view; default all that are stored")
    .action(async (view: string | undefined, _options, command: Command) =>
      (await import("./commands/versions.ts")).runVersions(context, view, command.optsWithGlobals()),
    );
  addCommand(group, "drop", "give up a version that is not active; its definition stays listed", {
    examples: ["asof versions drop churn_features@v0"],
    exits: { 3: "refused: it is active, the registered definition, or used by its number" },
  })
    .argument("<version>", "view@v0")
    .action(async (version: string, _options, command: Command) =>
      (await import("./commands/versions.ts")).runDropVersion(context, version, command.optsWithGlobals()),
    );
  addCommand(program, "activate", "serve a version of a view wherever no version is named", {
    examples: ["asof activate churn_features", "asof activate churn_features@v0 --force"],
    exits: { 3: "refused: it has no data, is behind the active one, or lacks what a service reads" },
  })
    .argument("<view>", "view@v1, or a view for the version of its registered definition")
    .option("--force", "also one that is behind or lacks features; never one without data")
    .action(async (view: string, _options, command: Command) =>
      (await import("./commands/versions.ts")).runActivate(context, view, command.optsWithGlobals()),
    );
  addCommand(program, "diff", "compare the definitions of two versions of a view, field by field", {
    examples: ["asof diff churn_features@v0 churn_features@v1", "asof diff churn_features --json"],
  })
    .argument("<from>", "view@v0, or a view for its active version")
    .argument("[to]", "view@v1; default the version of the registered definition")
    .action(async (from: string, to: string | undefined, _options, command: Command) =>
      (await import("./commands/versions.ts")).runDiff(context, from, to, command.optsWithGlobals()),
    );
}

/** A row that `asof push` takes. */
const visit = '{"customer_id": 900, "event_timestamp": "2017-12-31T20:00:00Z", "page": "offers"}';

function addMaterializeCommands(program: Command, context: CommandContext): void {
  const views = (): Option =>
    new Option("-v, --views <view>", "a feature view, or view@v1 for one version; repeat for several; default all").argParser(collect);
  const exits = { 130: "interrupted: the same command goes on where it ended" };
  addCommand(program, "materialize", "copy all rows with START <= event time <= END into the online store", {
    examples: ["asof materialize 2017-01-01 2017-12-01T10:00:00Z", "asof materialize 2017-01-01 2017-12-01 -v behavioral_features"],
    exits,
  })
    .argument("<start>", "first event time, for example 2017-01-01 or 2017-01-01T08:00:00Z")
    .argument("<end>", "last event time, included")
    .addOption(views())
    .option("--no-statistics", "do not describe the values of each view that is done")
    .action(async (start: string, end: string, _options, command: Command) =>
      (await import("./commands/materialize.ts")).runMaterialize(context, { start, end }, command.optsWithGlobals()),
    );
  addCommand(program, "materialize-incremental", "copy what is new since the last run, late rows included, up to END", {
    examples: ["asof materialize-incremental", "asof materialize-incremental 2017-12-01T10:00:00Z -v churn_features"],
    exits,
  })
    .argument("[end]", "last event time, included; default now")
    .addOption(views())
    .option("--no-statistics", "do not describe the values of each view that is done")
    .action(async (end: string | undefined, _options, command: Command) =>
      (await import("./commands/materialize.ts")).runMaterialize(context, { start: null, end: end ?? null }, command.optsWithGlobals()),
    );
  addCommand(program, "push", "push rows of a push source: to the online store, the offline log, or both", {
    examples: [
      `echo '${visit}' | asof push app_visits --rows -`,
      `echo '${visit}' > visits.json && asof push app_visits --rows visits.json --to offline --idempotency-key visits-1`,
    ],
  })
    .argument("<source>", "a push source")
    .requiredOption("--rows <file|->", "JSON array or one JSON object per line; - for standard input")
    .addOption(new Option("--to <where>", "where the rows go").choices(["online", "offline", "both"]).default("both"))
    .option("--idempotency-key <key>", "a retry with the same key folds nothing twice")
    .action(async (source: string, _options, command: Command) =>
      (await import("./commands/push.ts")).runPush(context, source, command.optsWithGlobals()),
    );
}

function addDeleteCommand(program: Command, context: CommandContext): void {
  addCommand(program, "delete", "erase an entity key: from the online store, window state and offline log, until it is lifted", {
    examples: [
      "asof delete --entity customer_id=900 --dry-run",
      "asof delete --entity customer_id=900 --yes",
      "asof delete --list",
      "asof delete --lift --entity customer_id=900",
      "asof delete --forget-lost --yes",
    ],
    exits: { 130: "interrupted, or answered with anything but yes: the same command goes on where it ended" },
  })
    .option("-e, --entity <key=value>", "a part of the entity's key; repeat for keys of several parts", collect)
    .option("--dry-run", "count what would be removed and touch nothing")
    .option("--yes", "do not ask")
    .option("--list", "list erasures, which know the key by its hash only")
    .option("--lift", "let events of the key that are still to come count again")
    .option("--forget-lost", "give up erasures whose secret is lost; what they kept out may come back")
    .action(async (_options, command: Command) => (await import("./commands/delete.ts")).runDelete(context, command.optsWithGlobals()));
}

const entityHelp =
  "entity key or request field; repeat for several fields; commas (\\, for one inside a value) or the same key again make more rows";

function addRetrievalCommands(program: Command, context: CommandContext): void {
  const asked = (command: Command): Command =>
    command
      .option("-s, --service <name>", "a feature service")
      .option(
        "-f, --features <reference>",
        "view:feature or view@v1:feature, or a view for all of its features; repeat for several",
        collect,
      )
      .option("--full-feature-names", "name columns view__feature");
  asked(
    addCommand(program, "get-historical-features", "make a training set: the features as of each row's time", {
      examples: [
        "asof get-historical-features -s churn_v1 --spine labels.sql --out train.parquet",
        "asof get-historical-features -f churn_features:monthly_charges --spine \"select 900 as customer_id, timestamptz '2017-06-01' as event_timestamp\"",
        "asof get-historical-features -s churn_v1 -e customer_id=900 -e amount=25 --at 2017-12-01T10:00:00Z",
        "asof get-historical-features -f churn_features --between 2017-11-01 2017-12-01 --out changes.parquet",
        "asof get-historical-features -s churn_v1 --spine labels.sql --out train/ --partition-by month --rows-per-file 1000000",
        "asof get-historical-features -f churn_features --spine labels.sql --label churn --out labeled.csv",
      ],
    }),
  )
    .option("--spine <file|-|sql>", "rows to fill: a .parquet, .csv or .sql file, - for CSV on standard input, or a SELECT")
    .option("-d, --dataframe <json>", "rows to fill as a JSON array of objects")
    .option("-e, --entity <key=value>", `rows to fill, with --at: ${entityHelp}`, collect)
    .option("--at <time>", "with -e: the as-of time of the rows; default now")
    .option("--between <time...>", "START END: rows for every change in [START, END), key by key")
    .option("--latest-as-of <time>", "one row for every key known at this instant")
    .option("--out <file|dir/>", "write .parquet or .csv, or files into a folder; default: print the first rows (with --json: all)")
    .addOption(new Option("--format <kind>", "of the files in a folder; default parquet").choices(["parquet", "csv"]))
    .option("--rows-per-file <n>", "with --out DIR/: at most so many rows in a file")
    .option("--bytes-per-file <n>", "with --out DIR/: files of about so many bytes")
    .option(
      "--partition-by <column>",
      "with --out DIR/: folders by its values, as Hive; year, month or day of the row's time; repeat",
      collect,
    )
    .option("--overwrite", "with --out DIR/: replace what asof wrote there; other files stay")
    .option("--time-column <name>", "the spine's as-of time; default event_timestamp, else the only timestamp column")
    .addOption(
      new Option("--knowledge <kind>", "created: only what was known by the row's time").choices(["event", "created"]).default("event"),
    )
    .option("--label <name>", "add a label: its columns as known its delay after the row's time; repeat for several", collect)
    .addOption(
      new Option("--immature <what>", "rows whose label is not final yet; default keep, with null").choices(["keep", "drop", "error"]),
    )
    .option("--labels-known-until <time>", "up to when the labels' sources are known; default: as far as their newest row tells")
    .option("--sql", "print the statements instead of running them")
    .action(async (_options, command: Command) =>
      (await import("./commands/historical.ts")).runHistoricalFeatures(context, command.optsWithGlobals()),
    );
  asked(
    addCommand(program, "get-online-features", "read the online store, as a request would", {
      examples: [
        "asof get-online-features -s churn_v1 -e customer_id=900 -e amount=25",
        "asof get-online-features -f churn_features:monthly_charges -e customer_id=900,901",
      ],
    }),
  )
    .option("-e, --entity <key=value>", entityHelp, collect)
    .option("--at <time>", "read as of this instant; default now")
    .action(async (_options, command: Command) =>
      (await import("./commands/online.ts")).runOnlineFeatures(context, command.optsWithGlobals()),
    );
}

function addObjectCommands(program: Command, context: CommandContext): void {
  for (const kind of describedKinds) {
    const example = `asof ${kind.command} describe ${kind.example}`;
    const group = addCommand(program, kind.command, `list or describe ${kind.plural}`, {
      examples: [`asof ${kind.command} list`, example],
    });
    addCommand(group, "list", `list ${kind.plural}`, {
      examples: [`asof ${kind.command} list`, `asof ${kind.command} list ${kind.name === "project" ? "" : "--tags team:growth "}--json`],
    })
      .option("--tags <key:value>", "only those with this tag; repeat for several", collect)
      .action(async (_options, command: Command) =>
        (await import("./commands/objects.ts")).runList(context, kind, command.optsWithGlobals()),
      );
    addCommand(group, "describe", `print one of the ${kind.plural}, as YAML`, { examples: [example, `${example} --json`] })
      .argument("<name>", kind.name === "feature" ? "view:feature" : "its name")
      .action(async (name: string, _options, command: Command) =>
        (await import("./commands/objects.ts")).runDescribe(context, kind, name, command.optsWithGlobals()),
      );
  }
}

function addLookCommands(program: Command, context: CommandContext): void {
  addCommand(program, "jobs", "list jobs and how far they are, newest first; or show one", {
    examples: ["asof jobs", "asof jobs --limit 5 --json", "asof jobs latest"],
  })
    .argument("[id]", "one job: the beginning of its id is enough; `latest` for the last one")
    .option("--limit <n>", "how many", "20")
    .action(async (id: string | undefined, _options, command: Command) =>
      (await import("./commands/jobs.ts")).runJobs(context, id, command.optsWithGlobals()),
    );
  addCommand(program, "why", "explain one value: rows, boundaries and tiles behind it, training and serving side by side", {
    examples: [
      "asof why behavioral_features:spend_28d -e customer_id=900",
      "asof why churn_features:monthly_charges -e customer_id=900 --at 2017-12-01T10:00:00Z",
    ],
    exits: { 4: "training and serving differ, and the online store does not say INCOMPLETE" },
  })
    .argument("<feature>", "view:feature, or view@v1:feature")
    .option("-e, --entity <key=value>", "an entity key; repeat for several", collect)
    .option("--at <time>", "as of this instant; default now")
    .option("--rows <n>", "rows, tiles and events to show, the newest of each", "20")
    .action(async (feature: string, _options, command: Command) =>
      (await import("./commands/why.ts")).runWhy(context, feature, command.optsWithGlobals()),
    );
  addCommand(program, "doctor", "check Node, configuration, definitions, sources, stores and registry, and say what to mend", {
    examples: ["asof doctor", "asof doctor --json"],
    exits: { 1: "something is broken; warnings alone end with 0" },
  }).action(async (_options, command: Command) => (await import("./commands/doctor.ts")).runDoctor(context, command.optsWithGlobals()));
  addCommand(program, "demo", "the whole way in two minutes: definitions, training set, model, online answers, proof of parity", {
    examples: ["asof demo", "asof demo --inject-skew", "asof demo --keep"],
    exits: { 4: "a served value differs from training" },
  })
    .option("--inject-skew", "break one feature on purpose: the demo must fail and name it")
    .option("--keep", "keep the folder it works in")
    .action(async (_options, command: Command) => (await import("./commands/demo.ts")).runDemo(context, command.optsWithGlobals()));
}
