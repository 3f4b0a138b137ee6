import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chance, choose, int, sample, seededRandom, times } from "@asof/testkit";
import { canonicalJson, isJsonObject } from "./canonical-json.ts";
import { encodeDefinition } from "./encode-definition.ts";
import { rowSchemaOf } from "./row-schema.ts";
import {
  activateGeneration,
  addGeneration,
  addSchema,
  type Coverage,
  deleteViewState,
  dropFeatures,
  forgetGenerations,
  hasOnlineData,
  newViewState,
  openGeneration,
  recordCoverage,
  recordCursor,
  recordMaterialized,
  replaceActive,
  retireGeneration,
  returnToGeneration,
  type ServedDefinition,
  type ViewState,
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

const none: ReadonlySet<number> = new Set();
const beside = { replaceWhenReady: false, pinned: none, nowUs: 5 };
const covered = (state: ViewState, generation: number) => recordCoverage(state, generation, ["a"], { fromUs: null, toUs: 9 });

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

  test("a generation that is not kept is refused by its version", () => {
    assert.throws(() => recordCoverage(newViewState(schema), 2, ["f"], { fromUs: 0, toUs: 1 }), {
      code: "ASOF_NOT_APPLIED",
      message: /Version v1 .*there are: v0/,
    });
    assert.throws(() => activateGeneration(newViewState(schema), 2), { code: "ASOF_NOT_APPLIED" });
    assert.throws(() => retireGeneration(newViewState(schema), 2, 1), { code: "ASOF_NOT_APPLIED" });
    assert.equal(activateGeneration(newViewState(schema), 1).activeGeneration, 1, "what is active already stays so");
  });
});

describe("generations", () => {
  const kept = (s: ViewState) => [s.activeGeneration, s.registeredGeneration, s.keptGenerations, s.retiredGenerations];

  test("one comes beside the active one, which stays active until another is activated; both are kept", () => {
    const two = addGeneration(covered(newViewState(schema, 1), 1), otherSchema, beside);
    assert.deepEqual(kept(two), [1, 2, [1, 2], []]);
    assert.deepEqual(
      [...two.createdAtUs],
      [
        [1, 1],
        [2, 5],
      ],
    );
    assert.deepEqual(kept(activateGeneration(two, 2)), [2, 2, [1, 2], []]);
  });

  test("a registered one that is neither active nor covered nor pinned is given up by the next change", () => {
    const two = addGeneration(newViewState(schema), schema, beside);
    assert.deepEqual(kept(addGeneration(two, schema, beside)), [1, 3, [1, 3], [2]]);
    assert.deepEqual(kept(addGeneration(covered(two, 2), schema, beside)), [1, 3, [1, 2, 3], []]);
    assert.deepEqual(kept(addGeneration(two, schema, { ...beside, pinned: new Set([2]) })), [1, 3, [1, 2, 3], []]);
  });

  test("one that was kept becomes the registered one again", () => {
    const two = covered(addGeneration(newViewState(schema), schema, { ...beside, replaceWhenReady: true }), 2);
    const back = returnToGeneration(two, 1, { ...beside, replaceWhenReady: true });
    assert.deepEqual([...kept(back), back.replaceWhenReady], [1, 1, [1, 2], [], false]);
    const forth = returnToGeneration(activateGeneration(back, 1), 2, beside);
    assert.deepEqual(kept(forth), [1, 2, [1, 2], []]);
  });

  test("one that replaces the active one retires it, unless that is pinned", () => {
    const two = covered(addGeneration(newViewState(schema), schema, { ...beside, replaceWhenReady: true }), 2);
    const replaced = replaceActive(two, { pinned: none, nowUs: 7 });
    assert.deepEqual([...kept(replaced), replaced.retiredAtUs, replaced.replaceWhenReady], [2, 2, [2], [1], 7, false]);
    assert.deepEqual(replaceActive(replaced, { pinned: none, nowUs: 8 }), replaced, "once");
    assert.deepEqual(kept(replaceActive(two, { pinned: new Set([1]), nowUs: 7 })), [2, 2, [1, 2], []]);
  });

  test("one in use is never retired", () => {
    assert.throws(() => retireGeneration(addGeneration(newViewState(schema), schema, beside), 1, 1), /assertion failed/);
  });
});

test("a state of the format before is read: what was being built replaces the active one, whose definition the state holds", () => {
  const now = encodeViewState(covered(addGeneration(newViewState(schema), otherSchema, { ...beside, replaceWhenReady: true }), 1));
  assert.ok(isJsonObject(now));
  const { registeredGeneration: _, keptGenerations, replaceWhenReady, retiredAtUs, createdAtUs, ...shared } = now;
  const before = { ...shared, buildingGeneration: 2, servedSpec: { ...served } };
  const read = decodeViewState(before, "v");
  assert.deepEqual([read.keptGenerations, read.registeredGeneration, read.replaceWhenReady], [[1, 2], 2, true]);
  assert.deepEqual(read.served, served);
  assert.deepEqual(decodeViewState(encodeViewState(read), "v"), read);
  const done = activateGeneration(covered(read, 2), 2);
  assert.deepEqual([done.keptGenerations, done.retiredGenerations, done.served], [[2], [1], null]);
  const alone = decodeViewState({ ...shared, buildingGeneration: null, servedSpec: null }, "v");
  assert.deepEqual([alone.keptGenerations, alone.registeredGeneration, alone.replaceWhenReady], [[1], 1, false]);
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

  test("a view has online data once something is covered, materialized or kept beside it", () => {
    const fresh = newViewState(schema);
    assert.equal(hasOnlineData(fresh), false);
    assert.equal(hasOnlineData(recordCoverage(fresh, 1, ["f"], { fromUs: 0, toUs: 1 })), true);
    assert.equal(hasOnlineData(recordMaterialized(fresh, 1)), true);
    assert.equal(hasOnlineData(addGeneration(fresh, schema, beside)), true);
  });
});

test("under any course of events the numbered invariants hold and the state survives its codec", () => {
  const events: Readonly<Record<string, (s: ViewState, at: () => number) => ViewState>> = {
    schema: (s) => (s.deleted ? s : addSchema(s, otherSchema)),
    open: (s) => openGeneration(s, schema),
    add: (s, at) => (s.deleted ? s : addGeneration(s, schema, { ...beside, replaceWhenReady: chance2(at) })),
    pin: (s) => (s.deleted ? s : addGeneration(s, schema, { ...beside, pinned: new Set(s.keptGenerations) })),
    back: (s, at) => (s.deleted ? s : returnToGeneration(s, anyOf(s.keptGenerations, at), beside)),
    activate: (s, at) => (s.deleted ? s : activateGeneration(s, anyOf(s.keptGenerations, at))),
    replace: (s, at) => (s.deleted ? s : replaceActive(s, { pinned: none, nowUs: at() })),
    retire: (s, at) => {
      const others = s.keptGenerations.filter((g) => g !== s.activeGeneration && g !== s.registeredGeneration);
      return others.length === 0 ? s : retireGeneration(s, anyOf(others, at), at());
    },
    cover: (s, at) => (s.deleted ? s : recordCoverage(s, anyOf(s.keptGenerations, at), ["a"], { fromUs: at(), toUs: at() + 100 })),
    cursor: (s, at) => (s.deleted ? s : recordCursor(s, s.registeredGeneration, { createdUs: at(), eventUs: null }, at())),
    forget: (s) => forgetGenerations(s, s.retiredGenerations.slice(0, 1)),
    drop: (s) => dropFeatures(s, ["a"]),
    delete: (s, at) => deleteViewState(s, at()),
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

function anyOf(generations: readonly number[], at: () => number): number {
  return generations[at() % generations.length] ?? 0;
}

function checkInvariants(before: ViewState, after: ViewState, message: string): void {
  const { activeGeneration, registeredGeneration, keptGenerations: inUse, lastGeneration, retiredGenerations } = after;
  assert.deepEqual([activeGeneration === 0, registeredGeneration === 0, inUse.length === 0], Array(3).fill(after.deleted), message);
  if (!after.deleted) assert.ok(inUse.includes(activeGeneration) && inUse.includes(registeredGeneration), `${message}: invariant 1`);
  assert.deepEqual(
    inUse.toSorted((a, b) => a - b),
    inUse,
    `${message}: ascending`,
  );
  assert.ok(!after.replaceWhenReady || activeGeneration !== registeredGeneration, `${message}: invariant 4`);
  for (const map of [after.schemas, after.coverage, after.cursor, after.createdAtUs]) {
    for (const generation of map.keys()) assert.ok(inUse.includes(generation), `${message}: invariant 5`);
  }
  for (const generation of inUse) assert.ok((after.schemas.get(generation)?.length ?? 0) > 0, `${message}: a schema`);
  assert.ok(!retiredGenerations.some((g) => inUse.includes(g)), `${message}: invariant 6`);
  assert.equal(new Set(retiredGenerations).size, retiredGenerations.length, `${message}: retired once`);
  assert.ok(
    Math.max(0, ...inUse, ...retiredGenerations) <= lastGeneration && lastGeneration >= before.lastGeneration,
    `${message}: numbers grow`,
  );
  for (const generation of before.keptGenerations) {
    if (!inUse.includes(generation)) assert.ok(retiredGenerations.includes(generation), `${message}: what is not kept any more is retired`);
  }
}
