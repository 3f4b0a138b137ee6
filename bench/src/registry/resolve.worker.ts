import {
  applyDefinitions,
  compileOnline,
  openMemoryOnlineStore,
  planRequest,
  RegistryCache,
  registeredService,
  systemClock,
} from "@asof/core";
import { median } from "../contest.ts";
import { replyFromWorker, startTimer, workerArguments } from "../worker-process.ts";
import { defineMany } from "./definitions.ts";
import { openKind, type RegistryKind } from "./open-kind.ts";

export interface ResolveArguments {
  readonly kind: RegistryKind;
  readonly path: string;
  readonly views: number;
  readonly requests: number;
}

/** What a request pays for its registry: looks for a newer version, finds its compiled plan, reads five views of one key. */
const { kind, path, views, requests } = workerArguments<ResolveArguments>();
await using registry = await openKind(kind, path);
await applyDefinitions(registry, defineMany(views, views, "data"), "bench", {}, systemClock);
await using online = openMemoryOnlineStore();
const cache = new RegistryCache("bench", registry, () => systemClock.nowUs());
const service = registeredService(await cache.load(), "service");
const program = compileOnline(planRequest(service, { fullFeatureNames: true }), await cache.load(), online.keys);
let rows = 0;
const run = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) {
    // Every hundredth request looks for a newer registry; in service that is once a second.
    await cache.load(i % 100 === 0);
    rows += (await program.run(online, [{ customer_id: i }], 0)).rows.length;
  }
};
await run(Math.ceil(requests / 5));
rows = 0;
// Processor time, the median over slices: a request takes microseconds, so that the clock mostly tells of others, and a collection of the
// garbage that registering left behind falls into some slices only.
const sliceLength = Math.min(requests, 500);
const slices: number[] = [];
for (let done = 0; done < requests; done += sliceLength) {
  const stop = startTimer();
  await run(sliceLength);
  slices.push(stop().cpuSeconds / sliceLength);
}
replyFromWorker({ seconds: median(slices), checksum: `${rows} rows` });
