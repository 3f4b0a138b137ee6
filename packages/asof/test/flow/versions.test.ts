/** Versions of a view side by side: made by apply, filled, read by number, activated, compared and dropped; parity holds for each. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  activateVersion,
  count,
  csv,
  derive,
  diffVersions,
  dropVersion,
  entity,
  featureService,
  featureView,
  float64,
  int32,
  int64,
  listVersions,
  push,
  requestView,
  string,
  sum,
  type Value,
} from "@asof/core";
import { at, collect, type Process, Project, storeKinds, untyped } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const columns = { amount: float64() };
const orders = csv("orders", { path: "orders.csv", eventTime: "ts", columns });
const options = { entities: [user], source: orders };
const doubled = featureView("view", options, { value: derive((o) => o.amount.times(2)) });
const tripled = featureView("view", options, { value: derive((o) => o.amount.times(3)), amount: float64() });
const fourfold = featureView("view", options, { value: derive((o) => o.amount.times(4)) });
const day = featureView("activity", options, { spent: sum("amount", { window: "1d" }) });
const week = featureView("activity", options, { spent: sum("amount", { window: "7d" }), orders: count({ window: "7d" }) });
const clicks = push("clicks", { eventTime: "ts", columns });
const live1 = featureView("live", { entities: [user], source: clicks }, { spent: sum("amount", { window: "1d" }) });
const live2 = featureView("live", { entities: [user], source: clicks }, { spent: sum("amount", { window: "2d" }) });

async function open(kind: (typeof storeKinds)[number], definitions: Readonly<Record<string, unknown>>) {
  const project = new Project({ kind, nowUs: at("2024-01-10") });
  project.csv("orders.csv", "user_id,ts,amount", ["1,2024-01-04T06:00:00Z,1", "1,2024-01-09T06:00:00Z,10"]);
  const process = await project.process();
  await project.apply(process, definitions);
  await process.store.materialize("2024-01-01", "2024-01-10");
  return { project, process };
}

/** What both paths answer to references as texts, for user 1 on January 10; parity is checked on the way. */
async function ask(process: Process, ...features: readonly string[]) {
  const { session } = process;
  const asked = await session.ask({ features });
  const answer = await session.getOnline(asked, [{ user_id: 1 }], at("2024-01-10"));
  const report = await session.compareParity({ asked, entities: [{ user_id: 1 }], atUs: [at("2024-01-10")] });
  assert.deepEqual(report.mismatches, [], "training and serving agree");
  assert.ok(report.compared > 0);
  return answer.rows[0];
}

async function train(process: Process, features: readonly string[], fullFeatureNames = false) {
  const asked = await process.session.ask({ features });
  const spine = {
    kind: "rows" as const,
    columns: [
      { name: "user_id", type: { kind: "int64", as: "number" } as const },
      { name: "event_timestamp", type: { kind: "timestamp" } as const },
    ],
    rows: [[1, at("2024-01-10")]],
  };
  await using result = await process.session.getHistorical({ asked, spine, fullFeatureNames });
  const [row] = await collect(result.rows());
  return row;
}

for (const kind of storeKinds) {
  describe(`versions (${kind})`, () => {
    test("a program whose definitions have a feature in another type than is read is refused, before apply and after", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      const flag = featureView("view", options, { value: derive((o) => o.amount.gt(5)) });
      const request = { entities: [{ user_id: 1 }], at: "2024-01-10" };
      const refusal = (own: string, read: string) => ({
        code: "ASOF_NOT_APPLIED",
        message: new RegExp(`"view:value" is ${own} in the definitions of this program, and ${read} in the version that is read`),
      });
      const service = featureService("of_flag", [flag]);
      await assert.rejects(process.store.getOnlineFeatures({ features: [flag], ...request }), refusal("bool", "float64"));
      await assert.rejects(process.store.getOnlineFeatures({ service, ...request }), refusal("bool", "float64"));
      await project.apply(process, { view: flag });
      await process.store.materialize("2024-01-01", "2024-01-10", { views: ["view@v1"] });
      await assert.rejects(process.store.getOnlineFeatures({ service, ...request }), refusal("bool", "float64"));
      const spine = [{ user_id: 1, event_timestamp: "2024-01-10" }];
      await assert.rejects(process.store.getHistoricalFeatures({ service, spine }), refusal("bool", "float64"));
      assert.deepEqual((await process.store.getOnlineFeatures({ features: [doubled], ...request })).rows[0], { view: { value: 20 } });
      await process.store.activate("view");
      const old = await project.process();
      await assert.rejects(old.store.getOnlineFeatures({ features: [doubled], ...request }), refusal("float64", "bool"));
      assert.deepEqual((await process.store.getOnlineFeatures({ service, ...request })).rows[0], { view: { value: true } });
      assert.deepEqual(await ask(process, "view:value"), { view: { value: true } }, "asked for by name, it is what it is");
    });

    test("a training set tells which views are not those that serving answers with", async () => {
      const { project, process } = await open(kind, { view: doubled, activity: day });
      await using _ = project;
      const spine = [{ user_id: 1, event_timestamp: "2024-01-10" }];
      const added = featureView("new_view", options, { amount: float64() });
      const told = async (...features: (typeof doubled | typeof tripled | typeof day | typeof week | typeof added)[]) => {
        await using training = await process.store.getHistoricalFeatures({ features, spine });
        return training.report.notApplied;
      };
      assert.deepEqual(await told(doubled, day), []);
      assert.deepEqual(await told(fourfold, week), ["view", "activity"]);
      await project.apply(process, { view: fourfold, activity: day });
      assert.deepEqual(await told(fourfold, day), [], "until v1 is activated that is v0");
      assert.deepEqual(await told(tripled), ["view"]);
      assert.deepEqual(await told(added), [], "nothing else is served under its name");
    });

    test("a change makes one beside the active one; both are filled and answer by number, in both paths, without colliding", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      await project.apply(process, { view: tripled });
      assert.deepEqual(await ask(process, "view:value"), { view: { value: 20 } }, "the active one, in training too");
      assert.deepEqual(await ask(process, "view@latest:value"), { view: { value: 20 } }, "Feast's spelling of no version");
      const { views } = await process.store.materializeIncremental();
      assert.deepEqual(
        views.map((v) => [v.view, v.status]),
        [
          ["view", "done"],
          ["view@v1", "done"],
        ],
        "what is served stays fresh",
      );
      assert.deepEqual(await ask(process, "view:value", "view@v0:value", "view@v1:value", "view@v1:amount"), {
        view: { value: 20 },
        "view@v0": { value: 20 },
        "view@v1": { value: 30, amount: 10 },
      });
      assert.deepEqual(await ask(process, "view@v1"), { "view@v1": { value: 30, amount: 10 } }, "all features are the version's own");
      const row = await train(process, ["view@v0:value", "view@v1:value"], true);
      assert.deepEqual([row?.["view@v0__value"], row?.["view@v1__value"]], [20, 30]);
      await assert.rejects(train(process, ["view@v0:value", "view@v1:value"]), { code: "ASOF_NAME_COLLISION" });
    });

    test("activate switches what no version means, in every process, and back; nothing is computed for it", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      await project.apply(process, { view: tripled });
      const other = await project.process();
      assert.deepEqual(await ask(other, "view:value"), { view: { value: 20 } });
      await process.store.materializeIncremental();
      const { runtime } = process.session;
      assert.deepEqual(await activateVersion(runtime, "view", null), {
        ...{ view: "view", version: 1, formerVersion: 0, services: [], concerns: [] },
      });
      project.clock.advance(1_000_001);
      assert.deepEqual(await ask(other, "view:value", "view@v0:value"), { view: { value: 30 }, "view@v0": { value: 20 } });
      assert.deepEqual((await activateVersion(runtime, "view", 0)).formerVersion, 1);
      project.clock.advance(1_000_001);
      assert.deepEqual(await ask(other, "view:value"), { view: { value: 20 } });
      assert.equal((await process.store.activate("view@v1")).version, 1);
      assert.equal((await process.store.activate("view", { version: 0 })).version, 0);
      assert.equal((await process.store.activate("view@latest")).version, 1);
      await assert.rejects(process.store.activate("view@v1", { version: 0 }), { code: "ASOF_REQUEST_INVALID", message: /two versions/ });
    });

    test("a version without data is never activated; one that is behind, or lacks what a service reads, only by force", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      await project.apply(process, { view: tripled });
      const { runtime } = process.session;
      for (const force of [false, true]) {
        await assert.rejects(activateVersion(runtime, "view", 1, { force }), {
          code: "ASOF_VERSION_NOT_READY",
          message: /view@v1 has no data/,
        });
      }
      await process.session.materialize({ mode: "interval", startUs: null, endUs: at("2024-01-10"), views: ["view@v1"] });
      await activateVersion(runtime, "view", 1);
      project.clock.advance(86_400_000_000);
      await process.store.materializeIncremental();
      await assert.rejects(activateVersion(runtime, "view", 0), {
        code: "ASOF_VERSION_NOT_READY",
        message: /view@v0 reaches to 2024-01-10T00:00:00Z, and view@v1 to 2024-01-11T00:00:00Z/,
      });
      const service = featureService("ranking", [tripled.pick("amount")]);
      await project.apply(process, { view: tripled, service });
      await process.session.materialize({ mode: "incremental", startUs: null, endUs: at("2024-01-11"), views: ["view@v0"] });
      await assert.rejects(activateVersion(runtime, "view", 0), { message: /service "ranking" reads amount, which view@v0 lacks/ });
      const forced = await activateVersion(runtime, "view", 0, { force: true });
      assert.deepEqual([forced.version, forced.services, forced.concerns.length], [0, ["ranking"], 1]);
    });

    test("a training set never holds nulls of a feature that the active version lacks; serving answers NOT_FOUND", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      await project.apply(process, { view: tripled });
      await assert.rejects(train(process, ["view:amount"]), {
        code: "ASOF_FEATURE_UNKNOWN",
        message: /came with version v1; the active one is v0/,
      });
      const { statuses } = await process.store.getOnlineFeatures({ features: [tripled], entities: [{ user_id: 1 }] });
      assert.deepEqual(statuses[0]?.view, { value: "PRESENT", amount: "NOT_FOUND" });
    });

    test("what is pushed reaches every version that is kept", async () => {
      await using project = new Project({ kind, nowUs: at("2024-01-10") });
      const process = await project.process();
      await project.apply(process, { live: live1 });
      await process.store.push(clicks, [{ user_id: 1, ts: "2024-01-08T12:00:00Z", amount: 1 }]);
      await project.apply(process, { live: live2 });
      await process.store.materializeIncremental();
      await activateVersion(process.session.runtime, "live", 1);
      await process.store.push(clicks, [{ user_id: 1, ts: "2024-01-09T12:00:00Z", amount: 10 }]);
      assert.deepEqual(await ask(process, "live:spent", "live@v0:spent"), { live: { spent: 11 }, "live@v0": { spent: 10 } });
    });

    test("a version reads pushed values in its own types; what it cannot read is refused before it is logged", async () => {
      await using project = new Project({ kind, nowUs: at("2024-01-10") });
      const process = await project.process();
      const define = (type: ReturnType<typeof int64> | ReturnType<typeof float64>) => {
        const source = push("clicks", { eventTime: "ts", columns: { amount: type } });
        const plain = featureView("plain", { entities: [user], source }, { amount: type });
        return { plain, live: featureView("live", { entities: [user], source }, { spent: sum("amount", { window: "1d" }) }) };
      };
      await project.apply(process, define(int64()));
      await process.store.push("clicks", [{ user_id: 1, ts: "2024-01-09T12:00:00Z", amount: 1n }]);
      await project.apply(process, define(float64()));
      await process.store.materializeIncremental();
      await process.store.push("clicks", [{ user_id: 1, ts: "2024-01-09T13:00:00Z", amount: 2 }]);
      const references = ["plain@v0", "plain@v1", "live@v0", "live@v1"];
      const answered = {
        "plain@v0": { amount: 2n },
        "plain@v1": { amount: 2 },
        "live@v0": { spent: 3n },
        "live@v1": { spent: 3 },
      };
      assert.deepEqual(await ask(process, ...references), answered);
      await assert.rejects(process.store.push("clicks", [{ user_id: 1, ts: "2024-01-09T14:00:00Z", amount: 1.5 }]), {
        code: "ASOF_PUSH_INVALID",
        message: /Row 0 has 1.5 in "amount", which live@v0 reads as int64/,
      });
      assert.deepEqual(await ask(process, ...references), answered, "nothing was logged");
      for (const view of ["plain", "live"]) {
        await activateVersion(process.session.runtime, view, 1);
        await dropVersion(process.session.runtime, view, 0);
      }
      await process.store.push("clicks", [{ user_id: 1, ts: "2024-01-09T14:00:00Z", amount: 1.5 }]);
      assert.deepEqual(await ask(process, "plain", "live"), { plain: { amount: 1.5 }, live: { spent: 4.5 } });
    });

    test("a version reads pushed keys in its own types, the registered one's count; what one cannot read is refused before it is logged", async () => {
      await using project = new Project({ kind, nowUs: at("2024-01-10") });
      const process = await project.process();
      const source = push("clicks", { eventTime: "ts", columns: { amount: float64() } });
      const define = (type: ReturnType<typeof int32> | ReturnType<typeof int64> | ReturnType<typeof string>) => {
        const keyed = { entities: [entity("user", { key: { user_id: type } })], source };
        return {
          plain: featureView("plain", keyed, { amount: float64() }),
          live: featureView("live", keyed, { spent: sum("amount", { window: "1d" }) }),
        };
      };
      const click = (user_id: unknown, amount: number) =>
        process.store.push("clicks", [{ user_id, ts: `2024-01-09T1${amount}:00:00Z`, amount }]);
      const references = ["plain@v0", "plain@v1", "live@v0", "live@v1"];
      const check = async (key: unknown, ...expected: readonly unknown[]) => {
        const answers = await Promise.all(
          references.map(async (reference) => {
            const asked = await process.session.ask({ features: [reference] });
            const entities = [{ user_id: untyped<Value>(key) }];
            const { mismatches } = await process.session.compareParity({ asked, entities, atUs: project.clock.nowUs() });
            assert.deepEqual(mismatches, []);
            return Object.values((await process.session.getOnline(asked, entities)).rows[0]?.[reference] ?? {})[0];
          }),
        );
        assert.deepEqual(answers, expected);
      };
      await project.apply(process, define(int32()));
      await click(1, 1);
      await project.apply(process, define(int64()));
      await process.store.materializeIncremental();
      await click(1n, 2);
      await check(1, 2, 2, 3, 3);
      // The low half of its bits is 1.
      await assert.rejects(click(2n ** 32n + 1n, 3), {
        code: "ASOF_PUSH_INVALID",
        message: /Row 0 has 4294967297 in "user_id", which live@v0 reads as int32/,
      });
      await check(1, 2, 2, 3, 3);
      await project.apply(process, define(int32()));
      await click(1, 4);
      await check(1, 4, 4, 7, 7);
      await project.apply(process, define(string()));
      await assert.rejects(click("1", 5), {
        code: "ASOF_PUSH_INVALID",
        message: /Row 0 has "1" in "user_id", which live@v0 reads as int32/,
      });
      await check(1, 4, 4, 7, 7);
    });

    test("a version of before its source took pushes, or had a table beside them, keeps its own history", async () => {
      const history = csv("feed", { path: "orders.csv", eventTime: "ts", columns });
      const pushed = push("feed", { eventTime: "ts", columns });
      const both = push("feed", { batch: csv("table", { path: "orders.csv", eventTime: "ts", columns }) });
      const define = (source: typeof history | typeof pushed | typeof both) => ({
        plain: featureView("plain", { entities: [user], source }, { amount: float64() }),
        spent: featureView("spent", { entities: [user], source }, { spent: sum("amount", { window: "7d" }) }),
      });
      const { project, process } = await open(kind, define(history));
      await using _ = project;
      await project.apply(process, define(pushed));
      await process.store.push("feed", [{ user_id: 1, ts: "2024-01-09T12:00:00Z", amount: 5 }]);
      await project.apply(process, define(both));
      await process.store.materialize("2024-01-01", "2024-01-10");
      await process.store.push("feed", [{ user_id: 1, ts: "2024-01-09T13:00:00Z", amount: 7 }]);
      await process.store.materializeIncremental();
      const answer = await ask(process, "plain@v0", "plain@v1", "plain@v2", "spent@v0", "spent@v1", "spent@v2");
      assert.deepEqual(answer, {
        "plain@v0": { amount: 10 },
        "plain@v1": { amount: 7 },
        "plain@v2": { amount: 10 },
        "spent@v0": { spent: 11 },
        "spent@v1": { spent: 12 },
        "spent@v2": { spent: 11 },
      });
    });

    test("an entity that is deleted is gone from every version that is kept", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      await project.apply(process, { view: tripled });
      await process.store.materializeIncremental();
      await process.store.deleteEntity({ user_id: 1 });
      assert.deepEqual(await ask(process, "view:value", "view@v0:value", "view@v1:value"), {
        view: { value: null },
        "view@v0": { value: null },
        "view@v1": { value: null },
      });
      for (const version of (await process.session.registry(true)).versions.get("view")?.values() ?? assert.fail()) {
        const { runtime } = process.session;
        const keys = (await collect(runtime.online.listKeys(version.online))).flat();
        const [read] = await runtime.online.read([{ form: "row", view: version.online, features: ["value"], keys }]);
        assert.deepEqual(
          read?.form === "row" ? read.rows.filter((row) => row !== null) : null,
          [],
          `nothing is stored of v${version.version}`,
        );
      }
    });

    test("a job that fills a version which is dropped meanwhile fails with that, and harms nothing", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      await project.apply(process, { view: tripled });
      await process.store.materializeIncremental();
      const { runtime } = process.session;
      await activateVersion(runtime, "view", 1);
      let dropping: Promise<unknown> | null = null;
      const { views } = await process.session.materialize({
        ...{ mode: "interval", startUs: null, endUs: at("2024-01-10"), views: ["view@v0", "view"] },
        onView: () => {
          dropping ??= dropVersion(runtime, "view", 0);
        },
      });
      await dropping;
      assert.deepEqual(
        views.map((v) => v.status),
        ["failed", "done"],
      );
      assert.match(views[0]?.error ?? "", /v0 of the view is not kept any more/);
      assert.deepEqual(await ask(process, "view:value"), { view: { value: 30 } });
    });

    test("of two that activate at once one is last, and nothing that a job records meanwhile is lost", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      await project.apply(process, { view: tripled });
      await process.store.materializeIncremental();
      const { runtime } = process.session;
      const work = [0, 1, 0, 1].map((version) => activateVersion(runtime, "view", version));
      await Promise.all([...work, process.store.materialize("2024-01-01", "2024-01-10")]);
      const state = (await process.session.registry(true)).states.get("view") ?? assert.fail();
      assert.ok([1, 2].includes(state.activeGeneration));
      assert.deepEqual(
        [...state.coverage].map(([g, features]) => [g, features.size]),
        [
          [1, 1],
          [2, 2],
        ],
      );
    });

    test("a version of a windowed view reads its own windows, in services and request views too", async () => {
      const { project, process } = await open(kind, { activity: day });
      await using _ = project;
      await project.apply(process, { activity: week });
      await process.store.materializeIncremental("2024-01-10");
      const former = week.version(0, { spent: float64() });
      const ratio = requestView(
        "ratio",
        { inputs: [former.as("before"), week.version(1, { spent: float64() }).as("now")] },
        { of: float64() },
        (i) => ({
          of: i.before.spent === null || i.now.spent === null ? null : i.now.spent / i.before.spent,
        }),
      );
      const service = featureService("both", [week.pick("spent"), former, ratio]);
      await project.apply(process, { activity: week, service });
      const { rows } = await process.store.getOnlineFeatures({ service, entities: [{ user_id: 1 }], at: "2024-01-10" });
      assert.deepEqual(rows[0], { activity: { spent: 10 }, "activity@v0": { spent: 10 }, ratio: { of: 1.1 } });
      const asked = await process.session.ask({ service: "both" });
      const report = await process.session.compareParity({ asked, entities: [{ user_id: 1 }], atUs: at("2024-01-10") });
      assert.deepEqual([report.compared, report.mismatches], [3, []]);
      await assert.rejects(dropVersion(process.session.runtime, "activity", 0), { code: "ASOF_IN_USE" });
      const [v0] = await listVersions(process.session.runtime, "activity");
      assert.deepEqual(v0?.pinnedBy.toSorted(), ["both", "ratio"]);
    });

    test("a version that is dropped is read no more, and its rows are removed by a later job", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      await project.apply(process, { view: tripled });
      await process.store.materializeIncremental();
      const { runtime } = process.session;
      await assert.rejects(dropVersion(runtime, "view", 0), { code: "ASOF_IN_USE", message: /it is active/ });
      await assert.rejects(dropVersion(runtime, "view", 1), { code: "ASOF_IN_USE", message: /registered definition/ });
      const before = (await process.session.registry(true)).versions.get("view")?.get(0)?.online ?? assert.fail();
      await activateVersion(runtime, "view", 1);
      await dropVersion(runtime, "view", 0);
      project.clock.advance(1_000_001);
      await assert.rejects(ask(process, "view@v0:value"), { code: "ASOF_VERSION_UNKNOWN", message: /has no version v0. Kept are: v1/ });
      await process.store.materializeIncremental();
      assert.equal((await collect(runtime.online.listKeys(before))).flat().length, 1, "others may still read it");
      project.clock.advance(2_000_000);
      await process.store.materializeIncremental();
      assert.deepEqual((await collect(runtime.online.listKeys(before))).flat(), []);
      const [v0, v1] = await listVersions(runtime, "view");
      assert.deepEqual([v0?.status, v1?.status], ["dropped", "active"], "its definition stays");
    });

    test("they are listed with times, coverage and changes, and compared", async () => {
      const { project, process } = await open(kind, { view: doubled, activity: day });
      await using _ = project;
      project.clock.advance(1_000_000);
      await project.apply(process, { view: tripled, activity: day });
      const { runtime } = process.session;
      const listed = await listVersions(runtime, null);
      const covered = { fromUs: null, toUs: at("2024-01-10") };
      const told = listed.map((v) => [
        v.view,
        v.version,
        v.status,
        v.isRegistered,
        v.createdAtUs,
        v.coverage,
        v.changes.map((c) => c.path),
      ]);
      assert.deepEqual(told, [
        ["activity", 0, "active", true, at("2024-01-10"), covered, []],
        ["view", 0, "active", false, at("2024-01-10"), covered, []],
        ["view", 1, "kept", true, at("2024-01-10") + 1_000_000, null, ["features.amount", "features.value.expression"]],
      ]);
      assert.deepEqual(
        (await diffVersions(runtime, "view", 0, 1)).map((d) => d.text),
        ["features.amount: float64", "features.value.expression: amount * 2 → amount * 3"],
      );
      await assert.rejects(diffVersions(runtime, "view", 0, 7), { code: "ASOF_VERSION_UNKNOWN" });
      await assert.rejects(listVersions(runtime, "nothing"), { code: "ASOF_FEATURE_UNKNOWN" });
    });

    test("what was applied once becomes the registered definition again without computing anything", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      await project.apply(process, { view: tripled });
      await process.store.materializeIncremental();
      await activateVersion(process.session.runtime, "view", 1);
      await project.apply(process, { view: doubled });
      assert.deepEqual(await ask(process, "view:value", "view@v0:value"), { view: { value: 30 }, "view@v0": { value: 20 } });
      await project.apply(process, { view: fourfold });
      assert.deepEqual((await process.session.registry(true)).states.get("view")?.keptGenerations, [1, 2, 3]);
      assert.deepEqual(await ask(process, "view:value", "view@v0:value"), { view: { value: 30 }, "view@v0": { value: 20 } });
    });

    test("what a user says of a version's features is checked", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      const asText = doubled.version(0, { value: string() });
      await assert.rejects(process.store.getOnlineFeatures({ features: [asText], entities: [{ user_id: 1 }] }), {
        code: "ASOF_COLUMN_TYPE",
        message: /"view@v0:value" is float64, and it is asked for as string/,
      });
      const untyped = await process.store.getOnlineFeatures({ features: [doubled.version(0)], entities: [{ user_id: 1 }] });
      assert.deepEqual(untyped.rows[0], { "view@v0": { value: 20 } });
      await assert.rejects(process.store.getOnlineFeatures({ features: [doubled.version(9)], entities: [{ user_id: 1 }] }), {
        code: "ASOF_VERSION_UNKNOWN",
      });
    });
  });
}
