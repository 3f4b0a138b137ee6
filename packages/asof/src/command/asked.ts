import { AsofError, type EntityRow, planRequest, printVersion, valueFromText, versionOf } from "@asof/core";
import type { Asked, Session } from "../store/session.ts";

export interface AskedOptions {
  readonly features?: readonly string[];
  readonly service?: string;
}

/** What `-s` or `-f` ask for, with the definitions of the versions that are meant. ASOF_USAGE unless exactly one is given. */
export async function askedBy(session: Session, options: AskedOptions, purpose: "training" | "serving"): Promise<Asked> {
  const hasFeatures = options.features !== undefined && options.features.length > 0;
  if (hasFeatures === (options.service !== undefined)) {
    throw new AsofError("ASOF_USAGE", "Ask either for a feature service or for features.", {
      fix: "Give -s NAME, or -f view:feature (repeatable).",
    });
  }
  return session.resolve(await session.ask(options), purpose);
}

/**
 * Entity rows of `-e key=value` texts, read as what the definitions say. Values separated by commas make rows, and so does a key
 * that is given again, as in Feast; a single value goes into every row. ASOF_USAGE where the counts differ, ASOF_VALUE_INVALID
 * where a text cannot be read.
 */
export function entityRows(asked: Asked, texts: readonly string[]): readonly EntityRow[] {
  const plan = planRequest(asked, { fullFeatureNames: true });
  const types = new Map([
    ...plan.keyColumns.map((k) => [k.column, k.type] as const),
    ...plan.requestFields.map((f) => [f.name, f.type] as const),
  ]);
  const columns = new Map<string, unknown[]>();
  for (const text of texts) {
    const { name, values } = parsePair(text);
    const type = types.get(name);
    const column = columns.get(name) ?? [];
    columns.set(name, column);
    // A field that nothing asks for is refused by the retrieval itself, which knows what is expected.
    for (const value of values) column.push(type === undefined ? value : valueFromText(type, value, `-e ${name}[${column.length}]`));
  }
  const count = Math.max(1, ...[...columns.values()].map((values) => values.length));
  for (const [name, values] of columns) {
    if (values.length === 1 || values.length === count) continue;
    throw new AsofError("ASOF_USAGE", `-e ${name} has ${values.length} values, another has ${count}.`, {
      path: "-e",
      fix: "Give each as many values, or one for all rows.",
    });
  }
  return Array.from({ length: count }, (_, row) =>
    Object.fromEntries([...columns].map(([name, values]) => [name, values[values.length === 1 ? 0 : row]])),
  );
}

/** `customer_id=900,901` as name and values. `\,` is a comma inside a value, and a list in brackets is one value. */
function parsePair(text: string): { readonly name: string; readonly values: readonly string[] } {
  const equals = text.indexOf("=");
  if (equals >= 1) {
    const given = text.slice(equals + 1);
    const values = given.startsWith("[") ? [given] : given.split(/(?<!\\),/).map((value) => value.replaceAll("\\,", ","));
    return { name: text.slice(0, equals), values };
  }
  throw new AsofError("ASOF_USAGE", `"${text}" is not of the form key=value.`, {
    path: "-e",
    value: text,
    fix: "Write for example -e customer_id=900.",
  });
}

/** What a reader should know of views whose registered definition is not the one that answers. */
export async function pendingNotes(session: Session, asked: Asked): Promise<readonly string[]> {
  const { states } = await session.registry();
  const used = planRequest(asked, { fullFeatureNames: true }).stored.filter(
    (use) => use.version === undefined && use.project === undefined,
  );
  return [...new Set(used.map((use) => use.view.name))].flatMap((name) => {
    const state = states.get(name);
    if (state === undefined || state.activeGeneration === state.registeredGeneration) return [];
    const [active, registered] = [versionOf(state.activeGeneration), versionOf(state.registeredGeneration)];
    return [
      `${name}: the active version v${active} answers; what is defined is v${registered}, asked for as ${printVersion(name, registered)}.`,
    ];
  });
}
