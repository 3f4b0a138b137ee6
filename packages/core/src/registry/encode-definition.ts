import { viewOfLabel } from "../definition/label.ts";
import type {
  AggregateModel,
  ColumnModel,
  CsvFormat,
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
import { printType } from "../value/type.ts";
import { fingerprintOf } from "./canonical-json.ts";
import { encodeExpression } from "./expression-json.ts";
import { type Encoding, encodeType } from "./type-text.ts";
import { columnsOfFeature } from "./used-columns.ts";

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
    dataFingerprint: fingerprintOf(exact.forms.includes("number") ? plainDataOf(model) : spec.data),
    metadataFingerprint: fingerprintOf({ metadata: spec.metadata, forms: exact.forms }),
  };
  encoded.set(model, definition);
  return definition;
}

/** The data part without the JavaScript forms of int64: what the data fingerprint covers. */
export function plainDataOf(model: ObjectModel): Json {
  return encodeData(model, { exact: false, forms: [] });
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
    case "label":
      return model.kind;
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
    case "label": {
      const { entities, source, features } = encodeTable(viewOfLabel(model), encoding);
      return { kind: "label", entities, source, features, delayUs: model.delayUs, ttlUs: model.ttlUs };
    }
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
  return { ...table, paths: [...source.paths], hive: source.hive, csv: source.csv === null ? null : encodeCsv(source.csv) };
}

function encodeColumns(columns: readonly ColumnModel[], encoding: Encoding): Json {
  return Object.fromEntries(columns.map((c) => [c.name, { type: encodeType(c.type, encoding), nullable: c.nullable }]));
}

function encodeView(view: ViewModel, encoding: Encoding): Json {
  if (view.form === "request") {
    return encodeRequestView(view, Object.fromEntries(view.features.map((f) => [f.name, encodeFeature(f, encoding)])), encoding);
  }
  const table = encodeTable(view, encoding);
  return view.form === "plain" ? { ...table, ttlUs: view.ttlUs } : { ...table, separableUs: view.separableUs };
}

function encodeTable(view: PlainViewModel | WindowedViewModel, encoding: Encoding) {
  const features = view.features.map((f) => {
    const feature = encodeFeature(f, encoding);
    return [f.name, view.form === "plain" ? { ...feature, reads: readsOf(view.source, columnsOfFeature(f)) } : feature] as const;
  });
  return {
    kind: "view",
    form: view.form,
    entities: view.entities.map((e) => ({ name: e.name, fingerprint: encodeDefinition(e).dataFingerprint })),
    source: { name: view.source.name, fingerprint: fingerprintOf(sourceMeaning(view)) },
    features: Object.fromEntries(features),
  };
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

function encodeFeature(feature: FeatureModel, encoding: Encoding): JsonObject {
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
    ...(reference.version === undefined ? {} : { version: reference.version }),
    ...(reference.project === undefined ? {} : { project: reference.project }),
  };
}

/**
 * The part of a source on which all values of a view depend: where rows come from, keys and times; for a windowed view every
 * column too, because its row order is over all of them. What a plain feature reads stands with the feature, so that features
 * can be added. Descriptions and a stream side leave values as they are.
 */
function sourceMeaning(view: PlainViewModel | WindowedViewModel): Json {
  const keys = view.entities.flatMap((e) => e.keys.map((k) => k.name));
  const columns = view.form === "windowed" ? view.source.columns.map((c) => c.name) : [];
  return tableMeaning(view.source, view.form, keys, columns);
}

function tableMeaning(source: SourceModel, form: "plain" | "windowed", keys: readonly string[], columns: readonly string[]): Json {
  const eventId = form === "windowed" ? source.eventId : null;
  const used = new Set([...keys, ...[source.eventTime, source.createdTime, eventId].filter((name) => name !== null)]);
  const table = {
    type: source.type,
    eventTime: source.eventTime,
    createdTime: source.createdTime,
    eventId,
    reads: Object.fromEntries(columns.map((name) => [name, readOf(source, name)])),
    mapping: Object.fromEntries(Object.entries(source.mapping).filter(([logical]) => used.has(logical))),
  };
  if (source.type === "sql") return { ...table, query: source.query };
  if (source.type === "push") return { ...table, batch: source.batch === null ? null : tableMeaning(source.batch, form, keys, columns) };
  return { ...table, paths: [...source.paths], hive: source.hive, csv: source.csv === null ? null : encodeCsv(source.csv) };
}

/** Quoting as in RFC 4180 is left out, so that definitions of before it could be chosen stay what they are. */
function encodeCsv({ quote, escape: escaping, ...format }: CsvFormat): Json {
  return { ...format, ...(quote === '"' ? {} : { quote }), ...(escaping === quote ? {} : { escape: escaping }) };
}

function readsOf(source: SourceModel, columns: readonly string[]): Json {
  return Object.fromEntries(columns.map((name) => [name, readOf(source, name)]));
}

/** A column as it is read: `float64`, or `float64 from "price"` where its physical name differs. */
function readOf(source: SourceModel, name: string): string {
  const column = source.columns.find((c) => c.name === name);
  const type = column === undefined ? "undeclared" : printType(column.type);
  const physical = Object.hasOwn(source.mapping, name) ? source.mapping[name] : undefined;
  const own = physical === undefined || physical === name ? type : `${type} from ${JSON.stringify(physical)}`;
  return source.type === "push" && source.batch !== null ? `${own}, batch ${readOf(source.batch, name)}` : own;
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
        ...(model.form === "request" || model.shared === undefined ? {} : { shared: model.shared }),
        ...(model.form === "request" ? { request: encodeParts(model.request), requestOrder: model.request.map((c) => c.name) } : {}),
      };
    case "label":
      return { ...own, features: encodeParts(model.features), featureOrder: model.features.map((f) => f.name) };
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
