/** Views that one project shares with another, over one registry: used in both paths, refused where not shared, kept while used. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  activateVersion,
  count,
  csv,
  derive,
  dropVersion,
  entity,
  featureService,
  featureView,
  float64,
  from,
  int64,
  listVersions,
  push,
  requestView,
  sum,
} from "@asof/core";
import { at, type Process, Project, storeKinds } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) }, owner: "growth@shop" });
const columns = { amount: float64() };

/** Definitions of project growth, reading a file by its whole path. */
function growthOf(project: Project, path = join(project.folder, "orders.csv")) {
  const orders = csv("orders", { path, eventTime: "ts", columns });
  const options = { entities: [user], source: orders, owner: "growth@shop" };
  const clicks = push("clicks", { eventTime: "ts", columns });
  return {
    options,
    clicks,
    doubled: featureView("view", { ...options, shared: true }, { value: derive((o) => o.amount.times(2)) }),
    tripled: featureView("view", { ...options, shared: true }, { value: derive((o) => o.amount.times(3)) }),
    activity: featureView("activity", { ...options, shared: ["ads"] }, { spent: sum("amount", { window: "7d" }) }),
    secret: featureView("secret", options, { amount: float64() }),
    live: featureView("live", { entities: [user], source: clicks, shared: true }, { clicks_7d: count({ window: "7d" }) }),
  };
}

async function open(kind: (typeof storeKinds)[number]) {
  const project = new Project({ kind, nowUs: at("2024-01-10") });
  project.csv("orders.csv", "user_id,ts,amount", ["1,2024-01-04T06:00:00Z,1", "1,2024-01-09T06:00:00Z,10"]);
  const growth = await project.process("growth");
  const ads = await project.process("ads");
  const views = growthOf(project);
  const { doubled, activity, secret, live } = views;
  await project.apply(growth, { doubled, activity, secret, live });
  await growth.store.push(views.clicks, [{ user_id: 1, ts: "2024-01-09T12:00:00Z", amount: 1 }]);
  await growth.store.materialize("2024-01-01", "2024-01-10");
  return { project, growth, ads, views };
}

async function ask({ session }: Process, what: Parameters<typeof session.ask>[0]) {
  const asked = await session.ask(what);
  const answer = await session.getOnline(asked, [{ user_id: 1 }], at("2024-01-10"));
  const report = await session.compareParity({ asked, entities: [{ user_id: 1 }], atUs: at("2024-01-10") });
  assert.deepEqual(report.mismatches, [], "training and serving agree");
  return answer.rows[0];
}

for (const kind of storeKinds) {
  describe(`shared views (${kind})`, () => {
    test("another project's service and texts read them, in both paths, from the owner's data", async () => {
      const { project, growth, ads, views } = await open(kind);
      await using _ = project;
      const own = featureView("own", views.options, { amount: float64() });
      const ratio = requestView("ratio", { inputs: [from("growth", views.activity)] }, { share: float64() }, ({ activity: a }) => ({
        share: a.spent === null ? null : a.spent / 100,
      }));
      const ranking = featureService("ranking", [own, from("growth", views.doubled), from("growth", views.live), ratio]);
      await project.apply(ads, { own, ratio, ranking });
      await ads.store.materialize("2024-01-01", "2024-01-10");
      const registered = (await project.registry.snapshot("ads")).records.filter((r) => r.kind === "feature_view").map((r) => r.name);
      assert.deepEqual(registered, ["own", "ratio"], "what another project owns is not defined here");
      const expected = { own: { amount: 10 }, view: { value: 20 }, live: { clicks_7d: 1 }, ratio: { share: 0.11 } };
      assert.deepEqual(await ask(ads, { service: "ranking" }), expected);
      const { rows } = await ads.store.getOnlineFeatures({ service: ranking, entities: [{ user_id: 1 }], at: "2024-01-10" });
      assert.deepEqual(rows[0], expected);
      assert.deepEqual(await ask(ads, { features: ["growth/view:value", "growth/activity:spent"] }), {
        view: { value: 20 },
        activity: { spent: 11 },
      });
      const edges = (await project.registry.listLineage("ads")).map((e) => `${e.from} > ${e.to}`);
      assert.ok(edges.includes("feature:growth/view.* > service:ranking"), edges.join("\n"));
      assert.ok(edges.includes("feature:growth/activity.* > feature:ratio.share"));
      assert.equal((await ads.session.plan({ skipSourceValidation: true })).entries.length, 0, "applied again it changes nothing");
      assert.equal((await growth.session.plan({ skipSourceValidation: true })).entries.length, 0);
    });

    test("what is not shared is refused, with its owner, when it is applied and when it is asked for", async () => {
      const { project, ads, views } = await open(kind);
      await using _ = project;
      const other = await project.process("other");
      const refused = {
        code: "ASOF_NOT_SHARED",
        message:
          /"growth\/secret", which its owner, repository "main" of project "growth" \(owner growth@shop\), does not share with project "ads"/,
      };
      await assert.rejects(project.apply(ads, { s: featureService("s", [from("growth", views.secret)]) }), refused);
      await assert.rejects(ask(ads, { features: ["growth/secret:amount"] }), { code: "ASOF_NOT_SHARED" });
      await assert.rejects(ask(other, { features: ["growth/activity:spent"] }), {
        code: "ASOF_NOT_SHARED",
        message: /"growth\/activity" is not shared by its owner, growth@shop, with project "other"/,
      });
      await assert.rejects(project.apply(other, { s: featureService("s", [from("growth", views.activity)]) }), { code: "ASOF_NOT_SHARED" });
      await assert.rejects(ask(ads, { features: ["growth/nothing:x"] }), { code: "ASOF_FEATURE_UNKNOWN" });
      await assert.rejects(project.apply(ads, { s: featureService("s", [from("nobody", views.doubled)]) }), {
        code: "ASOF_FEATURE_UNKNOWN",
      });
      await assert.rejects(project.apply(ads, { s: featureService("s", [from("ads", views.doubled)]) }), {
        code: "ASOF_DEFINITION_INVALID",
        message: /from its own project/,
      });
    });

    test("what another project uses is neither deleted, nor unshared, nor stripped of a feature: the users are named", async () => {
      const { project, growth, ads, views } = await open(kind);
      await using _ = project;
      const { doubled, activity, secret, live, options } = views;
      await project.apply(ads, { ranking: featureService("ranking", [from("growth", doubled), from("growth", activity).pick("spent")]) });
      const inUse = { code: "ASOF_IN_USE", message: /feature service "ranking" of project "ads" \(repository "main"\)/ };
      await assert.rejects(project.apply(growth, { activity, secret, live }), inUse);
      const unshared = featureView("activity", { ...options, shared: ["other"] }, { spent: sum("amount", { window: "7d" }) });
      await assert.rejects(project.apply(growth, { doubled, activity: unshared, secret, live }), inUse);
      const stripped = featureView("activity", { ...options, shared: true }, { orders: count({ window: "7d" }) });
      await assert.rejects(project.apply(growth, { doubled, activity: stripped, secret, live }), inUse);
      await project.apply(ads, {});
      assert.equal(await project.apply(growth, { doubled, activity: unshared, secret, live }), "applied");
    });

    test("a plan of the owner names the services of other projects that answer otherwise", async () => {
      const { project, growth, ads, views } = await open(kind);
      await using _ = project;
      const { doubled, tripled, activity, secret, live, options } = views;
      const own = featureService("own", [doubled]);
      await project.apply(growth, { doubled, activity, secret, live, own });
      const share = requestView("share", { inputs: [from("growth", activity)] }, { of_week: float64() }, () => ({ of_week: null }));
      const pinned = featureService("pinned", [from("growth", doubled).version(0, { value: float64() })]);
      await project.apply(ads, { ranking: featureService("ranking", [from("growth", doubled)]), pinned, share });
      const affected = async (definitions: Parameters<typeof project.apply>[1]) => {
        const { entries } = await project.plan(growth, definitions);
        return Object.fromEntries(entries.filter((e) => e.kind === "feature_view").map((e) => [e.name, e.implies.services]));
      };
      const service = featureService("own", [tripled]);
      assert.deepEqual(await affected({ tripled, activity, secret, live, service }), { view: ["own", "ads/ranking"] });
      const more = featureView("view", { ...options, shared: true }, { value: derive((o) => o.amount.times(2)), amount: float64() });
      assert.deepEqual(await affected({ more, activity, secret, live, own: featureService("own", [more]) }), {
        view: ["own", "ads/ranking"],
      });
      const counted = featureView("activity", { ...options, shared: ["ads"] }, { spent: sum("amount", { window: "14d" }) });
      assert.deepEqual(await affected({ doubled, counted, secret, live, own }), { activity: ["ads/share"] });
    });

    test("a change by the owner reaches requests of the other project, versions as well", async () => {
      const { project, growth, ads, views } = await open(kind);
      await using _ = project;
      const { doubled, tripled, activity, secret, live } = views;
      const service = featureService("ranking", [from("growth", doubled), from("growth", doubled).version(0, { value: float64() })]);
      await project.apply(ads, { service });
      const read = async () => (await ads.store.getOnlineFeatures({ service, entities: [{ user_id: 1 }], at: "2024-01-10" })).rows[0];
      assert.deepEqual(await read(), { view: { value: 20 }, "view@v0": { value: 20 } });
      await project.apply(growth, { tripled, activity, secret, live });
      await growth.store.materializeIncremental();
      assert.deepEqual((await activateVersion(growth.session.runtime, "view", 1)).services, ["ads/ranking"]);
      project.clock.advance(1_000_001);
      assert.deepEqual(await read(), { view: { value: 30 }, "view@v0": { value: 20 } });
      assert.deepEqual(await ask(ads, { service: "ranking" }), { view: { value: 30 }, "view@v0": { value: 20 } });
      await assert.rejects(dropVersion(growth.session.runtime, "view", 0), { code: "ASOF_IN_USE", message: /"ranking" of project "ads"/ });
      assert.deepEqual((await listVersions(growth.session.runtime, "view"))[0]?.pinnedBy, ["ads/ranking"]);
      await project.apply(
        growth,
        {
          doubled: featureView("view", { ...views.options, shared: true }, { value: derive((o) => o.amount.times(5)) }),
          activity,
          secret,
          live,
        },
        { recreate: true },
      );
      await growth.store.materializeIncremental();
      assert.deepEqual(
        (await growth.session.registry(true)).states.get("view")?.keptGenerations,
        [1, 3],
        "what is named by number is kept",
      );
    });

    test("training does not read other files of the same name: a path inside the owner's repository is refused", async () => {
      const { project, growth, ads } = await open(kind);
      await using _ = project;
      const relative = growthOf(project, "orders.csv").doubled;
      const plan = await (async () => {
        await project.apply(growth, { relative });
        return growth.session.plan({ skipSourceValidation: true });
      })();
      assert.match(plan.warnings.map((w) => w.message).join(), /"view" is shared and reads "orders.csv", a path inside this repository/);
      await assert.rejects(ask(ads, { features: ["growth/view@v1:value"] }), {
        code: "ASOF_SOURCE_MISSING",
        message: /inside the repository of its owner/,
      });
    });

    test("what the owner erased is erased for all who use its views", async () => {
      const { project, growth, ads } = await open(kind);
      await using _ = project;
      await growth.store.deleteEntity({ user_id: 1 });
      assert.deepEqual(await ask(ads, { features: ["growth/view:value", "growth/activity:spent", "growth/live"] }), {
        view: { value: null },
        activity: { spent: null },
        live: { clicks_7d: 0 },
      });
    });

    test("what a project erased it does not see of the owner either, until it lifts that", async () => {
      const { project, growth, ads, views } = await open(kind);
      await using _ = project;
      await project.apply(ads, { own: featureView("own", views.options, { amount: float64() }) });
      const features = ["growth/view:value", "growth/activity:spent", "growth/live:clicks_7d"];
      const before = await ask(ads, { features });
      assert.deepEqual(before, { view: { value: 20 }, activity: { spent: 11 }, live: { clicks_7d: 1 } });
      await ads.store.deleteEntity({ user_id: 1 });
      assert.deepEqual(await ask(ads, { features }), { view: { value: null }, activity: { spent: null }, live: { clicks_7d: 0 } });
      assert.deepEqual(await ask(growth, { features: ["view:value"] }), { view: { value: 20 } }, "the owner's data are the owner's");
      project.clock.advance(1_000_000);
      await ads.store.liftErasure({ user_id: 1 });
      assert.deepEqual(await ask(ads, { features }), before);
    });

    test("rows that the owner holds back are released by whoever finds them due", async () => {
      const { project, growth, ads, views } = await open(kind);
      await using _ = project;
      await growth.store.push(views.clicks, [{ user_id: 1, ts: "2024-01-10T00:00:30Z", amount: 1 }]);
      project.clock.advance(60_000_000);
      const asked = await ads.session.ask({ features: ["growth/live:clicks_7d"] });
      assert.deepEqual((await ads.session.getOnline(asked, [{ user_id: 1 }])).rows[0], { live: { clicks_7d: 2 } });
    });
  });
}

test("from takes a stored view of a project", async () => {
  const project = new Project({ nowUs: at("2024-01-10") });
  await using _ = project;
  const ads = await project.process("ads");
  const views = growthOf(project);
  const fresh = requestView("fresh", { inputs: [views.activity] }, { x: float64() }, () => ({ x: 1 }));
  const wrong: readonly (readonly [unknown, unknown, RegExp])[] = [
    ["growth", fresh, /is a request view/],
    ["", views.doubled, /takes the project/],
    ["a/b", views.doubled, /cannot be the name of a project/],
    ["growth", user, /not a feature view/],
  ];
  for (const [name, view, message] of wrong) {
    const use = (from as (project: unknown, view: unknown) => typeof views.doubled)(name, view);
    await assert.rejects(project.apply(ads, { s: featureService("s", [use]) }), { message });
  }
});
