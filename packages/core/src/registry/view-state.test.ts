import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chance, choose, int, sample, seededRandom, times } from "@asof/testkit";
import { canonicalJson } from "./canonical-json.ts";
import { encodeDefinition } from "./encode-definition.ts";
import { rowSchemaOf } from "./row-schema.ts";
import {
  addSchema,
  type Coverage,
  cancelBuilding,
  deleteViewState,
  dropFeatures,
  forgetGenerations,
  hasOnlineData,
  newViewState,
  openGeneration,
  recordCoverage,
  recordCursor,
  recordMaterialized,
  type ServedDefinition,
  startBuilding,
  switchGeneration,
  type ViewState,
  writeGeneration,
} from "./view-state.ts";
import { decodeViewState, encodeViewState } from "./view-state-codec.ts";

const { churn, customer, profiles } = sample;
const schema = rowSchemaOf(churn);
const otherSchema = rowSchemaOf({ ...churn, features: churn.features.slice(1) });
const served: ServedDefinition = {
  view: encodeDefinition(churn).spec,
  entities: [{ name: "customer", spec: encodeDefinition(customer).spec }],
  source: { name: "profiles", spec: encodeDefinition(profiles).spec },
};

const coverageOf = (state: ViewState, feature: string) => state.coverage.get(state.activeGeneration)?.get(feature);

describe("coverage", () => {
  const joined = (...intervals: Coverage[]) => {
    const state = intervals.reduce((s, interval) => recordCoverage(s, 1, ["f"], interval), newViewState(schema));
    return coverageOf(state, "f");
  };

  test("intervals that overlap or touch become one, in any order", () => {
    const parts: Coverage[] = [
      { fromUs: 0, toUs: 10 },
      { fromUs: 11, toUs: 20 },
      { fromUs: 15, toUs: 30 },
    ];
    assert.deepEqual(joined(...parts), { fromUs: 0, toUs: 30 });
    assert.deepEqual(joined(...parts.toReversed()), { fromUs: 0, toUs: 30 });
    assert.deepEqual(joined({ fromUs: 5, toUs: 10 }, { fromUs: null, toUs: 4 }), { fromUs: null, toUs: 10 });
    assert.deepEqual(joined({ fromUs: null, toUs: 10 }, { fromUs: 3, toUs: 5 }), { fromUs: null, toUs: 10 });
  });

  test("of two intervals with a gap the later is kept, whichever came first", () => {
    assert.deepEqual(joined({ fromUs: 0, toUs: 10 }, { fromUs: 12, toUs: 20 }), { fromUs: 12, toUs: 20 });
    assert.deepEqual(joined({ fromUs: 12, toUs: 20 }, { fromUs: null, toUs: 10 }), { fromUs: 12, toUs: 20 });
  });

  test("is kept per feature and forgotten with the feature", () => {
    const state = recordCoverage(recordCoverage(newViewState(schema), 1, ["a", "b"], { fromUs: 0, toUs: 1 }), 1, ["b"], {
      fromUs: 1,
      toUs: 5,
    });
    assert.deepEqual(
      [coverageOf(state, "a"), coverageOf(state, "b")],
      [
        { fromUs: 0, toUs: 1 },
        { fromUs: 0, toUs: 5 },
      ],
    );
    const dropped = dropFeatures(state, ["b", "none"]);
    assert.deepEqual([...(dropped.coverage.get(1)?.keys() ?? [])], ["a"]);
  });

  test("a generation that is not in use is refused", () => {
    assert.throws(() => recordCoverage(newViewState(schema), 2, ["f"], { fromUs: 0, toUs: 1 }), {
      code: "ASOF_NOT_APPLIED",
      message: /Generation 2 .*served: 1/,
    });
    assert.throws(() => switchGeneration(newViewState(schema), 2), { code: "ASOF_NOT_APPLIED" });
    assert.equal(switchGeneration(newViewState(schema), 1).activeGeneration, 1, "a repeated switch changes nothing");
  });
});

describe("schemas and cursors", () => {
  test("the newest schema is last and stands once", () => {
    const state = addSchema(addSchema(newViewState(schema), otherSchema), schema);
    assert.deepEqual(
      state.schemas.get(1)?.map((s) => s.fingerprint),
      [otherSchema.fingerprint, schema.fingerprint],
    );
  });

  test("cursors and the time of the last run never move back", () => {
    let state = recordCursor(newViewState(schema), 1, { createdUs: 5, eventUs: null }, 100);
    state = recordCursor(state, 1, { createdUs: 3, eventUs: 7 }, 90);
    assert.deepEqual([state.cursor.get(1), state.lastMaterializedAtUs], [{ createdUs: 5, eventUs: 7 }, 100]);
  });

  test("a view has online data once something is covered, materialized or being built", () => {
    const fresh = newViewState(schema);
    assert.equal(hasOnlineData(fresh), false);
    assert.equal(hasOnlineData(recordCoverage(fresh, 1, ["f"], { fromUs: 0, toUs: 1 })), true);
    assert.equal(hasOnlineData(recordMaterialized(fresh, 1)), true);
    assert.equal(hasOnlineData(startBuilding(fresh, schema, served)), true);
  });
});

test("under any course of events the numbered invariants hold and the state survives its codec", () => {
  const events: Readonly<Record<string, (s: ViewState, at: () => number) => ViewState>> = {
    schema: (s) => (s.deleted ? s : addSchema(s, otherSchema)),
    open: (s) => openGeneration(s, schema),
    build: (s) => (s.deleted ? s : startBuilding(s, schema, served)),
    cancel: (s) => (s.deleted ? s : cancelBuilding(s)),
    switch: (s) => (s.buildingGeneration === null ? s : switchGeneration(s, s.buildingGeneration)),
    cover: (s, at) =>
      s.deleted ? s : recordCoverage(s, chance2(at) ? s.activeGeneration : writeGeneration(s), ["a"], { fromUs: at(), toUs: at() + 100 }),
    cursor: (s, at) => (s.deleted ? s : recordCursor(s, writeGeneration(s), { createdUs: at(), eventUs: null }, at())),
    forget: (s) => forgetGenerations(s, s.retiredGenerations.slice(0, 1)),
    drop: (s) => dropFeatures(s, ["a"]),
    delete: deleteViewState,
  };
  const names = Object.keys(events);
  const seen = new Set<string>();
  for (const seed of times(300, (i) => i)) {
    const random = seededRandom(`view state ${seed}`);
    let state = newViewState(schema);
    let before = state;
    for (let step = 0; step < 20; step++) {
      // Deleting ends most courses early, so it is rarer.
      const name = choose(
        random,
        names.filter((n) => n !== "delete" || chance(random, 0.2)),
      );
      before = state;
      state = events[name]?.(state, () => int(random, 0, 1000)) ?? state;
      seen.add(`${name}${state.deleted ? " deleted" : ""}`);
      checkInvariants(before, state, `seed ${seed}, step ${step}: ${name}`);
      const text = canonicalJson(encodeViewState(state));
      assert.deepEqual(decodeViewState(JSON.parse(text), "v"), state);
    }
  }
  assert.ok(
    names.every((name) => seen.has(name) || seen.has(`${name} deleted`)),
    "every event came up",
  );
});

function chance2(at: () => number): boolean {
  return at() % 2 === 0;
}

function checkInvariants(before: ViewState, after: ViewState, message: string): void {
  const { activeGeneration, buildingGeneration, lastGeneration, retiredGenerations } = after;
  const inUse = [activeGeneration, ...(buildingGeneration === null ? [] : [buildingGeneration])];
  assert.equal(activeGeneration === 0, after.deleted, `${message}: invariant 1`);
  assert.ok(buildingGeneration === null || buildingGeneration > activeGeneration, `${message}: invariant 2`);
  assert.equal(after.served === null, buildingGeneration === null, `${message}: invariant 3`);
  for (const map of [after.schemas, after.coverage, after.cursor]) {
    for (const generation of map.keys()) assert.ok(inUse.includes(generation), `${message}: invariant 4`);
  }
  if (!after.deleted) for (const generation of inUse) assert.ok((after.schemas.get(generation)?.length ?? 0) > 0, `${message}: a schema`);
  assert.ok(!retiredGenerations.some((g) => inUse.includes(g)), `${message}: invariant 5`);
  assert.equal(new Set(retiredGenerations).size, retiredGenerations.length, `${message}: retired once`);
  assert.ok(
    Math.max(...inUse, ...retiredGenerations) <= lastGeneration && lastGeneration >= before.lastGeneration,
    `${message}: numbers grow`,
  );
  for (const generation of [before.activeGeneration, before.buildingGeneration ?? 0]) {
    if (generation === 0 || inUse.includes(generation)) continue;
    assert.ok(retiredGenerations.includes(generation), `${message}: what is not in use any more is retired`);
  }
}
