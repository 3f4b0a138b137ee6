import { describe } from "node:test";
import { baskets, type Case, loose, on, reportsEach, sound } from "../../test/definition/sample.ts";
import { count, derive } from "./aggregates.ts";
import { entity } from "./entity.ts";
import { featureView } from "./feature-view.ts";
import { list, map, set, struct, vector } from "./nested-types.ts";
import { featureService } from "./service.ts";
import { csv, kafka, parquet, sql } from "./source.ts";
import { type AnyNotNull, float64, int64, nullable, string, timestamp } from "./value-types.ts";

const anyView = loose(featureView);
const anyEntity = loose(entity);
const anyParquet = loose(parquet);
const anyService = loose(featureService);
const anyCount = loose(count);

/** What types refuse, but JavaScript lets through: issues like all others, never a TypeError. */
const cases: Readonly<Record<string, Case>> = {
  "no name": {
    made: () => anyEntity(undefined, { key: { id: string() } }),
    code: "ASOF_NAME_INVALID",
    path: "entities.undefined",
    message: /not text/,
  },
  "an object for a name": {
    made: () => anyView({ name: "v" }, on, { spend: float64() }),
    code: "ASOF_NAME_INVALID",
    path: "feature_views.an_object",
    message: /not text/,
  },
  "a list of nullable elements": {
    made: () => anyParquet("s", { path: "p", columns: { a: loose(list)(nullable(string())) } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a",
    message: /may be null anyway/,
  },
  "a set of lists": {
    made: () => anyParquet("s", { path: "p", columns: { a: loose(set)(list(string())) } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a",
    message: /takes a scalar type/,
  },
  "a map with floats as keys": {
    made: () => anyParquet("s", { path: "p", columns: { a: loose(map)(float64(), string()) } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a",
    message: /Keys of a map/,
  },
  "a map without value type": {
    made: () => anyParquet("s", { path: "p", columns: { a: loose(map)(string()) } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a",
    message: /values of a map/,
  },
  "a struct without fields": {
    made: () => anyParquet("s", { path: "p", columns: { a: struct({}) } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a",
    message: /at least one field/,
  },
  "a struct with a field that is no type": {
    made: () => anyParquet("s", { path: "p", columns: { a: loose(struct)({ city: "string" }) } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a",
    message: /"city" has no value type/,
  },
  "a struct with fields that differ in case": {
    made: () => anyParquet("s", { path: "p", columns: { a: struct({ city: string(), City: string() }) } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a",
    message: /differ in case only/,
  },
  "a struct with a prototype": {
    made: () => anyParquet("s", { path: "p", columns: { a: struct({ ["__proto__"]: string() }) } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a",
    message: /cannot be named "__proto__"/,
  },
  "a vector of no length": {
    made: () => anyParquet("s", { path: "p", columns: { a: vector(0) } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a",
    message: /1 to 65,536 numbers/,
  },
  "a type without end": {
    made: () => {
      let type: AnyNotNull = list(string());
      for (let i = 0; i < 40; i++) type = list(type);
      return anyParquet("s", { path: "p", columns: { a: type } });
    },
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a",
    message: /more than 32 levels/,
  },
  "an unknown precision": {
    made: () => anyParquet("s", { path: "p", columns: { a: loose(timestamp)({ precision: "ms" }) } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a.precision",
    message: /microseconds, or whole seconds/,
  },
  "a time of rows in whole seconds": {
    made: () => parquet("s", { path: "p", eventTime: "at", columns: { at: timestamp({ precision: "s" }) } }),
    code: "ASOF_COLUMN_TYPE",
    path: "sources.s.eventTime",
    message: /declared as timestamp\(s\)/,
  },
  "a struct as key": {
    made: () => anyEntity("e", { key: { id: struct({ a: string() }) } }),
    code: "ASOF_COLUMN_TYPE",
    path: "entities.e.key.id",
    message: /struct\(\{ a: string \}\), which has no exact form as a key/,
  },
  "a nullable nothing": {
    made: () => anyParquet("s", { path: "p", columns: { a: loose(nullable)() } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a",
    message: /takes a type/,
  },
  "int64 as text": {
    made: () => anyParquet("s", { path: "p", columns: { a: loose(int64)({ as: "string" }) } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a.as",
    message: /as a bigint or as a number/,
  },
  "an unknown option of a type": {
    made: () => anyParquet("s", { path: "p", columns: { a: loose(float64)({ desc: "x" }) } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a.desc",
    message: /There is no option "desc"/,
  },
  "an expression that is none": {
    made: () => anyView("v", on, { x: loose(derive)(() => 1) }),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.v.features.x",
    message: /This is 1, not an expression/,
  },
  "no options": {
    made: () => anyView("v", undefined, { spend: float64() }),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.v.source",
    message: /The source is undefined, not a source/,
  },
  "no features": {
    made: () => anyView("v", on),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.v.features",
    message: /needs features/,
  },
  "an unknown option": {
    made: () => anyView("v", { ...on, tll: "3d" }, { spend: float64() }),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.v.tll",
    message: /There is no option "tll"/,
    fix: /Did you mean "ttl"\?/,
  },
  "an unknown option of an aggregate": {
    made: () => anyView("v", on, { x: anyCount({ windw: "7d" }) }),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.v.features.x.windw",
    message: /There is no option "windw"/,
  },
  "a builder that was not called": {
    made: () => anyView("v", on, { spend: float64 }),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.v.features.spend",
    message: /a function \(call it/,
  },
  "a source for an entity": {
    made: () => anyView("v", { entities: [baskets], source: baskets }, { spend: float64() }),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.v.entities[0]",
    message: /This is a source, not an entity/,
  },
  "a column that is no type": {
    made: () => anyParquet("s", { path: "p", columns: { a: "float64" } }),
    code: "ASOF_COLUMN_TYPE",
    path: "sources.s.columns.a",
    message: /"a" is "float64", not a value type/,
  },
  "no path": {
    made: () => anyParquet("s", { columns: {} }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.path",
    message: /needs the path/,
  },
  "no query": {
    made: () => loose(sql)("s", { columns: {} }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.query",
    message: /needs a query/,
  },
  "a delimiter of two characters": {
    made: () => csv("s", { path: "p", columns: {}, delimiter: "||" }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.delimiter",
    message: /one character/,
  },
  "a quote of two characters": {
    made: () => csv("s", { path: "p", columns: {}, quote: "''" }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.quote",
    message: /one visible ASCII character/,
  },
  "an escape that is a line break": {
    made: () => csv("s", { path: "p", columns: {}, escape: "\n" }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.escape",
    message: /one visible ASCII character/,
  },
  "a stream without topic": {
    made: () => parquet("s", { path: "p", columns: {}, stream: kafka({ topic: "" }) }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.stream",
    message: /needs a topic/,
  },
  "tags that are no texts": {
    made: () => anyEntity("e", { key: { id: string() }, tags: { a: 1 } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "entities.e.tags",
    message: /Tags must be an object of texts/,
  },
  "a list for a service": {
    made: () => anyService("s", sound),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_services.s.views",
    message: /given as a list/,
  },
};

describe("validation of definitions in JavaScript", () => {
  reportsEach(cases);
});
