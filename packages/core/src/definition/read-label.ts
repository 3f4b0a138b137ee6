import { missingSource } from "./missing-source.ts";
import type { LabelModel } from "./model.ts";
import { payloadOf } from "./payload.ts";
import { asRecord, IssueList, OptionReader } from "./read.ts";
import type { FeatureContext } from "./read-expression.ts";
import { readEntities, readFeature, readSource } from "./read-view.ts";
import { rowOfColumns } from "./row.ts";

/** Reads a label's options and columns. Wrong columns are left out of the model, each with an issue. */
export function readLabel(name: string, options: unknown, columns: unknown, list: IssueList): LabelModel {
  const path = `labels.${name}`;
  const reader = new OptionReader(options, path, list, ["entities", "source", "delay", "ttl"]);
  const entities = readEntities(reader, list);
  const source = readSource(reader, list);
  const given = Object.entries(asRecord(columns) ?? {});
  if (given.length === 0) {
    const fix = "Give them as the third argument: { churned: bool() }.";
    list.add("ASOF_DEFINITION_INVALID", `${path}.features`, columns, "A label needs columns.", fix);
  }
  if (reader.value("delay") === undefined) {
    const fix = 'Write delay: "30d": how long after a row its label is final.';
    list.add("ASOF_DURATION_INVALID", `${path}.delay`, undefined, "A label needs a delay.", fix);
  }
  const context: FeatureContext = {
    source: source ?? missingSource,
    row: rowOfColumns(source?.columns ?? [], source?.name ?? ""),
    hopUs: null,
    list: source === null ? new IssueList() : list,
  };
  const features = given.flatMap(([column, value]) => {
    const at = `${path}.features.${column}`;
    if (payloadOf(value)?.of !== "aggregate") return readFeature(column, value, false, at, context, list) ?? [];
    const message = `Label "${column}" is an aggregate, whose window would reach back before its row's time.`;
    list.add("ASOF_DEFINITION_INVALID", at, undefined, message, "Compute it in a sql source, with the time at which it is known.");
    return [];
  });
  return Object.freeze({
    kind: "label",
    name,
    entities,
    source: context.source,
    delayUs: reader.duration("delay") ?? 0,
    ttlUs: reader.value("ttl") === null ? null : reader.duration("ttl", "ASOF_TTL_INVALID"),
    features: Object.freeze(features),
    meta: reader.meta(),
  });
}
