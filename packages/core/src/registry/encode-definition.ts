import type {
  AggregateModel,
  ColumnModel,
  FeatureModel,
  Meta,
  ObjectModel,
  PlainViewModel,
  RequestViewModel,
  SourceModel,
  ViewModel,
  ViewReference,
  WindowedViewModel,
} from "../definition/model.ts";
import type { RecordKind } from "../store/registry.ts";
import type { Json } from "../value/json.ts";
import { fingerprintOf } from "./canonical-json.ts";
import { encodeExpression } from "./expression-json.ts";
import { type Encoding, encodeType } from "./type-text.ts";
import { columnsOfView } from "./used-columns.ts";

/** A definition in the form in which the registry keeps it. */
export interface EncodedDefinition {
  readonly kind: RecordKind;
  readonly name: string;
  /**
   * `{ data, metadata }`. `data` is what values depend on: named things are members by name, so their order is not data, and
   * other objects are referred to by name and data fingerprint. `metadata` is owner, description and tags of the object and of
   * its parts, and the order in which the parts were declared.
   */
  readonly spec: { readonly data: Json; readonly metadata: Json };
  /** SHA-256 of `data` without the JavaScript forms of int64: equal fingerprints mean that nothing has to be recomputed. */
  readonly dataFingerprint: string;
  /** SHA-256 of `metadata` and the JavaScript forms. */
  readonly metadataFingerprint: string;
}

/** Makes the canonical form of an object. Pure; results are remembered per object, since models are frozen. */
export function encodeDefinition(model: ObjectModel): EncodedDefinition {
  const known = encoded.get(model);
  if (known !== undefined) return known;
  const exact: Encoding = { exact: true, forms: [] };
  const spec = { data: encodeData(model, exact), metadata: encodeMetadata(model) };
  const definition: EncodedDefinition = {
    kind: recordKindOf(model),
    name: model.name,
    spec,
    dataFingerprint: fingerprintOf(exact.forms.includes("number") ? encodeData(model, { exact: false, forms: [] }) : spec.data),
    metadataFingerprint: fingerprintOf({ metadata: spec.metadata, forms: exact.forms }),
  };
  encoded.set(model, definition);
  return definition;
}

type JsonObject = { readonly [name: string]: Json };

const encoded = new WeakMap<ObjectModel, EncodedDefinition>();

/** The kind of registry record that holds an object. */
export function recordKindOf(model: ObjectModel): RecordKind {
  switch (model.kind) {
    case "entity":
    case "source":
      return model.kind;
    case "view":
      return "feature_view";
    case "service":
      return "feature_service";
  }
}

function encodeData(model: ObjectModel, encoding: Encoding): Json {
  switch (model.kind) {
    case "entity":
      return { kind: "entity", keys: model.keys.map((key) => ({ name: key.name, type: encodeType(key.type, encoding) })) };
    case "source":
      return encodeSource(model, encoding);
    case "view":
      return encodeView(model, encoding);
    case "service":
      return { kind: "service", views: model.views.map(encodeReference) };
  }
}

function encodeSource(source: SourceModel, encoding: Encoding): JsonObject {
  const table = {
    kind: "source",
    type: source.type,
    eventTime: source.eventTime,
    createdTime: source.createdTime,
    eventId: source.eventId,
    columns: encodeColumns(source.columns, encoding),
    mapping: { ...source.mapping },
    stream: source.stream === null ? null : { ...source.stream, options: { ...source.stream.options } },
  };
  if (source.type === "sql") return { ...table, query: source.query };
  if (source.type === "push") {
    return { ...table, batch: source.batch === null ? null : { name: source.batch.name, ...encodeSource(source.batch, encoding) } };
  }
  return { ...table, paths: [...source.paths], hive: source.hive, csv: source.csv === null ? null : { ...source.csv } };
}

function encodeColumns(columns: readonly ColumnModel[], encoding: Encoding): Json {
  return Object.fromEntries(columns.map((c) => [c.name, { type: encodeType(c.type, encoding), nullable: c.nullable }]));
}

function encodeView(view: ViewModel, encoding: Encoding): Json {
  const features = Object.fromEntries(view.features.map((f) => [f.name, encodeFeature(f, encoding)]));
  if (view.form === "request") return encodeRequestView(view, features, encoding);
  const table = {
    kind: "view",
    form: view.form,
    entities: view.entities.map((e) => ({ name: e.name, fingerprint: encodeDefinition(e).dataFingerprint })),
    source: { name: view.source.name, fingerprint: fingerprintOf(sourceMeaning(view)) },
    features,
  };
  return view.form === "plain" ? { ...table, ttlUs: view.ttlUs } : { ...table, separableUs: view.separableUs };
}

function encodeRequestView(view: RequestViewModel, features: Json, encoding: Encoding): Json {
  return {
    kind: "view",
    form: "request",
    inputs: view.inputs.map(encodeReference),
    request: encodeColumns(view.request, encoding),
    features,
    onError: view.onError,
    compute: view.source,
  };
}

function encodeFeature(feature: FeatureModel, encoding: Encoding): Json {
  const base = { kind: feature.kind, type: encodeType(feature.type, encoding), nullable: feature.nullable };
  if (feature.kind === "derived") return { ...base, expression: encodeExpression(feature.expression, encoding) };
  if (feature.kind === "aggregate") return { ...base, aggregate: encodeAggregate(feature.aggregate, encoding) };
  return base;
}

function encodeAggregate(aggregate: AggregateModel, encoding: Encoding): Json {
  return {
    function: { ...aggregate.function },
    argument: aggregate.argument === null ? null : encodeExpression(aggregate.argument, encoding),
    windowUs: aggregate.windowUs,
    hopUs: aggregate.hopUs,
    where: aggregate.where === null ? null : encodeExpression(aggregate.where, encoding),
  };
}

function encodeReference(reference: ViewReference): Json {
  return {
    view: reference.view.name,
    name: reference.name,
    features: reference.features === null ? null : [...reference.features],
    keys: { ...reference.keys },
    maxAgeUs: reference.maxAgeUs,
  };
}

/**
 * The part of a source on which the values of a view depend: where rows come from, the times, the columns it uses. A new
 * column that a plain view does not use, another description or a stream side leave its values as they are.
 */
function sourceMeaning(view: PlainViewModel | WindowedViewModel): Json {
  const columns = new Set(columnsOfView(view));
  const keys = new Set(view.entities.flatMap((e) => e.keys.map((k) => k.name)));
  return tableMeaning(view.source, view.form, columns, keys);
}

function tableMeaning(source: SourceModel, form: "plain" | "windowed", columns: ReadonlySet<string>, keys: ReadonlySet<string>): Json {
  const plainForm: Encoding = { exact: false, forms: [] };
  const used = new Set([...columns, ...keys, ...[source.eventTime, source.createdTime, source.eventId].filter((n) => n !== null)]);
  const table = {
    type: source.type,
    eventTime: source.eventTime,
    createdTime: source.createdTime,
    eventId: form === "windowed" ? source.eventId : null,
    columns: Object.fromEntries(source.columns.filter((c) => columns.has(c.name)).map((c) => [c.name, encodeType(c.type, plainForm)])),
    mapping: Object.fromEntries(Object.entries(source.mapping).filter(([logical]) => used.has(logical))),
  };
  if (source.type === "sql") return { ...table, query: source.query };
  if (source.type === "push") return { ...table, batch: source.batch === null ? null : tableMeaning(source.batch, form, columns, keys) };
  return { ...table, paths: [...source.paths], hive: source.hive, csv: source.csv === null ? null : { ...source.csv } };
}

function encodeMetadata(model: ObjectModel): Json {
  const own = encodeMeta(model.meta);
  switch (model.kind) {
    case "entity":
      return { ...own, keys: encodeParts(model.keys) };
    case "source":
      return {
        ...own,
        columns: encodeParts(model.columns),
        columnOrder: model.columns.map((c) => c.name),
        ...(model.type === "push" && model.batch !== null ? { batch: encodeMetadata(model.batch) } : {}),
      };
    case "view":
      return {
        ...own,
        features: encodeParts(model.features),
        featureOrder: model.features.map((f) => f.name),
        ...(model.form === "request" ? { request: encodeParts(model.request), requestOrder: model.request.map((c) => c.name) } : {}),
      };
    case "service":
      return own;
  }
}

function encodeMeta(meta: Meta): JsonObject {
  return {
    ...(meta.owner === undefined ? {} : { owner: meta.owner }),
    ...(meta.description === undefined ? {} : { description: meta.description }),
    ...(meta.tags === undefined || Object.keys(meta.tags).length === 0 ? {} : { tags: { ...meta.tags } }),
  };
}

/** Metadata of the parts that have some. */
function encodeParts(parts: readonly { readonly name: string; readonly meta: Meta }[]): Json {
  return Object.fromEntries(parts.map((p) => [p.name, encodeMeta(p.meta)] as const).filter(([, meta]) => Object.keys(meta).length > 0));
}
