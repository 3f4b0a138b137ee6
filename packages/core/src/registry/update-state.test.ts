import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sample } from "@asof/testkit";
import type { RegistryStore } from "../store/registry.ts";
import { openMemoryRegistry } from "./memory-registry.ts";
import { forgetRetired, retiredGenerations } from "./retired.ts";
import { rowSchemaOf } from "./row-schema.ts";
import { moveHandover, recordIngest } from "./source-state.ts";
import { sourceStateKey, updateSourceState, updateState, updateStates, updateViewState, viewStateKey } from "./update-state.ts";
import { deleteViewState, newViewState, openGeneration } from "./view-state.ts";
import { encodeViewState } from "./view-state-codec.ts";

const clock = { nowUs: () => 7 };
const counter = sourceStateKey("shop", "counter");
const increment = (spec: unknown) => (typeof spec === "number" ? spec : 0) + 1;

/** A store in which somebody else commits first, the given number of times. */
function disturbed(store: RegistryStore, times: number): RegistryStore {
  let left = times;
  return {
    type: "disturbed",
    snapshot: (project) => store.snapshot(project),
    read: (keys) => store.read(keys),
    versions: () => store.versions(),
    async commit(changeSet, nowUs) {
      if (left-- > 0) await updateState(store, counter, increment, clock);
      return store.commit(changeSet, nowUs);
    },
    changesSince: (version) => store.changesSince(version),
    putJob: (job) => store.putJob(job),
    getJob: (id) => store.getJob(id),
    listJobs: (project, limit) => store.listJobs(project, limit),
    addLineage: (edges) => store.addLineage(edges),
    listLineage: (project) => store.listLineage(project),
    putStatistics: (records, keepMax) => store.putStatistics(records, keepMax),
    listStatistics: (filter) => store.listStatistics(filter),
    deleteStatistics: (filter) => store.deleteStatistics(filter),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

describe("updating state", () => {
  test("is repeated until nobody came in between, and loses nothing", async () => {
    const store = openMemoryRegistry();
    assert.equal(await updateState(disturbed(store, 5), counter, increment, clock), 6);
    await Promise.all(Array.from({ length: 30 }, () => updateState(store, counter, increment, clock)));
    assert.deepEqual((await store.read([counter]))[0]?.spec, 36);
  });

  test("gives up by code when others are always faster", { timeout: 60_000 }, async () => {
    const store = disturbed(openMemoryRegistry(), Number.POSITIVE_INFINITY);
    await assert.rejects(updateState(store, counter, increment, clock), {
      code: "ASOF_REGISTRY_CONFLICT",
      message: /source_state "shop\/counter" first, 100 times/,
    });
  });

  test("writes several records or none, and not what did not change", async () => {
    const store = openMemoryRegistry();
    const other = sourceStateKey("shop", "other");
    await updateStates(store, [counter, other], () => [1, 1], clock);
    await updateStates(store, [counter, other], ([a]) => [increment(a), 1], clock);
    assert.deepEqual(
      (await store.read([counter, other])).map((r) => [r?.spec, r?.revision]),
      [
        [2, 2],
        [1, 1],
      ],
    );
    const { version } = await store.versions();
    await updateStates(store, [counter, other], () => [2, 1], clock);
    assert.equal((await store.versions()).version, version, "no change, no commit");
  });

  test("of a view needs a registered view, of a source nothing", async () => {
    const store = openMemoryRegistry();
    await assert.rejects(
      updateViewState(store, "shop", "v", (s) => s, clock),
      { code: "ASOF_NOT_APPLIED" },
    );
    assert.deepEqual(await updateSourceState(store, "shop", "s", (s) => recordIngest(recordIngest(s, 5), 9), clock), {
      handoverUs: null,
      firstIngestUs: 5,
      onlineOnlyRows: 0,
    });
    assert.deepEqual(await updateSourceState(store, "shop", "s", (s) => moveHandover(moveHandover(s, 8), 3), clock), {
      handoverUs: 8,
      firstIngestUs: 5,
      onlineOnlyRows: 0,
    });
  });

  test("retired generations of deleted views too are listed, and forgotten once truncated", async () => {
    const store = openMemoryRegistry();
    const schema = rowSchemaOf(sample.churn);
    const live = openGeneration(newViewState(schema), schema);
    await updateState(store, viewStateKey("shop", "live"), () => encodeViewState(live), clock);
    await updateState(store, viewStateKey("shop", "gone"), () => encodeViewState(deleteViewState(live)), clock);
    await updateState(store, viewStateKey("shop", "new"), () => encodeViewState(newViewState(schema)), clock);
    const retired = retiredGenerations(await store.snapshot("shop"));
    assert.deepEqual(retired, [
      { project: "shop", view: "gone", generations: [1, 2] },
      { project: "shop", view: "live", generations: [1] },
    ]);
    for (const one of [...retired, ...retired]) await forgetRetired(store, one, clock);
    assert.deepEqual(retiredGenerations(await store.snapshot("shop")), []);
  });
});
