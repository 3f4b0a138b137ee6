import { missingSource } from "./missing-source.ts";
import type { EntityModel, FeatureModel, PlainViewModel, SourceModel, WindowedViewModel } from "./model.ts";
import { payloadOf } from "./payload.ts";
import { asRecord, IssueList, OptionReader } from "./read.ts";
import { readAggregate } from "./read-aggregate.ts";
import { describe } from "./read-columns.ts";
import { type FeatureContext, readExpression } from "./read-expression.ts";
import { rowOfColumns } from "./row.ts";
import { valuePayload } from "./value-types.ts";

const defaultSeparableUs = 120_000_000;

/** Reads a view's options and features. Wrong features are left out of the model, each with an issue. */
export function readFeatureView(name: string, options: unknown, features: unknown, list: IssueList): PlainViewModel | WindowedViewModel {
  const path = `feature_views.${name}`;
  const reader = new OptionReader(options, path, list, ["entities", "source", "ttl", "hop", "separable", "shared"]);
  const entities = readEntities(reader, list);
  const source = readSource(reader, list);
  const given = Object.entries(asRecord(features) ?? {});
  if (given.length === 0) {
    list.add(
      "ASOF_DEFINITION_INVALID",
      `${path}.features`,
      features,
      "A view needs features.",
      "Give them as the third argument: { spend: float64() }.",
    );
  }
  const windowed = given.some(([, f]) => payloadOf(f)?.of === "aggregate");
  const context: FeatureContext = {
    source: source ?? missingSource,
    // Against a source that is not there every column would be unknown: noise beside the real fault.
    row: rowOfColumns(source?.columns ?? [], source?.name ?? ""),
    hopUs: reader.duration("hop"),
    list: source === null ? new IssueList() : list,
  };
  const read = given.flatMap(
    ([feature, value]) => readFeature(feature, value, windowed, `${path}.features.${feature}`, context, list) ?? [],
  );
  const shared = {
    kind: "view",
    ...{ name, entities, source: context.source, features: Object.freeze(read), meta: reader.meta() },
    ...readShared(reader, list),
  } as const;
  if (windowed) {
    refuseOption(reader, list, "ttl", "ASOF_TTL_INVALID", "A windowed view has no ttl: its windows say how far back events count.");
    return Object.freeze({ ...shared, form: "windowed", separableUs: reader.duration("separable") ?? defaultSeparableUs });
  }
  for (const option of ["hop", "separable"]) {
    refuseOption(reader, list, option, "ASOF_DEFINITION_INVALID", `Only a view with aggregates has the option "${option}".`);
  }
  return Object.freeze({
    ...shared,
    form: "plain",
    ttlUs: reader.value("ttl") === null ? null : reader.duration("ttl", "ASOF_TTL_INVALID"),
  });
}

function readShared(reader: OptionReader, list: IssueList): { readonly shared?: true | readonly string[] } {
  const value = reader.value("shared");
  if (value === undefined || value === false) return {};
  if (value === true) return { shared: true };
  const isNames = Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string" && name !== "");
  if (isNames) return { shared: Object.freeze([...new Set(value as readonly string[])].sort()) };
  const message = 'Option "shared" is true, or names projects.';
  list.add("ASOF_DEFINITION_INVALID", `${reader.path}.shared`, value, message, 'Write shared: true, or shared: ["ads"].');
  return {};
}

function refuseOption(
  reader: OptionReader,
  list: IssueList,
  name: string,
  code: "ASOF_TTL_INVALID" | "ASOF_DEFINITION_INVALID",
  message: string,
): void {
  const value = reader.value(name);
  if (value !== undefined) list.add(code, `${reader.path}.${name}`, value, message, `Remove ${name}.`);
}

/** The entities of an options object; wrong ones are left out, each with an issue. */
export function readEntities(reader: OptionReader, list: IssueList): readonly EntityModel[] {
  const value = reader.value("entities") ?? [];
  const path = `${reader.path}.entities`;
  if (!Array.isArray(value)) {
    list.add(
      "ASOF_DEFINITION_INVALID",
      path,
      undefined,
      `Entities are given as a list, not as ${describe(value)}.`,
      "Write entities: [customer].",
    );
    return [];
  }
  const entities = value.flatMap((entity: unknown, i): EntityModel[] => {
    const payload = payloadOf(entity);
    list.inherit(entity);
    if (payload?.of === "definition" && payload.model.kind === "entity") return [payload.model];
    list.add(
      "ASOF_DEFINITION_INVALID",
      `${path}[${i}]`,
      undefined,
      `This is ${describe(entity)}, not an entity.`,
      'Give an entity("…", { key: { … } }).',
    );
    return [];
  });
  return Object.freeze(entities);
}

/** The source of an options object; null after adding an issue. */
export function readSource(reader: OptionReader, list: IssueList): SourceModel | null {
  const value = reader.value("source");
  const payload = payloadOf(value);
  list.inherit(value);
  if (payload?.of === "definition" && payload.model.kind === "source") return payload.model;
  const message = `The source is ${describe(value)}, not a source.`;
  list.add("ASOF_DEFINITION_INVALID", `${reader.path}.source`, undefined, message, 'Write source: parquet("…", { … }), csv, sql or push.');
  return null;
}

/** One feature as written; null after adding an issue. */
export function readFeature(
  name: string,
  value: unknown,
  windowed: boolean,
  path: string,
  context: FeatureContext,
  viewList: IssueList,
): FeatureModel | null {
  const payload = payloadOf(value);
  if (payload?.of === "aggregate") return readAggregate(name, payload, path, context);
  if (payload?.of !== "derived" && payload?.of !== "value") {
    const fix = 'Write a type (float64()), derive((row) => …) or an aggregate (sum("spend", { window: "30d" })).';
    viewList.add("ASOF_DEFINITION_INVALID", path, undefined, `Feature "${name}" is ${describe(value)}, not a feature.`, fix);
    return null;
  }
  if (windowed) {
    const message = `Feature "${name}" is no aggregate, but others of this view are: a view has either aggregates or plain features.`;
    viewList.add("ASOF_DEFINITION_INVALID", path, undefined, message, "Split the view in two over the same source.");
    return null;
  }
  return payload.of === "derived" ? readDerived(name, payload, path, context) : readPlain(name, value, path, context);
}

function readPlain(name: string, value: unknown, path: string, { list }: FeatureContext): FeatureModel | null {
  const payload = valuePayload(value);
  if (payload === null) return null;
  list.addFaults(path, payload.faults);
  return Object.freeze({ kind: "column", name, type: payload.type, nullable: true, meta: payload.meta });
}

function readDerived(
  name: string,
  given: { readonly compute: unknown; readonly options: unknown },
  path: string,
  context: FeatureContext,
): FeatureModel | null {
  const meta = new OptionReader(given.options, path, context.list, []).meta();
  const expression = readExpression(given.compute, context);
  context.list.addFaults(path, expression.faults);
  if (expression.poisoned) return null;
  return Object.freeze({ kind: "derived", name, type: expression.node.type, nullable: true, meta, expression: expression.node });
}
