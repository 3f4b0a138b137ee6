import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { modelOf } from "../definition/definition.ts";
import { entity } from "../definition/entity.ts";
import { featureView } from "../definition/feature-view.ts";
import { featureService } from "../definition/service.ts";
import { csv } from "../definition/source.ts";
import { int64 } from "../definition/value-types.ts";
import { planRequest } from "../plan/request-plan.ts";
import type { ReadResult } from "../store/online.ts";
import type { Value } from "../value/type.ts";
import type { Erasures } from "./erasures.ts";
import { compileScreen } from "./screen-results.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const shop = entity("shop", { key: { shop_id: int64({ as: "number" }) } });
const view = <const Name extends string>(name: Name, of: typeof user | typeof shop) => {
  const source = csv(`${name}_source`, { path: "x.csv", eventTime: "ts", columns: { n: int64({ as: "number" }) } });
  return featureView(name, { entities: [of], source, ttl: null }, { n: int64({ as: "number" }) });
};
const service = featureService("all", [
  view("a", user),
  view("b", user),
  view("c", shop),
  view("d", user).withKeys({ user_id: "friend_id" }),
]);

/** Erasures of user 1, that write down what they are asked. */
function erasuresOfUserOne(asked: Value[]): Erasures {
  const check = ([value]: readonly Value[]) => {
    asked.push(value ?? null);
    return value === 1 ? Number.POSITIVE_INFINITY : null;
  };
  return {
    groups: [{ names: ["user_id"], check }],
    signature: "one",
    checkOf: (names) => (names.includes("user_id") ? check : null),
  };
}

describe("screening what was read", () => {
  const plan = planRequest(modelOf(service), { fullFeatureNames: true });
  const stored = (n: number) => ({ eventTimeUs: 1, createdTimeUs: null, values: [n] });
  const results: readonly ReadResult[] = plan.stored.map(() => ({ form: "row", rows: [stored(1), stored(2)] }));
  const shown = (result: ReadResult | undefined) => (result?.form === "row" ? result.rows.map((row) => row?.values[0] ?? null) : []);

  test("each use loses the rows of its own erased keys", () => {
    const screen = compileScreen(plan, { erasures: erasuresOfUserOne([]) });
    const columns = plan.keyColumns.map(({ column }) => (column === "user_id" ? [1, 2] : column === "friend_id" ? [3, 1] : [1, 1]));
    assert.deepEqual(screen?.(columns, 2, results).map(shown), [
      [null, 2],
      [null, 2],
      [1, 2],
      [1, null],
    ]);
  });

  test("a key is asked for once, however many views it has", () => {
    const asked: Value[] = [];
    const columns = plan.keyColumns.map(({ column }) => (column === "friend_id" ? [30, 40] : [10, 20]));
    compileScreen(plan, { erasures: erasuresOfUserOne(asked) })?.(columns, 2, results);
    assert.deepEqual(asked, [10, 20, 30, 40]);
  });

  test("there is none where no key is erased", () => {
    assert.equal(compileScreen(plan, {}), null);
    assert.equal(compileScreen(plan, { erasures: { groups: [], signature: "", checkOf: () => null } }), null);
  });
});
