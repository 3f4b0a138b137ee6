import { printValue } from "../error/error.ts";
import type { Json } from "../value/json.ts";
import type { Plan, PlanAction, PlanEntry } from "./plan.ts";

/** A plan as `--json` prints it: the entries with their differences and implications, warnings, refusals and the sum. */
export function planToJson(plan: Plan): Json {
  const count = (action: PlanAction) => plan.entries.filter((e) => e.action === action).length;
  return {
    project: plan.project,
    repository: plan.repository,
    definitionsVersion: plan.definitionsVersion,
    summary: {
      created: count("created"),
      changed: count("changed"),
      recreated: count("recreated"),
      deleted: count("deleted"),
      unchanged: plan.unchanged,
    },
    entries: plan.entries.map(entryToJson),
    warnings: plan.warnings.map(({ path, message }) => ({ path, message })),
    refusals: plan.refusals.map(({ code, path, value, message, fix }) => ({
      code,
      path,
      ...(value === undefined ? {} : { value: typeof value === "string" ? value : printValue(value) }),
      message,
      fix,
    })),
  };
}

function entryToJson(entry: PlanEntry): Json {
  const { implies } = entry;
  return {
    action: entry.action,
    kind: entry.kind,
    name: entry.name,
    repository: entry.repository,
    adoptedFrom: entry.adoptedFrom,
    part: entry.part,
    differences: entry.differences.map((d) => ({ ...d })),
    implies: {
      recompute: implies.recompute,
      online: implies.online,
      versions: implies.versions === null ? null : { ...implies.versions },
      services: implies.services,
      lineage: { added: implies.lineage.added.map((e) => ({ ...e })), removed: implies.lineage.removed.map((e) => ({ ...e })) },
    },
  };
}
