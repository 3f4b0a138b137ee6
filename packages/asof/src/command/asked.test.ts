import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { entity, featureView, float64, int64, list, parquet, referenceOf, requestView, string } from "@asof/core";
import { entityRows } from "./asked.ts";
import { parseJsonRows } from "./json-rows.ts";

const shop = entity("shop", { key: { country: string(), shop_id: int64() } });
const source = parquet("sales", { path: "x.parquet", eventTime: "t", columns: { sold: float64() } });
const sales = featureView("sales", { entities: [shop], source }, { sold: float64() });
const basket = requestView(
  "basket",
  { inputs: [sales], request: { prices: list(float64()), note: string() } },
  { total: float64() },
  () => ({ total: 0 }),
);
const asked = [referenceOf(basket)];

describe("entity rows of -e", () => {
  test("are typed by what is asked for; one value goes into every row", () => {
    assert.deepEqual(entityRows(asked, ["shop_id=9007199254740993,2", "country=de", "prices=[1,2.5]", "note=x"]), [
      { shop_id: 9007199254740993n, country: "de", prices: [1, 2.5], note: "x" },
      { shop_id: 2n, country: "de", prices: [1, 2.5], note: "x" },
    ]);
  });

  test("come from repeated keys as from commas, and an escaped comma is a comma", () => {
    assert.deepEqual(
      entityRows(asked, ["shop_id=1", "shop_id=2,3", "country=a\\,b,c,d=e"]).map((row) => [row.shop_id, row.country]),
      [
        [1n, "a,b"],
        [2n, "c"],
        [3n, "d=e"],
      ],
    );
    assert.deepEqual(entityRows(asked, ["country=", "shop_id=null"]), [{ country: "", shop_id: null }]);
    assert.deepEqual(entityRows(asked, []), [{}]);
  });

  test("of different counts, without a key, or of a wrong type are refused", () => {
    assert.throws(() => entityRows(asked, ["shop_id=1,2", "country=a,b,c"]), {
      code: "ASOF_USAGE",
      message: /-e shop_id has 2 values, another has 3/,
    });
    for (const text of ["shop_id", "=1", ""]) assert.throws(() => entityRows(asked, [text]), { code: "ASOF_USAGE" });
    assert.throws(() => entityRows(asked, ["shop_id=1,two"]), { code: "ASOF_VALUE_INVALID", message: /-e shop_id\[1\]/ });
    // What nothing asks for is left to the retrieval, which says what is expected.
    assert.deepEqual(entityRows(asked, ["other=1"]), [{ other: "1" }]);
  });
});

describe("rows in JSON", () => {
  const origin = { name: "rows.json", code: "ASOF_PUSH_INVALID" } as const;

  test("are an array or lines, and keep the digits of large integers", () => {
    const expected = [
      { id: 9007199254740993n, x: 1.5 },
      { id: 1, x: null },
    ];
    assert.deepEqual(parseJsonRows(`[{"id": 9007199254740993, "x": 1.5}, {"id": 1, "x": null}]`, origin), expected);
    assert.deepEqual(parseJsonRows(`{"id": 9007199254740993, "x": 1.5}\n\n{"id": 1, "x": null}\n`, origin), expected);
    assert.deepEqual(parseJsonRows(" \n", origin), []);
  });

  test("name the line or row that is wrong", () => {
    const fails = (text: string, message: RegExp): void =>
      assert.throws(() => parseJsonRows(text, origin), { code: "ASOF_PUSH_INVALID", message });
    fails(`{"id": 1}\n\n{"id": }`, /rows\.json:3 is not JSON/);
    fails(`[{"id": 1}, 2]`, /Row 1 of rows\.json is not an object/);
    fails("[[1]]", /Row 0 of rows\.json is not an object/);
  });
});
