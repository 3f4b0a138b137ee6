import type { RowSchema } from "../store/online.ts";
import type { Json } from "../value/json.ts";
import {
  arrayAt,
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
} from "./read-json.ts";
import { decodeType, encodeType } from "./type-text.ts";
import type { Coverage, ServedDefinition, ViewState } from "./view-state.ts";

/** The state as the spec of a `view_state` record. */
export function encodeViewState(state: ViewState): Json {
  return {
    activeGeneration: state.activeGeneration,
    registeredGeneration: state.registeredGeneration,
    keptGenerations: state.keptGenerations,
    replaceWhenReady: state.replaceWhenReady,
    lastGeneration: state.lastGeneration,
    retiredGenerations: state.retiredGenerations,
    retiredAtUs: state.retiredAtUs,
    schemas: fromMap(state.schemas, (schemas) => schemas.map(encodeSchema)),
    coverage: fromMap(state.coverage, (features) => fromMap(features, (c) => ({ fromUs: c.fromUs, toUs: c.toUs }))),
    cursor: fromMap(state.cursor, (c) => ({ createdUs: c.createdUs, eventUs: c.eventUs })),
    createdAtUs: fromMap(state.createdAtUs, (us) => us),
    lastMaterializedAtUs: state.lastMaterializedAtUs,
    servedSpec: state.served === null ? null : encodeServed(state.served),
    deleted: state.deleted,
  };
}

/** Reads a `view_state` record's spec. */
export function decodeViewState(spec: Json, view: string): ViewState {
  const object = readObject(spec, `view state "${view}"`);
  const served = memberOf(object, "servedSpec") === null ? null : objectAt(object, "servedSpec");
  return {
    ...decodeGenerations(object),
    lastGeneration: numberAt(object, "lastGeneration"),
    retiredGenerations: numbersAt(object, "retiredGenerations"),
    schemas: generationsOf(object, "schemas", (o, generation) => objectsAt(o, generation).map(decodeSchema)),
    coverage: generationsOf(object, "coverage", (o, generation) => decodeCoverage(objectMapAt(o, generation))),
    cursor: generationsOf(object, "cursor", (o, generation) => {
      const cursor = objectAt(o, generation);
      return { createdUs: numberOrNullAt(cursor, "createdUs"), eventUs: numberOrNullAt(cursor, "eventUs") };
    }),
    lastMaterializedAtUs: numberOrNullAt(object, "lastMaterializedAtUs"),
    served: served === null ? null : decodeServed(served),
    deleted: memberOf(object, "deleted") === true,
  };
}

type Generations = "activeGeneration" | "registeredGeneration" | "keptGenerations" | "replaceWhenReady" | "retiredAtUs" | "createdAtUs";

function decodeGenerations(object: StoredObject): Pick<ViewState, Generations> {
  const activeGeneration = numberAt(object, "activeGeneration");
  if (memberOf(object, "keptGenerations") === undefined) return decodeBuilding(object, activeGeneration);
  return {
    activeGeneration,
    registeredGeneration: numberAt(object, "registeredGeneration"),
    keptGenerations: numbersAt(object, "keptGenerations"),
    replaceWhenReady: memberOf(object, "replaceWhenReady") === true,
    retiredAtUs: numberOrNullAt(object, "retiredAtUs"),
    createdAtUs: generationsOf(object, "createdAtUs", numberAt),
  };
}

/** The format before this one: one generation, and at most one being built that was to replace it. */
function decodeBuilding(object: StoredObject, activeGeneration: number): Pick<ViewState, Generations> {
  const building = numberOrNullAt(object, "buildingGeneration");
  const active = activeGeneration === 0 ? [] : [activeGeneration];
  return {
    activeGeneration,
    registeredGeneration: building ?? activeGeneration,
    keptGenerations: building === null ? active : [...active, building],
    replaceWhenReady: building !== null,
    retiredAtUs: null,
    createdAtUs: new Map(),
  };
}

/** A definition with what it refers to, as a member of a record. */
export function encodeServed(served: ServedDefinition): Json {
  return {
    view: served.view,
    entities: served.entities.map((e) => ({ name: e.name, spec: e.spec })),
    source: { name: served.source.name, spec: served.source.spec },
  };
}

/** Reads what {@link encodeServed} wrote. */
export function decodeServed(object: StoredObject): ServedDefinition {
  const named = (o: StoredObject) => ({ name: textAt(o, "name"), spec: memberOf(o, "spec") ?? null });
  return {
    view: memberOf(object, "view") ?? null,
    entities: objectsAt(object, "entities").map(named),
    source: named(objectAt(object, "source")),
  };
}

function decodeCoverage(features: ReadonlyMap<string, StoredObject>): ReadonlyMap<string, Coverage> {
  return new Map([...features].map(([name, c]) => [name, { fromUs: numberOrNullAt(c, "fromUs"), toUs: numberAt(c, "toUs") }]));
}

function encodeSchema(schema: RowSchema): Json {
  return {
    fingerprint: schema.fingerprint,
    features: schema.features.map(({ name, type }) => ({ name, type: encodeType(type, { exact: true, forms: [] }) })),
  };
}

function decodeSchema(object: StoredObject): RowSchema {
  const features = objectsAt(object, "features").map((f) => ({ name: textAt(f, "name"), type: decodeType(textAt(f, "type")) }));
  return { fingerprint: textAt(object, "fingerprint"), features };
}

function numbersAt(object: StoredObject, name: string): readonly number[] {
  return arrayAt(object, name).map((n) => (typeof n === "number" ? n : refuse(`${object.path}.${name}`, "a list of numbers", n)));
}

function generationsOf<T>(
  object: StoredObject,
  name: string,
  read: (member: StoredObject, generation: string) => T,
): ReadonlyMap<number, T> {
  const member = objectAt(object, name);
  return new Map(Object.keys(member.members).map((generation) => [Number(generation), read(member, generation)]));
}

function fromMap<K extends string | number, T>(map: ReadonlyMap<K, T>, encode: (value: T) => Json): Json {
  return Object.fromEntries([...map].map(([key, value]) => [String(key), encode(value)]));
}
