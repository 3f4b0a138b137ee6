import type { Issue } from "../error/error.ts";
import { printFieldChange, printFieldPath } from "./field-text.ts";
import { type FieldDifference, type Plan, type PlanAction, type PlanEntry, printObject } from "./plan.ts";

export interface RenderOptions {
  /** ANSI colours; for terminals only. Default false. */
  readonly color?: boolean;
}

const symbols: Readonly<Record<PlanAction, string>> = { created: "+", changed: "~", recreated: "±", deleted: "-" };
const colors: Readonly<Record<PlanAction | "warning" | "refusal", number>> = {
  created: 32,
  changed: 33,
  recreated: 35,
  deleted: 31,
  warning: 33,
  refusal: 31,
};

/** Fields of a new object that are told: what it is made of, not every default. */
const newFieldsTold = /^(keys|columns|features|request|views|inputs|source|type|ttlUs|delayUs)/;

/** A plan as text: one block per object, then warnings, refusals and the sum. Ends with a newline. */
export function renderPlan(plan: Plan, options: RenderOptions = {}): string {
  const paint = (code: number, text: string) => (options.color === true ? `\u001b[${code}m${text}\u001b[0m` : text);
  const lines: string[] = [];
  for (const entry of plan.entries) {
    const [head = "", ...rest] = renderEntry(entry);
    lines.push(paint(colors[entry.action], head), ...rest);
  }
  for (const warning of plan.warnings) lines.push(paint(colors.warning, `Warning: ${warning.message}`));
  for (const refusal of plan.refusals) lines.push(paint(colors.refusal, `Refused: ${refusalText(refusal)}`));
  if (lines.length > 0) lines.push("");
  lines.push(summary(plan));
  return `${lines.join("\n")}\n`;
}

/** A refusal as a sentence with its code and what to do. */
function refusalText(refusal: Issue): string {
  return `[${refusal.code}] ${refusal.message} ${refusal.fix}`;
}

function renderEntry(entry: PlanEntry): readonly string[] {
  const { action } = entry;
  const notes = [
    ...(entry.adoptedFrom === null ? [] : [`taken over from repository "${entry.adoptedFrom}"`]),
    ...(action === "changed" && entry.part === "metadata" && entry.differences.length > 0 ? ["metadata only"] : []),
    ...(action === "recreated" ? ["recreated"] : []),
  ];
  const head = `${symbols[action]} ${printObject(entry.kind, entry.name)}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}`;
  return [head, ...fieldLines(entry), ...impliedLines(entry)];
}

function fieldLines(entry: PlanEntry): readonly string[] {
  const isNew = entry.action === "created";
  const told = isNew ? entry.differences.filter((d) => d.part === "data" && newFieldsTold.test(d.path) && isSaid(d)) : entry.differences;
  return told.map((d) => `    ${printFieldPath(d.path)}: ${printFieldChange(d)}`);
}

function isSaid(difference: FieldDifference): boolean {
  return difference.after !== null;
}

function impliedLines(entry: PlanEntry): readonly string[] {
  const { implies, action } = entry;
  const lines: string[] = [];
  if (implies.recompute.length > 0) lines.push(`compute ${implies.recompute.join(", ")}`);
  const online = versionLine(entry);
  if (online !== null) lines.push(`online: ${online}`);
  if (implies.online === "restart") lines.push("online: starts anew; nothing was materialized yet");
  if (implies.online === "add_features" && action === "changed")
    lines.push("online: in place; the new features are absent until materialized");
  if (implies.online === "remove") lines.push("online: its rows are removed");
  if (implies.services.length > 0) lines.push(`services affected: ${implies.services.join(", ")}`);
  const { added, removed } = implies.lineage;
  if (added.length + removed.length > 0)
    lines.push(
      `lineage: ${edges(added.length, "added")}${removed.length > 0 && added.length > 0 ? ", " : ""}${edges(removed.length, "removed")}`,
    );
  return lines.map((line) => `    → ${line}`);
}

function versionLine({ name, implies: { online, versions } }: PlanEntry): string | null {
  if (versions === null) return null;
  const [active, next] = [`v${versions.active}`, `v${versions.next}`];
  if (online === "rebuild") return `version ${next} is built beside ${active}, which is served until it is ready`;
  const switched = `${active} is served until \`asof activate ${name}@${next}\``;
  if (online === "new_version") return `version ${next} is made beside ${active}; ${switched}`;
  return versions.active === versions.next
    ? `version ${active}, which is served, has this meaning`
    : `version ${next}, which is kept, has this meaning; ${switched}`;
}

function edges(count: number, what: string): string {
  return count === 0 ? "" : `${count} ${count === 1 ? "edge" : "edges"} ${what}`;
}

function summary(plan: Plan): string {
  const where = `project "${plan.project}", repository "${plan.repository}"`;
  if (plan.entries.length === 0) {
    return plan.refusals.length > 0
      ? `Refused: ${plan.refusals.length}. Nothing can be applied to ${where}.`
      : `No changes: ${where} is as registered (${plan.unchanged} ${plan.unchanged === 1 ? "object" : "objects"}).`;
  }
  const counts = (["created", "changed", "recreated", "deleted"] as const).map((action) => {
    const count = plan.entries.filter((e) => e.action === action).length;
    return `${count} ${action}`;
  });
  const told = `${counts.join(", ")}, ${plan.unchanged} unchanged in ${where}.`;
  return plan.refusals.length === 0 ? told : `${told} Refused: ${plan.refusals.length}. Nothing can be applied until that is solved.`;
}
