import { existsSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { AsofError, systemClock } from "@asof/core";
import { writeProject } from "../../project/write-project.ts";
import type { CommandContext } from "../context.ts";
import { type GlobalOptions, resolveFrom } from "../with-session.ts";

interface InitOptions extends GlobalOptions {
  readonly keepDates?: boolean;
}

/** `asof init [NAME]`: refuses a folder that exists and is not empty. */
export async function runInit(context: CommandContext, name: string, options: InitOptions): Promise<void> {
  const folder = resolveFrom(context, options, name);
  const project = basename(folder).replaceAll("-", "_");
  if (!/^[A-Za-z0-9][A-Za-z0-9_]*$/.test(project)) {
    throw new AsofError("ASOF_NAME_INVALID", `"${basename(folder)}" cannot be the name of a project.`, {
      path: "NAME",
      value: name,
      fix: "Use letters, digits and underscores, beginning with a letter or digit.",
    });
  }
  const keepDates = options.keepDates === true;
  const written = await writeProject(folder, { project, keepDates, nowUs: systemClock.nowUs(), signal: context.signal });
  if (context.json) {
    context.printJson({ folder, project, ...written });
    return;
  }
  const { paint } = context;
  const shown = relative(context.workingFolder, folder) || ".";
  context.print(`Wrote ${paint.bold(project)} into ${shown}: definitions, tests, a labels query and a year of real baskets.`);
  if (written.shiftedWeeks > 0) context.print(`The data's times were moved by ${written.shiftedWeeks} weeks, so that they end this week.`);
  const at = keepDates ? " 2018-01-01" : "";
  const steps = [
    ...(shown === "." ? [] : [`cd ${shown}`]),
    ...(isInstalledAbove(folder) ? [] : ["npm install"]),
    "npx asof plan",
    "npx asof apply",
    `npx asof materialize-incremental${at}`,
    `npx asof get-online-features -s churn_v1 -e customer_id=900 -e amount=25${keepDates ? " --at 2018-01-01" : ""}`,
  ];
  context.print(`\nWhat next:\n${steps.map((step) => `  ${step}`).join("\n")}\n\nREADME.md in the folder goes on from there.`);
}

/** Whether definition files in the folder find asof as it is. */
function isInstalledAbove(folder: string): boolean {
  if (existsSync(join(folder, "node_modules", "asof", "package.json"))) return true;
  return dirname(folder) !== folder && isInstalledAbove(dirname(folder));
}
