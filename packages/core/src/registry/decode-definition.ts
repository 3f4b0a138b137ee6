import { foreignView } from "../definition/foreign-view.ts";
import type {
  AggregateFunction,
  AggregateModel,
  ColumnModel,
  CsvFormat,
  EntityModel,
  FeatureModel,
  FileSourceModel,
  LabelModel,
  Meta,
  ServiceModel,
  SourceModel,
  SqlSourceModel,
  StreamModel,
  ViewModel,
  ViewReference,
} from "../definition/model.ts";
import type { Json } from "../value/json.ts";
import { decodeExpression } from "./expression-json.ts";
import {
  booleanAt,
  memberOf,
  numberAt,
  numberOrNullAt,
  objectAt,
  objectMapAt,
  objectsAt,
  readObject,
  refuse,
  type StoredObject,
  textAt,
  textMapAt,
  textOrNullAt,
  textsAt,
} from "./read-json.ts";
import { decodeType } from "./type-text.ts";

/** Finds the objects that a definition refers to by name; throws where one is missing. */
export interface DefinitionResolver {
  entity(name: string): EntityModel;
  source(name: string): SourceModel;
  view(name: string): ViewModel;
}

interface Spec {
  readonly data: StoredObject;
  readonly metadata: StoredObject;
}

function readSpec(spec: Json, path: string): Spec {
  const object = readObject(spec, path);
  return { data: objectAt(object, "data"), metadata: objectAt(object, "metadata") };
}

/** Reads an entity as `encodeDefinition` wrote it. */
export function decodeEntity(name: string, spec: Json): EntityModel {
  const { data, metadata } = readSpec(spec, `entity "${name}"`);
  const metas = objectMapAt(metadata, "keys");
  const keys = objectsAt(data, "keys").map((key): ColumnModel => {
    const keyName = textAt(key, "name");
    return { name: keyName, type: decodeType(textAt(key, "type")), nullable: false, meta: decodeMeta(metas.get(keyName)) };
  });
  return deepFreeze({ kind: "entity", name, keys, meta: decodeMeta(metadata) });
}

/** Reads a source. */
export function decodeSource(name: string, spec: Json): SourceModel {
  const { data, metadata } = readSpec(spec, `source "${name}"`);
  return deepFreeze(decodeTable(name, data, metadata));
}

function decodeTable(name: string, data: StoredObject, metadata: StoredObject): SourceModel {
  const type = textAt(data, "type");
  if (type !== "push") return decodeBatch(name, data, metadata);
  const batch = memberOf(data, "batch") === null ? null : objectAt(data, "batch");
  return {
    ...decodeTableBase(name, data, metadata),
    type: "push",
    batch: batch === null ? null : decodeBatch(textAt(batch, "name"), batch, objectAt(metadata, "batch")),
  };
}

function decodeBatch(name: string, data: StoredObject, metadata: StoredObject): FileSourceModel | SqlSourceModel {
  const type = textAt(data, "type");
  const base = decodeTableBase(name, data, metadata);
  if (type === "sql") return { ...base, type, query: textAt(data, "query") };
  if (type !== "parquet" && type !== "csv") return refuse(`${data.path}.type`, "a type of source that this version knows", type);
  const csv = memberOf(data, "csv") === null ? null : objectAt(data, "csv");
  return {
    ...base,
    type,
    paths: textsAt(data, "paths"),
    hive: booleanAt(data, "hive"),
    csv: csv === null ? null : decodeCsv(csv),
  };
}

function decodeCsv(csv: StoredObject): CsvFormat {
  const quote = memberOf(csv, "quote") === undefined ? '"' : textAt(csv, "quote");
  return {
    delimiter: textAt(csv, "delimiter"),
    header: booleanAt(csv, "header"),
    nullText: textAt(csv, "nullText"),
    quote,
    escape: memberOf(csv, "escape") === undefined ? quote : textAt(csv, "escape"),
  };
}

function decodeTableBase(name: string, data: StoredObject, metadata: StoredObject) {
  return {
    kind: "source" as const,
    name,
    eventTime: textOrNullAt(data, "eventTime"),
    createdTime: textOrNullAt(data, "createdTime"),
    eventId: textOrNullAt(data, "eventId"),
    columns: decodeColumns(data, metadata, "columns", "columnOrder"),
    mapping: textMapAt(data, "mapping"),
    stream: memberOf(data, "stream") === null ? null : decodeStream(objectAt(data, "stream")),
    meta: decodeMeta(metadata),
  };
}

function decodeStream(stream: StoredObject): StreamModel {
  const type = textAt(stream, "type");
  if (type !== "kafka") return refuse(`${stream.path}.type`, "a type of stream that this version knows", type);
  return { type, topic: textAt(stream, "topic"), options: textMapAt(stream, "options") };
}

/** Named parts in declaration order. */
function orderedParts(data: StoredObject, metadata: StoredObject, member: string, order: string): [string, StoredObject, Meta][] {
  const parts = objectMapAt(data, member);
  const metas = objectMapAt(metadata, member);
  const names = textsAt(metadata, order);
  return names.map((name) => [
    name,
    parts.get(name) ?? refuse(`${data.path}.${member}`, `the part "${name}"`, undefined),
    decodeMeta(metas.get(name)),
  ]);
}

function decodeColumns(data: StoredObject, metadata: StoredObject, member: string, order: string): readonly ColumnModel[] {
  return orderedParts(data, metadata, member, order).map(([name, column, meta]) => ({
    name,
    type: decodeType(textAt(column, "type")),
    nullable: booleanAt(column, "nullable"),
    meta,
  }));
}

/** Reads a view of any form. A request view comes back without its function: the registry keeps its text only. */
export function decodeView(name: string, spec: Json, resolver: DefinitionResolver): ViewModel {
  const { data, metadata } = readSpec(spec, `feature view "${name}"`);
  const features = orderedParts(data, metadata, "features", "featureOrder").map(([feature, part, meta]) =>
    decodeFeature(feature, part, meta),
  );
  const base = { kind: "view" as const, name, features, meta: decodeMeta(metadata) };
  const form = textAt(data, "form");
  if (form === "request") {
    return deepFreeze({
      ...base,
      form,
      inputs: objectsAt(data, "inputs").map((input) => decodeReference(input, resolver)),
      request: decodeColumns(data, metadata, "request", "requestOrder"),
      onError: textAt(data, "onError") === "null" ? "null" : "throw",
      source: textAt(data, "compute"),
    });
  }
  const table = {
    ...base,
    entities: objectsAt(data, "entities").map((e) => resolver.entity(textAt(e, "name"))),
    source: resolver.source(textAt(objectAt(data, "source"), "name")),
    ...decodeShared(metadata),
  };
  if (form === "plain") return deepFreeze({ ...table, form, ttlUs: numberOrNullAt(data, "ttlUs") });
  if (form === "windowed") return deepFreeze({ ...table, form, separableUs: numberAt(data, "separableUs") });
  return refuse(`${data.path}.form`, "a form of view that this version knows", form);
}

function decodeShared(metadata: StoredObject): { readonly shared?: true | readonly string[] } {
  const shared = memberOf(metadata, "shared");
  if (shared === undefined) return {};
  return { shared: shared === true ? true : textsAt(metadata, "shared") };
}

/** Reads a label. */
export function decodeLabel(name: string, spec: Json, resolver: Omit<DefinitionResolver, "view">): LabelModel {
  const { data, metadata } = readSpec(spec, `label "${name}"`);
  return deepFreeze({
    kind: "label",
    name,
    entities: objectsAt(data, "entities").map((e) => resolver.entity(textAt(e, "name"))),
    source: resolver.source(textAt(objectAt(data, "source"), "name")),
    delayUs: numberAt(data, "delayUs"),
    ttlUs: numberOrNullAt(data, "ttlUs"),
    features: orderedParts(data, metadata, "features", "featureOrder").map(([feature, part, meta]) => decodeFeature(feature, part, meta)),
    meta: decodeMeta(metadata),
  });
}

function decodeFeature(name: string, part: StoredObject, meta: Meta): FeatureModel {
  const base = { name, type: decodeType(textAt(part, "type")), nullable: booleanAt(part, "nullable"), meta };
  const kind = textAt(part, "kind");
  switch (kind) {
    case "column":
    case "computed":
      return { ...base, kind };
    case "derived":
      return { ...base, kind, expression: decodeExpression(objectAt(part, "expression")) };
    case "aggregate":
      return { ...base, kind, aggregate: decodeAggregate(objectAt(part, "aggregate")) };
    default:
      return refuse(`${part.path}.kind`, "a kind of feature that this version knows", kind);
  }
}

function decodeAggregate(part: StoredObject): AggregateModel {
  const optional = (name: string) => (memberOf(part, name) === null ? null : decodeExpression(objectAt(part, name)));
  return {
    function: decodeFunction(objectAt(part, "function")),
    argument: optional("argument"),
    windowUs: numberOrNullAt(part, "windowUs"),
    hopUs: numberOrNullAt(part, "hopUs"),
    where: optional("where"),
  };
}

function decodeFunction(part: StoredObject): AggregateFunction {
  const fn = textAt(part, "fn");
  switch (fn) {
    case "count":
    case "sum":
    case "avg":
    case "min":
    case "max":
    case "first":
    case "last":
      return { fn };
    case "variance":
    case "stddev":
      return { fn, population: booleanAt(part, "population") };
    case "firstN":
    case "lastN":
      return { fn, n: numberAt(part, "n") };
    case "distinctCount":
      return { fn, bound: numberAt(part, "bound") };
    default:
      return refuse(`${part.path}.fn`, "an aggregate function that this version knows", fn);
  }
}

/** Reads a service. */
export function decodeService(name: string, spec: Json, resolver: DefinitionResolver): ServiceModel {
  const { data, metadata } = readSpec(spec, `feature service "${name}"`);
  const views = objectsAt(data, "views").map((reference) => decodeReference(reference, resolver));
  return deepFreeze({ kind: "service", name, views, meta: decodeMeta(metadata) });
}

function decodeReference(part: StoredObject, resolver: DefinitionResolver): ViewReference {
  const project = memberOf(part, "project") === undefined ? null : textAt(part, "project");
  return {
    view: project === null ? resolver.view(textAt(part, "view")) : foreignView(textAt(part, "view")),
    name: textAt(part, "name"),
    features: memberOf(part, "features") === null ? null : textsAt(part, "features"),
    keys: textMapAt(part, "keys"),
    maxAgeUs: numberOrNullAt(part, "maxAgeUs"),
    ...(memberOf(part, "version") === undefined ? {} : { version: numberAt(part, "version") }),
    ...(project === null ? {} : { project }),
  };
}

function decodeMeta(part: StoredObject | undefined): Meta {
  if (part === undefined) return {};
  return {
    ...(memberOf(part, "owner") === undefined ? {} : { owner: textAt(part, "owner") }),
    ...(memberOf(part, "description") === undefined ? {} : { description: textAt(part, "description") }),
    ...(memberOf(part, "tags") === undefined ? {} : { tags: textMapAt(part, "tags") }),
  };
}

/** Freezes what was just made; objects of earlier decodes are frozen already and not walked again. */
function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value) && !ArrayBuffer.isView(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
