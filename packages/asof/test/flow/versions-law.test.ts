/** The parity law per version: whatever is applied, pushed, materialized, activated and dropped, each version that has data answers as training does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AsofError, count, derive, entity, featureView, float64, int64, push, sum } from "@asof/core";
import { chance, choose, int, seededRandom, times } from "@asof/testkit";
import { at, type Process, Project, storeKinds } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const clicks = push("clicks", { eventTime: "ts", columns: { amount: float64() } });
const options = { entities: [user], source: clicks };

/** Definitions of each view that mean different things. */
const windowed = [
  featureView("activity", options, { spent: sum("amount", { window: "1h" }) }),
  featureView("activity", options, { spent: sum("amount", { window: "6h" }), clicks: count({ window: "6h" }) }),
  featureView("activity", options, { spent: sum("amount", { window: "1h", where: (c) => c.amount.gt(5) }) }),
];
const plain = [
  featureView("last", { ...options, ttl: "1h" }, { value: derive((c) => c.amount.times(2)) }),
  featureView("last", options, { value: derive((c) => c.amount.times(3)), amount: float64() }),
  featureView("last", options, { value: derive((c) => c.amount.plus(1)) }),
];

/** What may be refused, because of what the course has come to. */
const refusals = new Set(["ASOF_VERSION_NOT_READY", "ASOF_IN_USE"]);

async function unlessRefused(work: () => Promise<unknown>): Promise<"done" | "refused"> {
  try {
    await work();
    return "done";
  } catch (error) {
    if (error instanceof AsofError && refusals.has(error.code)) return "refused";
    throw error;
  }
}

/** Drops the oldest version that may go. */
async function dropAny({ store }: Process, view: string, kept: readonly number[]): Promise<"done" | "refused"> {
  for (const version of kept) if ((await unlessRefused(() => store.dropVersion(view, version))) === "done") return "done";
  return "refused";
}

/** Compares every version of which all features are covered, and the active one as it is asked for without a version. */
async function checkParity({ session }: Process, nowUs: number, place: string): Promise<number> {
  const registry = await session.registry(true);
  const covered = [...registry.versions].flatMap(([view, versions]) =>
    [...versions.values()]
      .filter(({ model, coverage }) => model.features.every((f) => coverage.has(f.name)))
      .flatMap((version) => [`${view}@v${version.version}`, ...(registry.views.get(view) === version ? [view] : [])]),
  );
  if (covered.length === 0) return 0;
  const asked = await session.ask({ features: covered });
  const entities = [{ user_id: 1 }, { user_id: 2 }];
  const report = await session.compareParity({ asked, entities, atUs: nowUs });
  assert.deepEqual(report.mismatches, [], place);
  return covered.length;
}

test("each version that has data answers as training does, after any course of events", async (t) => {
  const seen = { checks: 0, versions: 0, applied: 0, activated: 0, dropped: 0, refused: 0 };
  for (const seed of times(5, (i) => i)) {
    const random = seededRandom(`versions ${seed}`);
    await using project = new Project({ kind: choose(random, storeKinds), nowUs: at("2024-01-01") });
    const process = await project.process();
    const { store, session } = process;
    let defined = { activity: choose(random, windowed), last: choose(random, plain) };
    await project.apply(process, defined);
    for (const step of times(18, (i) => i)) {
      project.clock.advance(int(random, 1, 5_000) * 1_000_000);
      const place = `seed ${seed}, step ${step}`;
      const view = choose(random, ["activity", "last"]);
      const kept = [...((await session.registry(true)).versions.get(view)?.keys() ?? [])];
      const deed = choose(random, ["push", "push", "push", "materialize", "materialize", "apply", "apply", "activate", "activate", "drop"]);
      if (deed === "push") {
        const ts = new Date((project.clock.nowUs() - int(random, 0, 3_000_000_000)) / 1000).toISOString();
        await store.push(clicks, [{ user_id: int(random, 1, 2), ts, amount: int(random, 0, 9) }]);
      } else if (deed === "materialize") {
        await store.materializeIncremental(undefined, chance(random, 0.3) ? { views: [`${view}@v${choose(random, kept)}`] } : {});
      } else if (deed === "apply") {
        defined = { activity: choose(random, windowed), last: choose(random, plain) };
        await project.apply(process, defined, { recreate: chance(random, 0.15) });
        seen.applied++;
      } else {
        const version = choose(random, kept);
        const outcome =
          deed === "drop"
            ? await dropAny(process, view, kept)
            : await unlessRefused(() => store.activate(view, { version, force: chance(random, 0.3) }));
        if (outcome === "refused") seen.refused++;
        else if (deed === "drop") seen.dropped++;
        else seen.activated++;
      }
      if (step % 2 === 0) continue;
      seen.versions += await checkParity(process, project.clock.nowUs(), `${place}: ${deed} ${view}`);
      seen.checks++;
    }
  }
  t.diagnostic(
    Object.entries(seen)
      .map(([name, n]) => `${name} ${n}`)
      .join(", "),
  );
  for (const [name, n] of Object.entries(seen)) assert.ok(n >= 2, `${name} came up only ${n} times`);
});
