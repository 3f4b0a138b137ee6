import { AsofError, type EntityRow, planRequest, valueFromText } from "@asof/core";
import type { Asked, Session } from "../store/session.ts";

export interface AskedOptions {
  readonly features?: readonly string[];
  readonly service?: string;
}

/** What `-s` or `-f` ask for. ASOF_USAGE unless exactly one is given. */
export async function askedBy(session: Session, options: AskedOptions): Promise<Asked> {
  const hasFeatures = options.features !== undefined && options.features.length > 0;
  if (hasFeatures === (options.service !== undefined)) {
    throw new AsofError("ASOF_USAGE", "Ask either for a feature service or for features.", {
      fix: "Give -s NAME, or -f view:feature (repeatable).",
    });
  }
  return session.ask(options);
}

/**
 * Entity rows of `-e key=value` texts: values separated by commas make rows, a single value goes into every row. Texts are read
 * as what the definitions say. ASOF_USAGE where the counts differ, ASOF_VALUE_INVALID where a text cannot be read.
 */
export function entityRows(asked: Asked, texts: readonly string[]): readonly EntityRow[] {
  const plan = planRequest(asked, { fullFeatureNames: true });
  const types = new Map([
    ...plan.keyColumns.map((k) => [k.column, k.type] as const),
    ...plan.requestFields.map((f) => [f.name, f.type] as const),
  ]);
  const columns = new Map<string, readonly unknown[]>();
  for (const text of texts) {
    const equals = text.indexOf("=");
    if (equals < 1) {
      throw new AsofError("ASOF_USAGE", `"${text}" is not of the form key=value.`, {
        path: "-e",
        value: text,
        fix: "Write for example -e customer_id=900.",
      });
    }
    const name = text.slice(0, equals);
    const type = types.get(name);
    // A field that nothing asks for is refused by the read itself, which knows what is expected.
    const values = text.slice(equals + 1).split(",");
    columns.set(
      name,
      values.map((value, i) => (type === undefined || value === "" ? value : valueFromText(type, value, `-e ${name}[${i}]`))),
    );
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
