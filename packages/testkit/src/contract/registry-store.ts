import assert from "node:assert/strict";
import type { JobRecord, Json, LineageEdge, RecordKey, RegistryChange, RegistryStore, StatisticsRecord } from "@asof/core";
import { type ContractCase, describeContract, type Gap } from "./describe-contract.ts";

/** The contract of `RegistryStore`, run against an implementation; `open` gives an empty store each time. */
export function registryStoreContract(name: string, open: () => Promise<RegistryStore>, gaps: readonly Gap[] = []): void {
  describeContract(`registry store contract: ${name}`, cases, open, gaps);
}

const orders: RecordKey = { project: "shop", kind: "entity", name: "orders" };
const ordersState: RecordKey = { project: "shop", kind: "view_state", name: "orders" };

function put(key: RecordKey, spec: Json, ifRevision: number | null): RegistryChange {
  return { op: "put", ifRevision, ...key, repository: "main", dataFingerprint: "d", metadataFingerprint: "m", spec };
}

function remove(key: RecordKey, ifRevision: number | null): RegistryChange {
  return { op: "delete", ifRevision, ...key };
}

const anyVersion = { ifDefinitionsVersion: null };

function job(change: Partial<JobRecord>): JobRecord {
  return {
    id: "1",
    project: "shop",
    kind: "materialize",
    status: "running",
    parameters: { views: ["a"] },
    progress: {},
    error: null,
    startedAtUs: 10,
    updatedAtUs: 10,
    finishedAtUs: null,
    owner: "host:1",
    ...change,
  };
}

function edge(change: Partial<LineageEdge>): LineageEdge {
  return { project: "shop", from: "source:s.c", to: "feature:v.f", recordedBy: "apply", recordedAtUs: 1, details: {}, ...change };
}

function statistics(change: Partial<StatisticsRecord>): StatisticsRecord {
  return {
    project: "shop",
    view: "orders",
    feature: "total",
    runId: "1",
    origin: "materialize",
    generation: 1,
    startUs: 0,
    endUs: 10,
    computedAtUs: 100,
    statistics: { count: "3" },
    ...change,
  };
}

const cases: Readonly<Record<string, ContractCase<RegistryStore>>> = {
  "an empty store is at version 0 and holds nothing": async (store) => {
    assert.deepEqual(await store.snapshot(null), { version: 0, definitionsVersion: 0, records: [] });
    assert.deepEqual(await store.versions(), { version: 0, definitionsVersion: 0 });
    assert.deepEqual(await store.read([orders]), [null]);
    assert.deepEqual(await store.changesSince(0), []);
    assert.deepEqual(await store.listJobs("shop", 10), []);
    assert.equal(await store.getJob("1"), null);
    assert.deepEqual(await store.listLineage("shop"), []);
    assert.deepEqual(await store.listStatistics({ project: "shop", limit: 10 }), []);
    await store.deleteStatistics({ project: "shop" });
  },

  "a record comes back as it was put, with its revision and time": async (store) => {
    const spec = { '\u{1f600} "quoted"\n': [1, 2.5, -7, null, true, "", { deep: { er: [] } }], "": "\u0001", big: Number.MAX_SAFE_INTEGER };
    assert.deepEqual(await store.commit({ changes: [put(orders, spec, 0)], ...anyVersion }, 1_700_000_000_000_000), { version: 1 });
    const expected = {
      ...orders,
      repository: "main",
      dataFingerprint: "d",
      metadataFingerprint: "m",
      spec,
      revision: 1,
      updatedAtUs: 1_700_000_000_000_000,
    };
    assert.deepEqual(await store.read([orders]), [expected]);
    assert.deepEqual((await store.snapshot("shop")).records, [expected]);
  },

  "what was put does not change with the object it was put from": async (store) => {
    const spec = { list: [1] };
    await store.commit({ changes: [put(orders, spec, 0)], ...anyVersion }, 1);
    spec.list.push(2);
    assert.deepEqual((await store.read([orders]))[0]?.spec, { list: [1] });
  },

  "read answers in the order of its keys, null where there is nothing, same key twice": async (store) => {
    await store.commit({ changes: [put(orders, 1, 0), put(ordersState, 2, 0)], ...anyVersion }, 1);
    const read = await store.read([ordersState, { ...orders, name: "none" }, orders, ordersState, { ...orders, project: "other" }]);
    assert.deepEqual(
      read.map((r) => r?.spec ?? null),
      [2, null, 1, 2, null],
    );
  },

  "names are told apart byte by byte": async (store) => {
    const names = ["a", "A", "a ", "é", "e\u0301", "\u{1f600}", "\uffff", "__proto__", "a'b", 'a"b', "a:b", "a,b", ""];
    await store.commit({ changes: names.map((name, i) => put({ ...orders, name }, i, 0)), ...anyVersion }, 1);
    const read = await store.read(names.map((name) => ({ ...orders, name })));
    assert.deepEqual(
      read.map((r) => r?.spec),
      names.map((_, i) => i),
    );
  },

  "a snapshot is ordered by project, kind and name in code-point order, and is of one project or all": async (store) => {
    const keys: RecordKey[] = [
      { project: "shop", kind: "source", name: "b" },
      { project: "shop", kind: "source", name: "\u{1f600}" },
      { project: "shop", kind: "source", name: "\uffff" },
      { project: "shop", kind: "entity", name: "z" },
      { project: "bank", kind: "source", name: "x" },
    ];
    await store.commit({ changes: keys.map((key) => put(key, {}, 0)), ...anyVersion }, 1);
    const all = (await store.snapshot(null)).records;
    assert.deepEqual(
      all.map((r) => `${r.project}/${r.kind}/${r.name}`),
      ["bank/source/x", "shop/entity/z", "shop/source/b", "shop/source/\uffff", "shop/source/\u{1f600}"],
    );
    assert.equal((await store.snapshot("shop")).records.length, 4);
    assert.equal((await store.snapshot("none")).records.length, 0);
  },

  "a revision counts the writes; put with the wrong one is a conflict that changes nothing": async (store) => {
    await store.commit({ changes: [put(orders, 1, 0)], ...anyVersion }, 1);
    assert.equal(await store.commit({ changes: [put(orders, 2, 0)], ...anyVersion }, 2), "conflict");
    assert.equal(await store.commit({ changes: [put(orders, 2, 2)], ...anyVersion }, 2), "conflict");
    assert.deepEqual((await store.versions()).version, 1);
    assert.deepEqual(await store.commit({ changes: [put(orders, 2, 1)], ...anyVersion }, 3), { version: 2 });
    assert.deepEqual(await store.commit({ changes: [put(orders, 3, null)], ...anyVersion }, 4), { version: 3 });
    const [record] = await store.read([orders]);
    assert.deepEqual([record?.spec, record?.revision, record?.updatedAtUs], [3, 3, 4]);
  },

  "delete has conditions too; a key made anew counts from 1": async (store) => {
    await store.commit({ changes: [put(orders, 1, 0)], ...anyVersion }, 1);
    await store.commit({ changes: [put(orders, 2, 1)], ...anyVersion }, 2);
    assert.equal(await store.commit({ changes: [remove(orders, 1)], ...anyVersion }, 3), "conflict");
    assert.deepEqual(await store.commit({ changes: [remove(orders, 2)], ...anyVersion }, 3), { version: 3 });
    assert.deepEqual(await store.read([orders]), [null]);
    assert.equal(await store.commit({ changes: [remove(orders, 2)], ...anyVersion }, 4), "conflict");
    assert.deepEqual(await store.commit({ changes: [remove(orders, null)], ...anyVersion }, 4), { version: 4 });
    await store.commit({ changes: [put(orders, 3, 0)], ...anyVersion }, 5);
    assert.equal((await store.read([orders]))[0]?.revision, 1);
  },

  "all changes of a set or none, also edges": async (store) => {
    await store.commit({ changes: [put(orders, 1, 0)], ...anyVersion }, 1);
    const other = { ...orders, name: "other" };
    const set = { changes: [put(other, 1, 0), remove(orders, 7)], ...anyVersion, lineage: { add: [edge({})], remove: [] } };
    assert.equal(await store.commit(set, 2), "conflict");
    assert.deepEqual(
      (await store.read([other, orders])).map((r) => r?.spec ?? null),
      [null, 1],
    );
    assert.deepEqual(await store.listLineage("shop"), []);
    assert.deepEqual(await store.versions(), { version: 1, definitionsVersion: 1 });
  },

  "the definitions version counts commits that touch definitions, and is a condition": async (store) => {
    await store.commit({ changes: [put(ordersState, 1, 0)], ...anyVersion }, 1);
    assert.deepEqual(await store.versions(), { version: 1, definitionsVersion: 0 });
    await store.commit({ changes: [put(orders, 1, 0), put({ ...orders, name: "b" }, 1, 0)], ifDefinitionsVersion: 0 }, 2);
    assert.deepEqual(await store.versions(), { version: 2, definitionsVersion: 1 });
    assert.equal(await store.commit({ changes: [put(ordersState, 2, 1)], ifDefinitionsVersion: 0 }, 3), "conflict");
    await store.commit({ changes: [remove(orders, null)], ifDefinitionsVersion: 1 }, 3);
    assert.deepEqual(await store.versions(), { version: 3, definitionsVersion: 2 });
  },

  "the change feed has each key once, at its last change, oldest first": async (store) => {
    const a = { ...orders, name: "a" };
    const b = { ...orders, name: "b" };
    await store.commit({ changes: [put(b, 1, 0), put(a, 1, 0)], ...anyVersion }, 1);
    await store.commit({ changes: [put(ordersState, 1, 0)], ...anyVersion }, 2);
    await store.commit({ changes: [remove(b, null), remove({ ...orders, name: "never" }, null)], ...anyVersion }, 3);
    assert.deepEqual(await store.changesSince(0), [
      { version: 1, key: a, op: "put" },
      { version: 2, key: ordersState, op: "put" },
      { version: 3, key: b, op: "delete" },
    ]);
    assert.deepEqual(await store.changesSince(2), [{ version: 3, key: b, op: "delete" }]);
    assert.deepEqual(await store.changesSince(3), []);
  },

  "concurrent writers of one record lose nothing": async (store) => {
    const add = async () => {
      for (;;) {
        const [record] = await store.read([ordersState]);
        const count = typeof record?.spec === "number" ? record.spec : 0;
        const result = await store.commit({ changes: [put(ordersState, count + 1, record?.revision ?? 0)], ...anyVersion }, 1);
        if (result !== "conflict") return;
      }
    };
    await Promise.all(Array.from({ length: 20 }, add));
    assert.equal((await store.read([ordersState]))[0]?.spec, 20);
  },

  "a job is put, replaced and listed newest first": async (store) => {
    const first = job({ id: "1", startedAtUs: 10 });
    const second = job({ id: "2", startedAtUs: 20, status: "failed", error: 'it "broke"', finishedAtUs: 30, progress: { a: [1] } });
    for (const j of [first, second, job({ id: "3", project: "bank" })]) await store.putJob(j);
    assert.deepEqual(await store.getJob("2"), second);
    assert.deepEqual(await store.listJobs("shop", 10), [second, first]);
    assert.deepEqual(await store.listJobs("shop", 1), [second]);
    const done = { ...first, status: "succeeded" as const, updatedAtUs: 50, finishedAtUs: 50 };
    await store.putJob(done);
    assert.deepEqual(await store.getJob("1"), done);
    assert.deepEqual(await store.versions(), { version: 0, definitionsVersion: 0 }, "jobs are no change of the registry");
  },

  "an edge is kept as it was first recorded, per recorder and project": async (store) => {
    await store.addLineage([edge({ details: { n: 1 } }), edge({ recordedBy: "retrieval", recordedAtUs: 2 }), edge({ project: "bank" })]);
    await store.addLineage([edge({ recordedAtUs: 9, details: { n: 2 } }), edge({ to: "feature:v.g" })]);
    assert.deepEqual(await store.listLineage("shop"), [
      edge({ details: { n: 1 } }),
      edge({ recordedBy: "retrieval", recordedAtUs: 2 }),
      edge({ to: "feature:v.g" }),
    ]);
    assert.equal((await store.listLineage("bank")).length, 1);
  },

  "a commit adds and removes edges": async (store) => {
    await store.addLineage([edge({}), edge({ recordedBy: "retrieval" })]);
    const lineage = { remove: [edge({}), edge({ to: "feature:v.none" })], add: [edge({ to: "feature:v.new" })] };
    await store.commit({ changes: [], ...anyVersion, lineage }, 1);
    assert.deepEqual(
      (await store.listLineage("shop")).map((e) => [e.to, e.recordedBy]),
      [
        ["feature:v.f", "retrieval"],
        ["feature:v.new", "apply"],
      ],
    );
  },

  "an edge removed and added in one commit stands anew": async (store) => {
    await store.addLineage([edge({ recordedAtUs: 1 })]);
    await store.commit({ changes: [], ...anyVersion, lineage: { remove: [edge({})], add: [edge({ recordedAtUs: 5 })] } }, 5);
    assert.deepEqual(await store.listLineage("shop"), [edge({ recordedAtUs: 5 })]);
  },

  "statistics come back as they were put, newest first, so many of each feature": async (store) => {
    const old = statistics({});
    const recent = statistics({
      runId: "2",
      origin: "on_demand",
      generation: 3,
      startUs: null,
      endUs: null,
      computedAtUs: 1_700_000_000_000_000,
      statistics: { top: [['a "b"\n\u{1f600}', 1.5, null, true]], big: Number.MAX_SAFE_INTEGER },
    });
    const other = statistics({ feature: "count" });
    const otherView = statistics({ view: "baskets" });
    await store.putStatistics([old, other, otherView, statistics({ project: "bank" })], 10);
    await store.putStatistics([recent], 10);
    assert.deepEqual(await store.listStatistics({ project: "shop", view: "orders", limit: 10 }), [recent, other, old]);
    assert.deepEqual(await store.listStatistics({ project: "shop", view: "orders", limit: 1 }), [recent, other]);
    assert.deepEqual(await store.listStatistics({ project: "shop", view: "orders", feature: "total", limit: 1 }), [recent]);
    assert.deepEqual(await store.listStatistics({ project: "shop", limit: 10 }), [recent, otherView, other, old]);
    assert.deepEqual(await store.listStatistics({ project: "shop", view: "ORDERS", limit: 10 }), []);
    assert.deepEqual(await store.versions(), { version: 0, definitionsVersion: 0 }, "statistics are no change of the registry");
  },

  "statistics of the same run replace each other": async (store) => {
    await store.putStatistics([statistics({ statistics: 1 }), statistics({ runId: "2", statistics: 2 })], 10);
    const again = statistics({ statistics: 3, computedAtUs: 101 });
    await store.putStatistics([again], 10);
    assert.deepEqual(await store.listStatistics({ project: "shop", limit: 10 }), [again, statistics({ runId: "2", statistics: 2 })]);
  },

  "only the newest statistics of a feature are kept, those of others stay": async (store) => {
    const at = (computedAtUs: number, change: Partial<StatisticsRecord> = {}) =>
      statistics({ runId: String(computedAtUs), computedAtUs, ...change });
    await store.putStatistics([at(1, { feature: "count" }), at(1, { project: "bank" })], 3);
    for (const time of [4, 1, 3, 2, 5]) await store.putStatistics([at(time)], 3);
    const list = await store.listStatistics({ project: "shop", limit: 10 });
    assert.deepEqual(list, [at(5), at(4), at(3), at(1, { feature: "count" })]);
    await store.putStatistics([at(5, { runId: "4b" }), at(5, { runId: "6" })], 2);
    assert.deepEqual(await store.listStatistics({ project: "shop", feature: "total", view: "orders", limit: 10 }), [
      at(5, { runId: "4b" }),
      at(5),
    ]);
    assert.equal((await store.listStatistics({ project: "bank", limit: 10 })).length, 1);
  },

  "what was put of statistics does not change with the object it was put from": async (store) => {
    const given = { list: [1] };
    await store.putStatistics([statistics({ statistics: given })], 10);
    given.list.push(2);
    assert.deepEqual((await store.listStatistics({ project: "shop", limit: 1 }))[0]?.statistics, { list: [1] });
  },

  "statistics are forgotten by feature, view and project": async (store) => {
    const a = statistics({});
    const b = statistics({ feature: "count" });
    const c = statistics({ view: "baskets" });
    const d = statistics({ project: "bank" });
    await store.putStatistics([a, b, c, d], 10);
    await store.deleteStatistics({ project: "shop", view: "orders", feature: "total" });
    assert.deepEqual(await store.listStatistics({ project: "shop", limit: 10 }), [c, b]);
    await store.deleteStatistics({ project: "shop", view: "orders" });
    assert.deepEqual(await store.listStatistics({ project: "shop", limit: 10 }), [c]);
    await store.deleteStatistics({ project: "shop" });
    assert.deepEqual(await store.listStatistics({ project: "shop", limit: 10 }), []);
    assert.deepEqual(await store.listStatistics({ project: "bank", limit: 10 }), [d]);
  },
};
