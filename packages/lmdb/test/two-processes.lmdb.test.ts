import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { openLmdbOnlineStore } from "@asof/lmdb";
import { counterView, growthView, increment, numberKey, readRound, roundRows, roundsView } from "./child.ts";
import { startChild } from "./start-child.ts";

const root = await mkdtemp(join(tmpdir(), "asof-lmdb-processes-"));
// Passable for the child that gives up its rights.
await chmod(root, 0o755);
after(() => rm(root, { recursive: true, force: true }));

test("one process reads whole and fresh rounds while another writes and the file grows", async () => {
  const path = join(root, "grow");
  await using store = await openLmdbOnlineStore({ path });
  const sizeBefore = (await stat(join(path, "data.mdb"))).size;
  const child = startChild("grow", path, "60");
  const seen = new Set<number>();
  let ended = false;
  const exited = child.exited.then((code) => {
    ended = true;
    return code;
  });
  for (let last = 0; !ended; ) {
    await turn();
    const acknowledged = Number(child.lines.at(-1)?.split(" ")[1] ?? 0);
    const round = await readRound(store);
    assert.ok(round >= acknowledged, `round ${acknowledged} was acknowledged, but ${round} was read`);
    assert.ok(round >= last, "the store went back");
    last = round;
    seen.add(round);
  }
  assert.equal(await exited, 0);
  assert.equal(await readRound(store), 60);
  assert.ok(seen.size > 5, `only ${seen.size} rounds were seen: the processes did not overlap`);
  const [result] = await store.read([{ form: "row", view: growthView, features: ["round"], keys: [numberKey(60_049), numberKey(1000)] }]);
  assert.deepEqual(result?.form === "row" && result.rows.map((row) => row?.values), [[60], [1]]);
  const sizeAfter = (await stat(join(path, "data.mdb"))).size;
  assert.ok(sizeAfter > sizeBefore + 20_000_000, `the file grew to ${sizeAfter} bytes only`);
  assert.deepEqual(
    await store.putRows(roundsView, roundRows(61, 10)),
    { written: 200, superseded: 0 },
    "this process writes after the growth",
  );
});

test("two processes that increment one state lose nothing", async () => {
  const path = join(root, "increment");
  await using store = await openLmdbOnlineStore({ path });
  const child = startChild("increment", path, "300");
  await child.waitFor("ready");
  const retries = await increment(store, 300);
  assert.equal(await child.exited, 0);
  const [result] = await store.read([{ form: "state", view: counterView, keys: [numberKey(1)] }]);
  const state = result?.form === "state" ? result.states[0] : null;
  assert.equal(new TextDecoder().decode(state?.parts.get("n")), "600");
  const childRetries = Number((await child.waitFor("retries")).split(" ")[1]);
  assert.ok(retries + childRetries > 0, "the two processes never met");
});

test("a writer killed in the middle leaves the store as of its last commit", async () => {
  const path = join(root, "killed");
  await using store = await openLmdbOnlineStore({ path });
  let inFlight = 0;
  const kills = 6;
  for (let kill = 0; kill < kills; kill++) {
    const before = await readRound(store);
    const child = startChild("until_killed", path);
    await child.waitFor(`begin ${before + 2}`);
    // From the start of a write to well into it.
    await new Promise((resolve) => setTimeout(resolve, kill * 8));
    child.process.kill("SIGKILL");
    assert.equal(await child.exited, null);
    const last = child.lines.at(-1) ?? "";
    if (last.startsWith("begin")) inFlight++;
    const acknowledged = Math.max(0, ...child.lines.filter((line) => line.startsWith("done")).map((line) => Number(line.split(" ")[1])));
    const round = await readRound(store);
    assert.ok(round === acknowledged || round === acknowledged + 1, `${acknowledged} rounds were acknowledged, ${round} is stored`);
    assert.deepEqual(
      await store.putRows(roundsView, roundRows(round + 1, 10)),
      { written: 200, superseded: 0 },
      "the write lock is free again",
    );
  }
  assert.ok(inFlight >= kills / 2, `only ${inFlight} of ${kills} kills hit a write`);
  await using reopened = await openLmdbOnlineStore({ path });
  assert.equal(await readRound(reopened), await readRound(store));
});

test("a full disk is ASOF_STORE_FULL and leaves the last commit", async () => {
  const path = join(root, "full-disk");
  const child = startChild("until_full", path, "", { limitFileKib: 24_000 });
  assert.equal(await child.exited, 0);
  assert.equal(await child.waitFor("code"), "code ASOF_STORE_FULL");
  const rounds = child.lines.filter((line) => line.startsWith("done")).length;
  assert.ok(rounds > 0, "the first write failed already");
  assert.equal(await child.waitFor("round"), `round ${rounds}`);
  await using store = await openLmdbOnlineStore({ path });
  assert.equal(await readRound(store), rounds);
  assert.deepEqual(await store.putRows(roundsView, roundRows(rounds + 1, 10)), { written: 200, superseded: 0 });
});

test("a folder that this user cannot write is ASOF_STORE_READ_ONLY", { skip: process.platform === "win32" }, async () => {
  const path = join(root, "read-only");
  {
    await using store = await openLmdbOnlineStore({ path });
    await store.putRows(roundsView, roundRows(7, 10));
  }
  const answer = async (mode: string, folder = path): Promise<readonly string[]> => {
    const child = startChild("unprivileged", folder, mode);
    assert.equal(await child.exited, 0);
    return child.lines;
  };
  await chmod(path, 0o755);
  await chmod(join(path, "data.mdb"), 0o644);
  await chmod(join(path, "lock.mdb"), 0o666);
  const isRoot = process.getuid?.() === 0;
  if (!isRoot) await chmod(path, 0o555);
  assert.deepEqual(await answer("write"), ["code ASOF_STORE_READ_ONLY"]);
  assert.deepEqual(await answer("read"), ["round 7"], "readers only need the lock file");
  await chmod(join(path, "lock.mdb"), 0o444);
  assert.deepEqual(await answer("read"), ["code ASOF_STORE_READ_ONLY"]);
  assert.deepEqual(await answer("write", join(path, "below")), ["code ASOF_STORE_READ_ONLY"], "a folder that cannot be made");
  await chmod(path, 0o755);
});
