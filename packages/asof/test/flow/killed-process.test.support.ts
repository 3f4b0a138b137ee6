import { writeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { collectDefinitions, count, entity, featureView, float64, int64, last, type OnlineStore, parquet, string, sum } from "@asof/core";
import { openSession } from "../../src/store/open-session.ts";
import { Session } from "../../src/store/session.ts";

// Run as a program by killed-process.test.ts: materializes a project and kills itself, truly, at a write of the online store.

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const columns = { amount: float64(), shop: string() };
const orders = parquet("orders", { path: "orders.parquet", eventTime: "ts", createdTime: "created", columns });
const latest = featureView("latest", { entities: [user], source: orders }, { amount: float64(), shop: string() });
const totals = featureView(
  "totals",
  { entities: [user], source: orders },
  {
    spent_ever: sum("amount"),
    orders_7d: count({ window: "7d" }),
    shop_1d: last("shop", { window: "1d" }),
  },
);

export const killedDefinitions = collectDefinitions([{ user, orders, latest, totals }], "killed");

/** A session on the folder whose online store may be wrapped, cutting its work into partitions of some hundred rows. */
export async function openKilled(folder: string, wrap: (online: OnlineStore) => OnlineStore = (online) => online): Promise<Session> {
  const session = await openSession({ repo: folder, definitions: killedDefinitions });
  const { runtime } = session;
  return new Session({
    runtime: { ...runtime, online: wrap(runtime.online), settings: { ...runtime.settings, partitionRowsMax: 300 } },
    repositoryPath: folder,
    repositoryName: "killed",
    definitions: () => Promise.resolve(killedDefinitions),
    close: () => session[Symbol.asyncDispose](),
  });
}

/** When, seen from the call of the write, the process is killed. */
export const killMoments = ["at once", "microtask", "inside", "inside", "acknowledged"] as const;

/** A thread that kills the process a moment after it is told to, while the main thread is inside the engine's commit. */
function startKiller(delayMs: number): () => void {
  const signal = new Int32Array(new SharedArrayBuffer(8));
  const code = `
    const { workerData } = require("node:worker_threads");
    Atomics.store(workerData, 1, 1);
    Atomics.wait(workerData, 0, 0);
    Atomics.wait(workerData, 0, 1, ${delayMs});
    process.kill(process.pid, "SIGKILL");`;
  new Worker(code, { eval: true, workerData: signal }).unref();
  return () => {
    Atomics.store(signal, 0, 1);
    Atomics.notify(signal, 0);
  };
}

/** Tells each write's beginning and end on standard output, at once, and kills the process at one of them. */
function killingStore(online: OnlineStore, killAt: number, moment: string): OnlineStore {
  let writes = 0;
  // SQLite commits before the call returns, LMDB in a later turn of the event loop.
  const isAtOnce = online.type === "sqlite";
  const kill = moment === "inside" ? startKiller(0.2) : null;
  const die = (): void => {
    process.kill(process.pid, "SIGKILL");
  };
  const write = async <T>(run: () => Promise<T>): Promise<T> => {
    const isLast = writes++ === killAt;
    writeSync(1, "begin\n");
    if (isLast && isAtOnce) kill?.();
    const done = run();
    if (isLast && moment === "at once") die();
    if (isLast && moment === "microtask") queueMicrotask(die);
    if (isLast && !isAtOnce) kill?.();
    const result = await done;
    writeSync(1, "end\n");
    if (isLast) die();
    return result;
  };
  return {
    type: online.type,
    keys: online.keys,
    capabilities: online.capabilities,
    read: (requests) => online.read(requests),
    listKeys: (view) => online.listKeys(view),
    putRows: (view, rows) => write(() => online.putRows(view, rows)),
    putStates: (view, writes_) => write(() => online.putStates(view, writes_)),
    putTombstones: (view, tombstones, options) => write(() => online.putTombstones(view, tombstones, options)),
    deleteKeys: (view, keys) => online.deleteKeys(view, keys),
    truncate: (view) => online.truncate(view),
    [Symbol.asyncDispose]: () => online[Symbol.asyncDispose](),
  };
}

const [, program, folder, start, end, killAt, moment] = process.argv;
if (program === import.meta.filename && folder !== undefined) {
  await using session = await openKilled(folder, (online) => killingStore(online, Number(killAt), moment ?? ""));
  await session.materialize({
    mode: "interval",
    startUs: Date.parse(start ?? "") * 1000,
    endUs: Date.parse(end ?? "") * 1000,
    views: null,
  });
}
