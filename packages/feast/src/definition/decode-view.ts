import type { EntityModel, FeatureModel, PlainViewModel, SourceModel, ValueType, ViewModel, WindowedViewModel } from "@asof/core";
import { feastTypeName } from "../value/feast-type.ts";
import { Message } from "../wire/message.ts";
import { readMeta } from "./decode-source.ts";
import { feastNumberOf, metaOfField, typeOfField } from "./feature-type.ts";
import { dataSource, dummyEntity, featureSpec, sourceType, viewFields, viewSpec } from "./fields.ts";
import { readMicroseconds } from "./times.ts";
import { Unsupported } from "./unsupported.ts";

type StoredView = PlainViewModel | WindowedViewModel;

/** A Feast view whose objects are not looked up yet. */
export interface FeastView {
  readonly name: string;
  /** Names of Feast's entities; empty for a view without. */
  readonly entities: readonly string[];
  /** Join key → Feast's number of its type. */
  readonly keyTypes: ReadonlyMap<string, number>;
  readonly features: readonly Message[];
  /** The source of its rows. */
  readonly batch: Message | null;
  /** The push source over it, if any. */
  readonly push: Message | null;
  /** The Kafka source beside it, if any. */
  readonly kafka: Message | null;
  readonly spec: Message;
}

/**
 * Reads a `FeatureView`. Throws {@link Unsupported} for what Python or a foreign engine computes, and for types that asof does not have: a view
 * that is left out must not say what the columns of its source are.
 */
export function readFeastView(bytes: Uint8Array, before: ViewModel | undefined): FeastView {
  const spec = specOf(bytes);
  if (isComputed(spec)) {
    throw new Unsupported(
      "a compute engine of Feast transforms its rows",
      "Write its features as derive(…) or aggregates, or let the engine write Parquet. It stays in the registry as it is.",
    );
  }
  if (spec.number(viewSpec.disabled) !== 0) throw new Unsupported("it is disabled", "Enable it: `feast feature-views enable NAME`.");
  const stream = spec.message(viewSpec.streamSource);
  const streamType = stream?.number(dataSource.type);
  if (stream !== null && streamType !== sourceType.push && streamType !== sourceType.kafka) {
    throw new Unsupported(`its stream is of a type (${streamType}) that asof does not read`, "Use a push or a Kafka source.");
  }
  const push = streamType === sourceType.push ? stream : null;
  const entities = spec.texts(viewSpec.entities).filter((name) => name !== dummyEntity.name);
  const columns = spec.messages(viewSpec.entityColumns);
  const name = spec.text(viewSpec.name);
  for (const field of spec.messages(viewSpec.features)) featureTypeOf(name, field, storedView(before));
  return {
    name,
    entities,
    keyTypes: new Map(columns.map((column) => [column.text(featureSpec.name), column.number(featureSpec.valueType)])),
    features: spec.messages(viewSpec.features),
    batch: push?.message(dataSource.batchSource) ?? spec.message(viewSpec.batchSource),
    push,
    kafka: streamType === sourceType.kafka ? stream : null,
    spec,
  };
}

/** Whether a compute engine of Feast transforms the view's rows. */
export function isComputedView(bytes: Uint8Array): boolean {
  return isComputed(specOf(bytes));
}

/** Whether asof's own view of this name goes on beside what Feast has: that is disabled for now, or something else altogether. */
export function isBesideFeast(bytes: Uint8Array): boolean {
  const spec = specOf(bytes);
  return isComputed(spec) || spec.number(viewSpec.disabled) !== 0;
}

function specOf(bytes: Uint8Array): Message {
  return new Message(bytes).message(viewFields.spec) ?? new Message();
}

function isComputed(spec: Message): boolean {
  return spec.has(viewSpec.transformation) || spec.has(viewSpec.sourceViews) || spec.text(viewSpec.mode) !== "";
}

/** The view as asof knows it, over entities and a source that were decoded before it. */
export function decodeFeastView(
  view: FeastView,
  entities: readonly EntityModel[],
  source: SourceModel,
  before: ViewModel | undefined,
): StoredView {
  const meta = readMeta(view.spec, viewSpec);
  const stored = storedView(before);
  const features = view.features.map((field) => decodeFeature(view.name, field, stored));
  const base = { kind: "view", name: view.name, entities, source, meta } as const;
  if (stored?.form === "windowed" && sameFields(stored.features, features)) {
    return { ...base, form: "windowed", separableUs: stored.separableUs, features };
  }
  const ttlUs = readMicroseconds(view.spec.message(viewSpec.ttl));
  if (ttlUs !== null && (ttlUs < 0 || ttlUs % 1_000_000 !== 0)) {
    throw new Unsupported(`its ttl of ${ttlUs / 1_000_000} s is no whole number of seconds`, "Give it one in Feast, and apply it there.");
  }
  // Feast's zero, like no ttl at all, is no limit.
  return { ...base, form: "plain", ttlUs: ttlUs === 0 ? null : ttlUs, features: features.map(withoutAggregate) };
}

function storedView(view: ViewModel | undefined): StoredView | null {
  return view === undefined || view.form === "request" ? null : view;
}

function featureTypeOf(view: string, field: Message, before: StoredView | null): ValueType {
  const name = field.text(featureSpec.name);
  const type = typeOfField(field, before?.features.find((feature) => feature.name === name)?.type);
  if (type !== null) return type;
  const number = field.number(featureSpec.valueType);
  throw new Unsupported(
    `its feature "${name}" is of Feast's type ${feastTypeName(number) ?? number}, which says too little to read it`,
    `Use another type for it. View "${view}" stays in the registry as it is.`,
  );
}

/** What was known of a feature stays as long as Feast's field still says the same of it. */
function decodeFeature(view: string, field: Message, before: StoredView | null): FeatureModel {
  const name = field.text(featureSpec.name);
  const known = before?.features.find((feature) => feature.name === name);
  const type = featureTypeOf(view, field, before);
  const meta = metaOfField(field);
  return known !== undefined && known.type === type ? { ...known, meta } : { kind: "column", name, type, nullable: true, meta };
}

function sameFields(before: readonly FeatureModel[], after: readonly FeatureModel[]): boolean {
  const text = (features: readonly FeatureModel[]) => JSON.stringify(features.map((f) => [f.name, feastNumberOf(f.type), f.kind]).sort());
  return text(before) === text(after);
}

/** A view that Feast redefined has Feast's plain columns, also where it was one of aggregates. */
function withoutAggregate(feature: FeatureModel): FeatureModel {
  const { name, type, nullable, meta } = feature;
  return feature.kind === "derived" ? feature : { kind: "column", name, type, nullable, meta };
}
