import { type FieldDifference, printFieldChange, printFieldPath } from "@asof/core";
import type { Paint } from "../paint.ts";

/** What of a plan's JSON a line tells. */
export interface PlanJson {
  readonly project: string;
  readonly summary: Readonly<Record<"created" | "changed" | "recreated" | "deleted" | "unchanged", number>>;
  readonly entries: readonly PlanEntryJson[];
  readonly warnings: readonly { readonly message: string }[];
  readonly refusals: readonly { readonly code: string; readonly message: string; readonly fix: string }[];
}

interface PlanEntryJson {
  readonly action: string;
  readonly kind: string;
  readonly name: string;
  readonly part: string | null;
  readonly differences: readonly FieldDifference[];
  readonly implies: { readonly recompute: readonly string[]; readonly online: string | null; readonly services: readonly string[] };
}

export function isPlan(value: unknown): value is PlanJson {
  return typeof value === "object" && value !== null && "entries" in value && "refusals" in value && "summary" in value;
}

const symbols: Readonly<Record<string, string>> = { created: "+", changed: "~", recreated: "±", deleted: "-" };

/** A plan in a line per object: what happens to it, which fields, and what that implies. */
export function printPlanCompactly(plan: PlanJson, paint: Paint): readonly string[] {
  const colors: Readonly<Record<string, (text: string) => string>> = {
    created: paint.green,
    changed: paint.yellow,
    recreated: paint.yellow,
    deleted: paint.red,
  };
  const { summary } = plan;
  const counts = (["created", "changed", "recreated", "deleted"] as const).flatMap((a) => (summary[a] === 0 ? [] : [`${summary[a]} ${a}`]));
  const head =
    counts.length === 0
      ? `no changes to apply, ${summary.unchanged} objects as registered`
      : `${counts.join(", ")}, ${summary.unchanged} unchanged`;
  return [
    head,
    ...plan.entries.map((entry) => {
      const color = colors[entry.action] ?? ((text: string) => text);
      return `  ${color(`${symbols[entry.action] ?? "?"} ${entry.kind.replaceAll("_", " ")} ${entry.name}`)}${implied(entry)}`;
    }),
    ...plan.warnings.map((warning) => `  ${paint.yellow("warning")} ${warning.message}`),
    ...plan.refusals.map((refusal) => `  ${paint.red("refused")} [${refusal.code}] ${refusal.message} ${refusal.fix}`),
  ];
}

/** Fields told of a change, and characters of each: enough to recognise it. */
const fieldsMax = 4;
const fieldCharactersMax = 60;

function implied({ action, part, differences, implies }: PlanEntryJson): string {
  const fields = action === "changed" || action === "recreated" ? differences.map(printDifference) : [];
  const more = fields.length > fieldsMax ? ` and ${fields.length - fieldsMax} more` : "";
  const notes = [
    ...(fields.length === 0 ? [] : [`${fields.slice(0, fieldsMax).join(", ")}${more}${part === "metadata" ? " (metadata only)" : ""}`]),
    ...(implies.recompute.length === 0 || action === "created" ? [] : [`computes ${implies.recompute.join(", ")}`]),
    ...(implies.online === "rebuild" || implies.online === "remove" ? [`online: ${implies.online}`] : []),
    ...(implies.services.length === 0 || action === "created" ? [] : [`services: ${implies.services.join(", ")}`]),
  ];
  return notes.length === 0 ? "" : `: ${notes.join("; ")}`;
}

/** `ttl: 30d → 20d`, in the words of `asof plan`. */
function printDifference(difference: FieldDifference): string {
  const text = [...`${printFieldPath(difference.path)}: ${printFieldChange(difference)}`];
  return text.length <= fieldCharactersMax ? text.join("") : `${text.slice(0, fieldCharactersMax - 1).join("")}…`;
}
