import { existsSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { AsofError } from "@asof/core";
import { writeProject } from "../../project/write-project.ts";
import type { CommandContext } from "../context.ts";

/** `asof init [NAME]`: refuses a folder that exists and is not empty. */
export async function runInit(context: CommandContext, name: string, options: { readonly keepDates?: boolean }): Promise<void> {
  const folder = resolve(context.workingFolder, name);
  const project = basename(folder).replaceAll("-", "_");
  if (!/^[A-Za-z0-9][A-Za-z0-9_]*$/.test(project)) {
    throw new AsofError("ASOF_NAME_INVALID", `"${basename(folder)}" cannot be the name of a project.`, {
      path: "NAME",
      value: name,
      fix: "Use letters, digits and underscores, beginning with a letter or digit.",
    });
  }
  const written = await writeProject(folder, { project, keepDates: options.keepDates === true, nowUs: Date.now() * 1000 });
  if (context.json) {
    context.printJson({ folder, project, ...written });
    return;
  }
  const { paint } = context;
  const shown = relative(context.workingFolder, folder) || ".";
  context.print(`Wrote ${paint.bold(project)} into ${shown}: definitions, a labels query and a year of real baskets.`);
  if (written.shiftedWeeks > 0) context.print(`The data's times were moved by ${written.shiftedWeeks} weeks, so that they end this week.`);
  context.print("");
  context.print("What next:");
  const steps = [
    `cd ${shown}`,
    ...(existsSync(resolve(folder, "node_modules")) ? [] : ["npm install"]),
    "npx asof plan",
    "npx asof apply",
    "npx asof materialize-incremental",
  ];
  for (const step of [...steps, "npx asof get-online-features -s churn_v1 -e customer_id=900 -e amount=25"]) context.print(`  ${step}`);
  context.print("\nREADME.md in the folder goes on from there.");
}
