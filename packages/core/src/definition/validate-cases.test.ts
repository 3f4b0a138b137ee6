import { describe } from "node:test";
import { baskets, type Case, customer, loose, on, people, reportsEach, sound, windowed } from "../../test/definition/sample.ts";
import { count, derive, distinctCount, lastN, sum } from "./aggregates.ts";
import { entity } from "./entity.ts";
import { featureView } from "./feature-view.ts";
import { from } from "./from.ts";
import { requestView } from "./request-view.ts";
import { featureService } from "./service.ts";
import { parquet, push } from "./source.ts";
import { date, decimal, float32, float64, int64, nullable, string } from "./value-types.ts";

const anyView = loose(featureView);
const anyEntity = loose(entity);
const anyRequestView = loose(requestView);
const anyService = loose(featureService);
const anyVersion = loose((number: number, features: Parameters<typeof sound.version>[1]) => sound.version(number, features));
const anySum = loose(sum);
const anyCount = loose(count);

const cases: Readonly<Record<string, Case>> = {
  // Names.
  "an empty name": {
    made: () => entity("", { key: { id: string() } }),
    code: "ASOF_NAME_INVALID",
    path: "entities.",
    message: /it is empty/,
  },
  "a name that references cannot hold": {
    made: () => featureView("a:b", on, { spend: float64() }),
    code: "ASOF_NAME_INVALID",
    path: "feature_views.a:b",
    message: /"a:b" cannot be the name of a feature view: it has a character that references cannot hold/,
  },
  "a name of two lines": {
    made: () => entity("a\nb", { key: { id: string() } }),
    code: "ASOF_NAME_INVALID",
    path: "entities.a\nb",
    message: /cannot be the name of an entity: it has a line break or another control character/,
  },
  "a name that ends in a space": {
    made: () => featureService("s ", [sound]),
    code: "ASOF_NAME_INVALID",
    path: "feature_services.s ",
    message: /it begins or ends with a space/,
  },
  "a source's name that no file can hold": {
    made: () => parquet("s\ud800", { path: "p", columns: { a: string() } }),
    code: "ASOF_NAME_INVALID",
    path: "sources.s\ud800",
    message: /not well-formed Unicode/,
  },
  "a very long name of an entity": {
    made: () => entity("x".repeat(256), { key: { id: string() } }),
    code: "ASOF_NAME_INVALID",
    path: `entities.${"x".repeat(256)}`,
    message: /longer than 255/,
  },
  "a reserved name": {
    made: () => featureService("__internal", [sound]),
    code: "ASOF_NAME_INVALID",
    path: "feature_services.__internal",
    message: /begin with __ are reserved/,
  },
  "a long name": {
    made: () => featureView("x".repeat(129), on, { spend: float64() }),
    code: "ASOF_NAME_INVALID",
    path: `feature_views.${"x".repeat(129)}`,
    message: /longer than 128/,
  },
  "a view's name ending in a version": {
    made: () => featureView("churn_v2", on, { spend: float64() }),
    code: "ASOF_NAME_INVALID",
    path: "feature_views.churn_v2",
    message: /cannot end in "_v2"/,
    fix: /"churn" or, for example, "churn_2"/,
  },
  "a feature without name": {
    made: () => featureView("v", { source: parquet("s", { path: "p", columns: { "": string() } }) }, { "": string() }),
    code: "ASOF_NAME_INVALID",
    path: "feature_views.v.features.",
    message: /name of a feature: it is empty/,
  },
  "a feature with a lone surrogate": {
    made: () => featureView("v", on, { "a\ud800": derive((b) => b.spend) }),
    code: "ASOF_NAME_INVALID",
    path: "feature_views.v.features.a\ud800",
    message: /not well-formed/,
  },
  "a feature that no row can hold": {
    made: () => featureView("v", on, { ["__proto__"]: derive((b) => b.spend) }),
    code: "ASOF_NAME_INVALID",
    path: "feature_views.v.features.__proto__",
    message: /rows in JavaScript cannot/,
  },
  "two objects of one name": {
    made: () => [entity("customer", { key: { id: string() } }), sound],
    code: "ASOF_NAME_DUPLICATE",
    path: "entities.customer",
    message: /Two different entities are called "customer"/,
  },
  "names that differ in case only": {
    made: () => [sound, featureView("Sound", on, { spend: float64() })],
    code: "ASOF_NAME_DUPLICATE",
    path: "feature_views.sound",
    message: /"sound" and "Sound" differ in case only/,
  },
  "a key column twice": {
    made: () =>
      featureView("v", { entities: [customer, entity("other", { key: { customer_id: int64() } })], source: baskets }, { spend: float64() }),
    code: "ASOF_NAME_DUPLICATE",
    path: "feature_views.v.entities",
    message: /Two key columns are called "customer_id"/,
  },
  "a view twice in a service": {
    made: () => anyService("s", [sound, sound]),
    code: "ASOF_NAME_DUPLICATE",
    path: "feature_services.s.views",
    message: /Two views of this service are called "sound"/,
  },
  "two features of one full name": {
    made: () => featureService("s", [sound.as("a__b"), featureView("v", on, { b__spend: derive((b) => b.spend) }).as("a")]),
    code: "ASOF_NAME_COLLISION",
    path: "feature_services.s.views",
    message: /"a__b:spend" and "a:b__spend" both have the full name "a__b__spend"/,
  },
  "a wrong alias": {
    made: () => featureService("s", [sound.as("a b")]),
    code: "ASOF_NAME_INVALID",
    path: "feature_services.s.views.a b.as",
    message: /"a b" cannot be the name of a feature view/,
  },
  "sharing with what is no project": {
    made: () => anyView("v", { ...on, shared: "ads" }, { spend: float64() }),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.v.shared",
    message: /"shared" is true, or names projects/,
  },
  "a version of no number": {
    made: () => anyService("s", [anyVersion("v1")]),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.sound.version",
    message: /version takes the number of a version/,
  },
  "a version of a request view": {
    made: () => featureService("s", [requestView("r", { inputs: [sound] }, { a: float64() }, () => ({ a: 1 })).version(1)]),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.r.version",
    message: /"r" is a request view, which has no versions/,
  },
  "features of a version without types": {
    made: () => anyService("s", [anyVersion(1, { spend: "float64" })]),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.sound.version.spend",
    message: /given as name → type/,
  },
  "another project's request view": {
    made: () =>
      featureService("s", [
        from(
          "growth",
          requestView("r", { inputs: [sound] }, { a: float64() }, () => ({ a: 1 })),
        ),
      ]),
    code: "ASOF_DEFINITION_INVALID",
    path: "from.r",
    message: /"r" is a request view: a function/,
  },
  "an input called t": {
    made: () => requestView("r", { inputs: [sound.as("t")] }, { a: float64() }, () => ({ a: 1 })),
    code: "ASOF_NAME_INVALID",
    path: "feature_views.r.inputs.t",
    message: /An input cannot be called "t"/,
    fix: /\.as\("t_features"\)/,
  },
  "an input called request": {
    made: () => requestView("r", { inputs: [sound.as("request")] }, { a: float64() }, () => ({ a: 1 })),
    code: "ASOF_NAME_INVALID",
    path: "feature_views.r.inputs.request",
    message: /An input cannot be called "request"/,
  },
  // Windows, durations, ages.
  "a window that is no multiple of its hop": {
    made: () => featureView("v", on, { x: count({ window: "61m" }) }),
    code: "ASOF_WINDOW_INVALID",
    path: "feature_views.v.features.x.window",
    message: /61m is no multiple of its hop, 5m/,
  },
  "a window that is too short": {
    made: () => featureView("v", on, { x: count({ window: "30s" }) }),
    code: "ASOF_WINDOW_INVALID",
    path: "feature_views.v.features.x.window",
    message: /shorter than 2m/,
  },
  "a window shorter than the view's hop": {
    made: () => featureView("v", { ...on, hop: "1d" }, { x: count({ window: "12h" }) }),
    code: "ASOF_WINDOW_INVALID",
    path: "feature_views.v.features.x.window",
    message: /shorter than the view's hop of 1d/,
  },
  "a window of another form": {
    made: () => anyView("v", on, { x: anyCount({ window: "30 days" }) }),
    code: "ASOF_DURATION_INVALID",
    path: "feature_views.v.features.x.window",
    message: /"30 days" is not a duration: it has another form/,
  },
  "a negative window, which types let through": {
    made: () => featureView("v", on, { x: count({ window: "-1d" }) }),
    code: "ASOF_DURATION_INVALID",
    path: "feature_views.v.features.x.window",
    message: /it is negative/,
  },
  "a window in months": {
    made: () => anyView("v", on, { x: anyCount({ window: "1mo" }) }),
    code: "ASOF_DURATION_INVALID",
    path: "feature_views.v.features.x.window",
    message: /months and years have no fixed length/,
  },
  "a ttl of zero": {
    made: () => featureView("v", { ...on, ttl: "0d" }, { spend: float64() }),
    code: "ASOF_TTL_INVALID",
    path: "feature_views.v.ttl",
    message: /it is zero/,
  },
  "a ttl that is a number": {
    made: () => anyView("v", { ...on, ttl: 30 }, { spend: float64() }),
    code: "ASOF_TTL_INVALID",
    path: "feature_views.v.ttl",
    message: /30 is not a duration: it is not text/,
  },
  "a ttl on windows": {
    made: () => featureView("v", { ...on, ttl: "30d" }, { x: count() }),
    code: "ASOF_TTL_INVALID",
    path: "feature_views.v.ttl",
    message: /A windowed view has no ttl/,
  },
  "a ttl without event time": {
    made: () => featureView("v", { entities: [customer], source: people, ttl: "30d" }, { age: string() }),
    code: "ASOF_TTL_INVALID",
    path: "feature_views.v.ttl",
    message: /"people" has no event time/,
  },
  "a hop on a plain view": {
    made: () => featureView("v", { ...on, hop: "1h" }, { spend: float64() }),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.v.hop",
    message: /Only a view with aggregates has the option "hop"/,
  },
  "an age limit on windows": {
    made: () => featureService("s", [windowed.maxAge("1d")]),
    code: "ASOF_TTL_INVALID",
    path: "feature_services.s.views.windowed.maxAge",
    message: /"windowed" is a windowed view/,
  },
  "an age limit on a static dimension": {
    made: () => featureService("s", [featureView("v", { entities: [customer], source: people }, { age: string() }).maxAge("1d")]),
    code: "ASOF_TTL_INVALID",
    path: "feature_services.s.views.v.maxAge",
    message: /has no event time, so that its values have no age/,
  },
  "an age limit of another form": {
    made: () => featureService("s", [Reflect.apply(sound.maxAge, sound, ["soon"])]),
    code: "ASOF_DURATION_INVALID",
    path: "feature_views.sound.maxAge",
    message: /"soon" is not a duration/,
  },
  // Columns and types.
  "an unknown column of a feature": {
    made: () => anyView("v", on, { spnd: float64() }),
    code: "ASOF_COLUMN_UNKNOWN",
    path: "feature_views.v.features.spnd",
    message: /Source "baskets" has no column "spnd". It has: spend, items, plan, tags/,
    fix: /Did you mean "spend"\?/,
  },
  "the event time as a feature": {
    made: () => anyView("v", on, { at: float64() }),
    code: "ASOF_COLUMN_UNKNOWN",
    path: "feature_views.v.features.at",
    message: /no column "at"/,
    fix: /List "at" among the source's columns/,
  },
  "an unknown column of an aggregate": {
    made: () => anyView("v", on, { x: anySum("spnd") }),
    code: "ASOF_COLUMN_UNKNOWN",
    path: "feature_views.v.features.x",
    message: /no column "spnd"/,
    fix: /Did you mean "spend"\?/,
  },
  "an unknown column of where": {
    made: () => anyView("v", on, { x: anyCount({ where: (b: typeof baskets.row) => Reflect.get(b, "nope").eq(1) }) }),
    code: "ASOF_COLUMN_UNKNOWN",
    path: "feature_views.v.features.x.where",
    message: /no column "nope"/,
  },
  "an unknown column of a derived feature": {
    made: () => anyView("v", on, { x: loose(derive)((b: object) => Reflect.get(b, "nope").plus(1)) }),
    code: "ASOF_COLUMN_UNKNOWN",
    path: "feature_views.v.features.x",
    message: /no column "nope"/,
  },
  "a feature of another type than its column": {
    made: () => anyView("v", on, { spend: float32() }),
    code: "ASOF_COLUMN_TYPE",
    path: "feature_views.v.features.spend",
    message: /Feature "spend" is float32, but column "spend" of source "baskets" is float64/,
  },
  "an aggregate of another source": {
    made: () =>
      featureView(
        "v",
        { source: parquet("other", { path: "p", eventTime: "at", columns: { zip: string() } }) },
        { x: sum(baskets.row.spend) },
      ),
    code: "ASOF_COLUMN_UNKNOWN",
    path: "feature_views.v.features.x",
    message: /Source "other" has no column "spend"/,
  },
  "an aggregate of another source, same name": {
    made: () =>
      featureView(
        "v",
        { source: parquet("other", { path: "p", eventTime: "at", columns: { spend: float32() } }) },
        { x: sum(baskets.row.spend) },
      ),
    code: "ASOF_COLUMN_TYPE",
    path: "feature_views.v.features.x",
    message: /reads "spend" as float64, but it is float32 in source "other"/,
  },
  "a sum of text": {
    made: () => anyView("v", on, { x: anySum("plan") }),
    code: "ASOF_COLUMN_TYPE",
    path: "feature_views.v.features.x",
    message: /sum needs a numeric column, but "plan" is string/,
    fix: /cast\(float64\(\)\)/,
  },
  "distinct lists": {
    made: () => anyView("v", on, { x: loose(distinctCount)("tags") }),
    code: "ASOF_COLUMN_TYPE",
    path: "feature_views.v.features.x",
    message: /distinctCount needs a column that is not a list/,
  },
  "where that is no condition": {
    made: () => anyView("v", on, { x: anyCount({ where: (b: typeof baskets.row) => b.spend }) }),
    code: "ASOF_COLUMN_TYPE",
    path: "feature_views.v.features.x.where",
    message: /where needs a condition, but this is float64/,
  },
  "where that throws": {
    made: () => anyView("v", on, { x: anyCount({ where: (b: typeof baskets.row) => Reflect.get(b.spend, "equals")(1) }) }),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.v.features.x.where",
    message: /The function that builds the expression threw: .*is not a function/,
  },
  "a key of another type than its column": {
    made: () =>
      featureView(
        "v",
        { entities: [customer], source: parquet("s", { path: "p", columns: { customer_id: string() } }) },
        { customer_id: string() },
      ),
    code: "ASOF_COLUMN_TYPE",
    path: "feature_views.v.entities",
    message: /Key "customer_id" is int64, but source "s" declares it as string/,
  },
  "a key called like the event time": {
    made: () => featureView("v", { entities: [entity("e", { key: { at: int64() } })], source: baskets }, { spend: float64() }),
    code: "ASOF_NAME_DUPLICATE",
    path: "feature_views.v.entities",
    message: /Key "at" has the name of a time of source "baskets"/,
  },
  "a float key": {
    made: () => anyEntity("e", { key: { id: float64() } }),
    code: "ASOF_COLUMN_TYPE",
    path: "entities.e.key.id",
    message: /Key "id" is float64, which has no exact form/,
  },
  "a nullable key": {
    made: () => anyEntity("e", { key: { id: nullable(string()) } }),
    code: "ASOF_COLUMN_TYPE",
    path: "entities.e.key.id",
    message: /keys never are/,
  },
  "an entity without keys": {
    made: () => entity("e", { key: {} }),
    code: "ASOF_DEFINITION_INVALID",
    path: "entities.e.key",
    message: /at least one key column/,
  },
  "an event time declared as a date": {
    made: () => parquet("s", { path: "p", eventTime: "at", columns: { at: date() } }),
    code: "ASOF_COLUMN_TYPE",
    path: "sources.s.eventTime",
    message: /"at" is the source's eventTime, but is declared as date/,
  },
  "a mapping of nothing": {
    made: () => parquet("s", { path: "p", columns: { spend: float64() }, mapping: { spnd: "SPEND" } }),
    code: "ASOF_COLUMN_UNKNOWN",
    path: "sources.s.mapping.spnd",
    message: /renames "spnd"/,
    fix: /Did you mean "spend"\?/,
  },
  "windows without event time": {
    made: () => featureView("v", { entities: [customer], source: people }, { x: count() }),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.v.source",
    message: /needs the event time of its rows, but source "people" declares none/,
  },
  "a push source without event time": {
    made: () => push("p", { columns: { a: string() } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.p.eventTime",
    message: /no event time/,
  },
  "a push source with columns and a batch side": {
    made: () => loose(push)("p", { batch: baskets, columns: { a: string() } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.p.columns",
    message: /takes its columns from it/,
  },
  "a wrong decimal": {
    made: () => parquet("s", { path: "p", columns: { a: decimal(40, 2) } }),
    code: "ASOF_DEFINITION_INVALID",
    path: "sources.s.columns.a",
    message: /1 to 38 digits/,
  },
  // Aggregates.
  "a view of aggregates and columns": {
    made: () => anyView("v", on, { x: count(), spend: float64() }),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.v.features.spend",
    message: /Feature "spend" is no aggregate, but others of this view are/,
  },
  "a distinct bound": {
    made: () => featureView("v", on, { x: distinctCount("plan", { bound: 0 }) }),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.v.features.x.bound",
    message: /bound is not a whole number from 1 to 1,000,000/,
  },
  "a list without end": {
    made: () => featureView("v", on, { x: lastN("plan", 1.5) }),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.v.features.x.n",
    message: /n is not a whole number from 1 to 1,000/,
  },
  // Uses of views.
  "an unknown feature picked": {
    made: () => featureService("s", [Reflect.apply(sound.pick, sound, ["spnd"])]),
    code: "ASOF_FEATURE_UNKNOWN",
    path: "feature_services.s.views.sound.pick",
    message: /Feature view "sound" has no feature "spnd". It has: spend, plan/,
    fix: /Did you mean "spend"\?/,
  },
  "a feature picked twice": {
    made: () => featureService("s", [sound.pick("spend", "spend")]),
    code: "ASOF_NAME_DUPLICATE",
    path: "feature_services.s.views.sound.pick",
    message: /Two picked features are called "spend"/,
  },
  "nothing picked": {
    made: () => featureService("s", [sound.pick()]),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.sound.pick",
    message: /at least one/,
  },
  "an unknown key renamed": {
    made: () =>
      requestView("r", { inputs: [Reflect.apply(sound.withKeys, sound, [{ custmer_id: "x" }])] }, { a: float64() }, () => ({ a: 1 })),
    code: "ASOF_COLUMN_UNKNOWN",
    path: "feature_views.r.inputs.sound.withKeys",
    message: /has no key "custmer_id". It has: customer_id/,
    fix: /Did you mean "customer_id"\?/,
  },
  "keys of one name and two types": {
    made: () => {
      const other = entity("other", { key: { customer_id: string() } });
      return featureService("s", [sound, featureView("v", { entities: [other], source: baskets }, { spend: float64() })]);
    },
    code: "ASOF_COLUMN_TYPE",
    path: "feature_services.s.views",
    message: /"customer_id" is read as int64\(\{ as: "number" \}\) by one view and as string by another/,
  },
  "a service of nothing": {
    made: () => featureService("s", []),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_services.s.views",
    message: /at least one view/,
  },
  // Request views.
  "a request field called like a key": {
    made: () => requestView("r", { inputs: [sound], request: { customer_id: int64() } }, { a: float64() }, () => ({ a: 1 })),
    code: "ASOF_NAME_DUPLICATE",
    path: "feature_views.r.request",
    message: /Request field "customer_id" has the name of an entity key/,
  },
  "a request field called like a key of another view of the service": {
    made: () => featureService("s", [sound, requestView("r", { request: { customer_id: string() } }, { a: float64() }, () => ({ a: 1 }))]),
    code: "ASOF_NAME_DUPLICATE",
    path: "feature_services.s.views",
    message: /has the name of an entity key/,
  },
  "a request field of two types": {
    made: () => {
      const one = requestView("one", { request: { amount: float64() } }, { a: float64() }, () => ({ a: 1 }));
      const two = requestView("two", { request: { amount: nullable(float64()) } }, { b: float64() }, () => ({ b: 1 }));
      return featureService("s", [one, two]);
    },
    code: "ASOF_COLUMN_TYPE",
    path: "feature_services.s.views",
    message: /"amount" is float64 for one view and nullable\(float64\) for another/,
  },
  "an asynchronous function": {
    made: () => anyRequestView("r", { inputs: [sound] }, { a: float64() }, async () => ({ a: 1 })),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.r.compute",
    message: /asynchronous/,
  },
  "no function": {
    made: () => anyRequestView("r", { inputs: [sound] }, { a: float64() }),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.r.compute",
    message: /The function is undefined/,
  },
  "a wrong onError": {
    made: () => anyRequestView("r", { onError: "ignore" }, { a: float64() }, () => ({ a: 1 })),
    code: "ASOF_DEFINITION_INVALID",
    path: "feature_views.r.onError",
    message: /"throw" or "null"/,
  },
  "an input that an import cycle left undefined": {
    made: () => anyRequestView("r", { inputs: [undefined] }, { a: float64() }, () => ({ a: 1 })),
    code: "ASOF_CYCLE",
    path: "feature_views.r.inputs[0]",
    message: /import each other in a circle/,
  },
};

describe("validation", () => {
  reportsEach(cases, {
    "a feature without name": ["ASOF_NAME_INVALID sources.s.columns."],
  });
});
