import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  type AnyView,
  count,
  csv,
  derive,
  distinctCount,
  entity,
  explainValue,
  featureView,
  float64,
  int64,
  label,
  last,
  push,
  string,
  sum,
} from "@asof/core";
import { at, collect, type Process, Project, storeKinds } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: string() } });
const shop = entity("shop", { key: { shop_id: int64({ as: "number" }) } });
const columns = { amount: float64(), note: string() };
const history = csv("history", { path: "history.csv", eventTime: "ts", columns });
const orders = csv("orders", { path: "orders.csv", eventTime: "ts", createdTime: "created", columns });
const profiles = csv("profiles", { path: "profiles.csv", columns: { note: string() } });
const clicks = push("clicks", { eventTime: "ts", eventId: "id", columns });
const both = push("both", { batch: history });

const latest = featureView("latest", { entities: [user], source: orders }, { amount: float64(), note: string() });
const totals = featureView("totals", { entities: [user], source: orders }, { spent: sum("amount"), orders_7d: count({ window: "7d" }) });
const profile = featureView("profile", { entities: [user], source: profiles }, { note: string() });
const clicked = featureView("clicked", { entities: [user], source: clicks }, { amount: float64(), note: string() });
const clickTotals = featureView("click_totals", { entities: [user], source: clicks }, { clicks: count(), note: last("note") });
const perShop = featureView("per_shop", { entities: [shop], source: clicks }, { clicks: count(), spent: sum("amount") });
const pairs = featureView("pairs", { entities: [user, shop], source: clicks }, { amount: float64() });
const pairTotals = featureView("pair_totals", { entities: [user, shop], source: clicks }, { clicks: count() });
const bothTotals = featureView("both_totals", { entities: [user], source: both }, { spent: sum("amount") });
const views = { latest, totals, profile, clicked, clickTotals, perShop, pairs, pairTotals, bothTotals };
const ofUser: readonly AnyView[] = [latest, totals, profile, clicked, clickTotals, bothTotals];

/** Long enough to be found in any file that has it. */
const erased = "zaphod-beeblebrox-900";
const other = "arthur-dent-901";
const now = at("2024-03-01T00:00:00Z");
const hour = 3_600_000_000;

function writeSources(project: Project): void {
  const rows = [erased, other].flatMap((id) => [`${id},2024-02-27T00:00:00Z,1,old`, `${id},2024-02-28T00:00:00Z,2,new`]);
  project.csv("history.csv", "user_id,ts,amount,note", rows);
  project.csv(
    "orders.csv",
    "user_id,ts,amount,note,created",
    rows.map((row) => `${row},2024-02-28T12:00:00Z`),
  );
  project.csv("profiles.csv", "user_id,note", [`${erased},vip`, `${other},guest`]);
}

const click = (user_id: string | null, ts: string, id: string, shop_id: number | null = 1) => ({
  user_id,
  shop_id,
  ts,
  id,
  amount: 5,
  note: `note ${id}`,
});
const firstClicks = [
  click(erased, "2024-02-29T10:00:00Z", "c1"),
  click(erased, "2024-02-29T11:00:00Z", "c2", 2),
  click(other, "2024-02-29T10:00:00Z", "c3"),
  click(erased, "2024-02-29T12:00:00Z", "c4", null),
];
const bothRow = (user_id: string) => ({ user_id, ts: now - 1, amount: 7, note: null });

/** A project with everything ingested, the push side of `both` included. */
async function filled(kind: (typeof storeKinds)[number]): Promise<{ project: Project; process: Process }> {
  const project = new Project({ kind, nowUs: now });
  writeSources(project);
  const process = await project.process();
  await project.apply(process, views);
  await process.store.materializeIncremental("2024-02-28T18:00:00Z");
  await process.store.push(clicks, firstClicks);
  await process.store.push(both, [erased, other].map(bothRow), { idempotencyKey: "both" });
  return { project, process };
}

/** What both sides say of a user, served first; they must be the same. */
async function ask(process: Process, user_id: string, features: readonly AnyView[] = ofUser, atUs?: number): Promise<unknown> {
  const asked = { features: [...features], fullFeatureNames: true } as const;
  const t = atUs ?? process.session.runtime.clock.nowUs();
  const keys = features.some((view) => view.name.startsWith("pair")) ? { user_id, shop_id: 1 } : { user_id };
  const { rows } = await process.store.getOnlineFeatures({ ...asked, entities: [keys], at: t } as never);
  await using training = await process.store.getHistoricalFeatures({ ...asked, spine: [{ ...keys, event_timestamp: t }] } as never);
  const [trained] = await collect(training.rows());
  const served = Object.fromEntries(
    Object.entries((rows as readonly Record<string, Record<string, unknown>>[])[0] ?? {}).flatMap(([view, values]) =>
      Object.entries(values).map(([name, value]) => [`${view}__${name}`, value]),
    ),
  );
  const values = Object.fromEntries(Object.entries(trained ?? {}).filter(([name]) => name.includes("__")));
  assert.deepEqual(served, values, "served and trained");
  return served;
}

async function explain({ session }: Process, view: string, feature: string) {
  const entity = { user_id: erased };
  const context = await session.historicalContext();
  return explainValue(session.runtime, context, await session.registry(), { view, feature, entity, atUs: now }, (asked, rows, atUs) =>
    session.getOnline(asked, rows, atUs),
  );
}

const nobody = {
  latest__amount: null,
  latest__note: null,
  totals__spent: null,
  totals__orders_7d: 0,
  profile__note: null,
  clicked__amount: null,
  clicked__note: null,
  click_totals__clicks: 0,
  click_totals__note: null,
  both_totals__spent: null,
};
const everything = {
  latest__amount: 2,
  latest__note: "new",
  totals__spent: 3,
  totals__orders_7d: 2,
  profile__note: "vip",
  clicked__amount: 5,
  clicked__note: "note c4",
  click_totals__clicks: 3,
  click_totals__note: "note c4",
  both_totals__spent: 10,
};

/** Files under a folder whose bytes have the text. */
function filesWith(folder: string, text: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((file) => join(file.parentPath, file.name)).filter((path) => readFileSync(path).includes(text));
}

for (const kind of storeKinds) {
  describe(`deletion (${kind})`, () => {
    test("removes a key everywhere, says where it was and who still has it, and leaves the others alone", async () => {
      const { project, process } = await filled(kind);
      await using _ = project;
      assert.deepEqual(await ask(process, erased), everything);
      const before = await ask(process, other);
      const shops = () => process.store.getOnlineFeatures({ features: [perShop], entities: [{ shop_id: 1 }, { shop_id: 2 }] });
      const shopsBefore = (await shops()).rows;

      await process.store.computeStatistics(latest);
      const counted = await process.store.deleteEntity({ user_id: erased }, { dryRun: true });
      assert.deepEqual(await ask(process, erased), everything, "a dry run touches nothing");
      assert.equal((await process.session.registry(true)).erasures.length, 0);
      const report = await process.store.deleteEntity({ user_id: erased });
      assert.deepEqual(report.online.map((o) => [o.view, o.rows, o.states]).toSorted(), [
        ["both_totals", 0, 1],
        ["click_totals", 0, 1],
        ["clicked", 1, 0],
        ["latest", 1, 0],
        ["pair_totals", 0, 2],
        ["pairs", 2, 0],
        ["profile", 1, 0],
        ["totals", 0, 1],
      ]);
      assert.deepEqual(report.logs, [
        { source: "both", removed: 1, cleared: 0, kept: 0, files: 1 },
        { source: "clicks", removed: 1, cleared: 2, kept: 0, files: 1 },
      ]);
      assert.deepEqual(report.stillHeld.map((h) => [h.source, h.paths, h.rows]).toSorted(), [
        ["both", ["history.csv"], 2],
        ["orders", ["orders.csv"], 2],
        ["profiles", ["profiles.csv"], 1],
      ]);
      assert.deepEqual(await project.registry.listStatistics({ project: "shop", limit: 1 }), [], "they may name values of the key");
      for (const part of ["online", "logs", "stillHeld", "heldRows"] as const) assert.deepEqual(counted[part], report[part], part);

      assert.deepEqual(await ask(process, erased), nobody);
      assert.deepEqual(await ask(process, erased, [latest, totals], at("2024-02-28T06:00:00Z")).catch((e) => e.message), {
        latest__amount: null,
        latest__note: null,
        totals__spent: null,
        totals__orders_7d: 0,
      });
      assert.deepEqual(await ask(process, erased, [pairs, pairTotals]), { pairs__amount: null, pair_totals__clicks: 0 });
      assert.deepEqual(await ask(process, other), before);
      for (const [view, feature, value] of [
        ["latest", "amount", null],
        ["totals", "orders_7d", 0],
        ["click_totals", "clicks", 0],
      ] as const) {
        const why = await explain(process, view, feature);
        assert.deepEqual([why.rowCount, why.offline, why.online.value, why.verdict, why.state], [0, value, value, "equal", null], view);
      }
      for (const moments of [{ between: { start: "2024-01-01", end: "2024-03-02" } }, { latestAsOf: "2024-03-01" }]) {
        await using made = await process.store.getHistoricalFeatures({
          features: [latest, clickTotals],
          fullFeatureNames: true,
          ...moments,
        } as never);
        const made_: readonly Readonly<Record<string, unknown>>[] = await collect(made.rows());
        assert.deepEqual([...new Set(made_.map((r) => r.user_id))], [other], `no row is made of the key by ${Object.keys(moments)[0]}`);
      }
      assert.deepEqual((await shops()).rows, shopsBefore, "events of the key still count for its shop");
      const again = await process.store.deleteEntity({ user_id: erased });
      assert.deepEqual(
        [again.online.map((o) => o.rows + o.states), again.logs],
        [again.online.map(() => 0), []],
        "a second one finds nothing",
      );
      assert.equal(again.id, report.id);
    });

    test("nothing brings an erased key back, online or offline", async () => {
      const { project, process } = await filled(kind);
      await using _ = project;
      const second = await project.process();
      assert.deepEqual(await ask(second, erased), everything);
      await process.store.deleteEntity({ user_id: erased });
      const stillNobody = async (what: string) => assert.deepEqual(await ask(process, erased), nobody, what);

      assert.equal((await second.store.push(clicks, firstClicks)).erased, 3);
      await stillNobody("replayed pushes of a process that was open before");
      await process.store.push(both, [erased, other].map(bothRow), { idempotencyKey: "both" });
      await stillNobody("a replay with an idempotency key");
      project.clock.advance(hour);
      await process.store.push(clicks, [click(erased, "2024-03-01T00:30:00Z", "c9"), click(erased, "2024-02-01T00:00:00Z", "late")]);
      await stillNobody("new and late rows");
      await process.store.push(clicks, [click(erased, "2024-03-01T01:30:00Z", "future")]);
      await process.store.push(clicks, [click(erased, "2024-03-01T00:59:00Z", "online only")], { to: "online" });
      await stillNobody("an online-only push");
      await process.store.materialize("2024-01-01", "2024-02-29");
      await stillNobody("materialize");
      project.csv("orders.csv", "user_id,ts,amount,note,created", [
        `${erased},2024-02-26T00:00:00Z,8,late,2024-03-01T00:30:00Z`,
        `${erased},2024-03-01T00:40:00Z,9,newest,2024-03-01T00:40:00Z`,
      ]);
      await process.store.materializeIncremental();
      await stillNobody("materialize-incremental");
      project.clock.advance(hour);
      await stillNobody("a row held back that is due");
      const wider = featureView(
        "totals",
        { entities: [user], source: orders },
        { spent: sum("amount"), orders_7d: count({ window: "8d" }) },
      );
      await project.apply(process, { ...views, totals: wider }, { recreate: true });
      await process.store.materializeIncremental();
      assert.deepEqual(await ask(process, erased, [wider]), { totals__spent: null, totals__orders_7d: 0 }, "a new generation");
      const added = featureView("added", { entities: [user], source: clicks }, { note: string() });
      await project.apply(process, { ...views, totals: wider, added });
      await process.store.materializeIncremental();
      assert.deepEqual(await ask(process, erased, [added]), { added__note: null }, "a view that came later");
      await using training = await process.store.getHistoricalFeatures({
        features: [latest, clicked],
        spine: [
          { user_id: erased, event_timestamp: project.clock.nowUs() },
          { user_id: other, event_timestamp: project.clock.nowUs() },
          { user_id: null, event_timestamp: project.clock.nowUs() },
        ],
        fullFeatureNames: true,
      } as never);
      const filledRows: readonly Readonly<Record<string, unknown>>[] = await collect(training.rows());
      assert.deepEqual(
        filledRows.map((r) => [r.user_id, r.clicked__amount]),
        [
          [erased, null],
          [other, 5],
          [null, null],
        ],
        "no spine row is dropped",
      );
    });

    test("a lifted key starts anew: what was before stays gone, what comes after counts", async () => {
      const { project, process } = await filled(kind);
      await using _ = project;
      await process.store.deleteEntity({ user_id: erased });
      project.clock.advance(hour);
      await process.store.push(clicks, [click(erased, "2024-03-01T00:30:00Z", "between")]);
      const lifted = await process.store.liftErasure({ user_id: erased });
      assert.equal(lifted.untilUs, now + hour + 1);
      const timed = ofUser.filter((view) => view !== profile);
      const { profile__note: _profile, ...nothing } = nobody;
      assert.deepEqual(await ask(process, erased, timed), nothing, "nothing came since");
      project.clock.advance(hour);
      await process.store.push(clicks, [...firstClicks, click(erased, "2024-03-01T00:45:00Z", "late")]);
      await process.store.push(clicks, [click(erased, "2024-03-01T01:30:00Z", "new")]);
      project.csv("orders.csv", "user_id,ts,amount,note,created", [
        `${erased},2024-02-28T00:00:00Z,2,new,2024-02-28T12:00:00Z`,
        `${erased},2024-03-01T01:40:00Z,9,newest,2024-03-01T01:40:00Z`,
      ]);
      await process.store.materialize("2024-01-01", "2024-03-01T02:00:00Z");
      assert.deepEqual(await ask(process, erased), {
        ...nobody,
        latest__amount: 9,
        latest__note: "newest",
        totals__spent: 9,
        totals__orders_7d: 1,
        profile__note: "vip",
        clicked__amount: 5,
        clicked__note: "note new",
        click_totals__clicks: 1,
        click_totals__note: "note new",
      });
      await assert.rejects(process.store.liftErasure({ user_id: erased }), { code: "ASOF_OBJECT_UNKNOWN" });
      await process.store.deleteEntity({ user_id: erased });
      assert.deepEqual(await ask(process, erased), nobody, "erased again");
    });

    test("the key is in no registry record, job or log file", async () => {
      const { project, process } = await filled(kind);
      await using _ = project;
      await process.store.push(clicks, [click(erased, "2024-03-01T05:00:00Z", "held")]);
      const log = join(project.folder, "log");
      assert.ok(filesWith(log, erased).length > 0);
      const report = await process.store.deleteEntity({ user_id: erased });
      assert.deepEqual(report.heldRows, [{ source: "clicks", rows: 1 }]);
      assert.deepEqual(filesWith(log, erased), []);
      assert.ok(filesWith(log, other).length > 0);
      const kept = JSON.stringify([
        await project.registry.snapshot(null),
        await project.registry.listJobs("shop", 100),
        await project.registry.listLineage("shop"),
      ]);
      assert.ok(!kept.includes(erased) && kept.includes(report.id ?? "?"));
    });
  });
}

for (const kind of storeKinds) {
  test(`a key is removed from versions that were dropped, whatever they held (${kind})`, async () => {
    await using project = new Project({ kind, nowUs: now });
    writeSources(project);
    const process = await project.process();
    const options = { entities: [user], source: orders };
    const definitions = [
      featureView("changing", options, { value: derive((o) => o.amount.times(2)) }),
      featureView("changing", options, { value: derive((o) => o.amount.isNull()), note: string() }),
      featureView("changing", options, { value: count({ window: "7d" }) }),
      featureView("changing", { entities: [shop], source: clicks }, { value: count({ window: "7d" }) }),
    ];
    for (const [version, changing] of definitions.entries()) {
      await project.apply(process, { changing, clicked });
      if (version < 3) await process.store.materialize("2024-02-01", "2024-02-29", { views: ["changing"] });
      else await process.store.push(clicks, [click(null, "2024-02-29T10:00:00Z", "c1")]);
      await process.store.activate(`changing@v${version}`, { force: true });
      if (version > 0) await process.store.dropVersion("changing", version - 1);
    }
    const stored = async (user_id: string, dryRun = true) => {
      const { online } = await process.store.deleteEntity({ user_id }, { dryRun });
      return online.filter(({ rows, states }) => rows + states > 0).map((o) => `${o.view} ${o.generation}: ${o.rows} ${o.states}`);
    };
    const everyVersion = ["changing 1: 1 0", "changing 2: 1 0", "changing 3: 0 1"];
    assert.deepEqual(await stored(erased), everyVersion);
    assert.deepEqual(await stored(erased, false), everyVersion);
    assert.deepEqual(await stored(erased), []);
    assert.deepEqual(await stored(other), everyVersion);
    project.clock.advance(hour);
    assert.deepEqual(await stored(other, false), everyVersion, "also where all that nobody reads any more is removed");
    const { online } = (await process.session.registry()).versions.get("changing")?.get(3) ?? {};
    assert.ok(online !== undefined);
    for (const generation of [1, 2, 3]) {
      assert.deepEqual(await collect(process.session.runtime.online.listKeys({ ...online, generation })), []);
    }
  });
}

test("a pair of two entities is erased without either of them", async () => {
  const { project, process } = await filled("memory");
  await using _ = project;
  const report = await process.store.deleteEntity({ shop_id: 1, user_id: erased });
  assert.deepEqual(report.logs, [{ source: "clicks", removed: 0, cleared: 0, kept: 1, files: 0 }], "others need the row");
  assert.deepEqual(await ask(process, erased, [pairs, pairTotals]), { pairs__amount: null, pair_totals__clicks: 0 });
  assert.deepEqual(await ask(process, erased), everything);
});

test("a view that reads the key as a value is named", async () => {
  await using project = new Project({ nowUs: now });
  const process = await project.process();
  const visits = push("visits", { eventTime: "ts", columns: { user_id: string(), amount: float64() } });
  const visited = featureView("visited", { entities: [user], source: visits }, { amount: float64() });
  const visitors = featureView("visitors", { entities: [shop], source: visits }, { users: distinctCount("user_id") });
  await project.apply(process, { visited, visitors });
  await process.store.push(visits, [{ user_id: erased, shop_id: 1, ts: now - 1, amount: 1 }]);
  assert.deepEqual((await process.store.deleteEntity({ user_id: erased })).toRecreate, ["visitors"]);
});

test("labels lose the key as well, and a table that only a label reads is told", async () => {
  await using project = new Project({ nowUs: now });
  const process = await project.process();
  project.csv("outcomes.csv", "user_id,ts,left", [`${erased},2024-01-01T00:00:00Z,1`, "other,2024-01-01T00:00:00Z,2"]);
  const outcomes = csv("outcomes", { path: "outcomes.csv", eventTime: "ts", columns: { left: float64() } });
  const told = push("told", { eventTime: "ts", columns: { lost: float64() } });
  const left = label("left", { entities: [user], source: outcomes, delay: "1d" }, { left: float64() });
  const lost = label("lost", { entities: [user], source: told, delay: "1d" }, { lost: float64() });
  const clicked = featureView("clicked", { entities: [user], source: clicks }, { amount: float64() });
  await project.apply(process, { left, lost, clicked });
  const give = () =>
    process.store.push(
      told,
      [erased, "other"].map((user_id, i) => ({ user_id, ts: at("2024-01-01"), lost: i + 1 })),
    );
  await give();
  project.clock.advance(3 * 86_400_000_000);
  const train = async () => {
    const spine = [erased, "other"].map((user_id) => ({ user_id, event_timestamp: now + 86_400_000_000 }));
    await using set = await process.store.getHistoricalFeatures({
      ...{ features: [clicked], labels: [left, lost], spine, labelsKnownUntil: now + 3 * 86_400_000_000 },
    });
    return (await collect(set.rows())).map((row) => [row.left, row.lost]);
  };
  assert.deepEqual(await train(), [
    [1, 1],
    [2, 2],
  ]);
  const report = await process.store.deleteEntity({ user_id: erased });
  assert.deepEqual(
    report.stillHeld.map(({ source, rows, views }) => [source, rows, views]),
    [["outcomes", 1, ["left"]]],
  );
  assert.deepEqual(
    report.logs.map(({ source, removed }) => [source, removed]),
    [["told", 1]],
  );
  assert.equal((await give()).erased, 1);
  assert.deepEqual(await train(), [
    [null, null],
    [2, 2],
  ]);
});

test("without the secret, or with another one, nothing is taken in or shown", async () => {
  const { project, process } = await filled("memory");
  await using _ = project;
  await process.store.deleteEntity({ user_id: erased });
  for (const source of [
    undefined,
    { place: "there", load: async () => null, create: async () => new Uint8Array(32) },
    { place: "there", load: async () => new Uint8Array(32), create: async () => new Uint8Array(32) },
  ]) {
    const bare = await project.process(undefined, source ?? null);
    const refused = { code: "ASOF_ERASURE_KEY" };
    await assert.rejects(bare.store.getOnlineFeatures({ features: [latest], entities: [{ user_id: other }] }), refused);
    await assert.rejects(
      bare.store.getHistoricalFeatures({ features: [latest], spine: [{ user_id: other, event_timestamp: now }] }),
      refused,
    );
    await assert.rejects(bare.store.push(clicks, firstClicks), refused);
    await assert.rejects(bare.store.deleteEntity({ user_id: other }), refused);
    await assert.rejects(bare.store.deleteEntity({ user_id: other }, { dryRun: true }), refused);
    await assert.rejects(
      bare.store.materializeIncremental(),
      (error) => error instanceof Error && error.message.includes("ASOF_ERASURE_KEY"),
    );
  }
});

test("a key that is no entity's is refused before anything happens", async () => {
  const { project, process } = await filled("memory");
  await using _ = project;
  for (const key of [{}, { nobody: 1 }, { user_id: erased, nobody: 1 }]) {
    await assert.rejects(process.store.deleteEntity(key), { code: "ASOF_OBJECT_UNKNOWN" });
  }
  await assert.rejects(process.store.deleteEntity({ shop_id: "x" }), { code: "ASOF_VALUE_INVALID", path: "entity.shop_id" });
  await assert.rejects(process.store.deleteEntity({ user_id: null }), { code: "ASOF_VALUE_INVALID" });
  assert.equal((await process.session.registry(true)).erasures.length, 0);
});
