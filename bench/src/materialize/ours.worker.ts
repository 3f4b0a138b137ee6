import { createHash } from "node:crypto";
import { collectDefinitions } from "@asof/core";
import { openFeatureStore } from "asof";
import { makeRepository } from "../repository.ts";
import { replyFromWorker, startTimer, workerArguments } from "../worker-process.ts";
import { endOf, keysRead, type MaterializeData, startOf } from "./data.ts";
import { defineMaterialize, featureNames } from "./definitions.ts";

/** Applies one view and copies all of its rows into a new LMDB store, then reads some keys back. */
const { data, repository } = workerArguments<{ readonly data: MaterializeData; readonly repository: string }>();
const { view } = defineMaterialize(data);
const definitions = collectDefinitions([{ view }], "bench");
await using store = await openFeatureStore({ repo: makeRepository(repository), definitions });
await store.session.apply(await store.session.plan());
const stop = startTimer();
await store.materialize(startOf, endOf);
const time = stop();

const entities = Array.from({ length: Math.min(keysRead, data.keys) }, (_, customer_id) => ({ customer_id }));
const { rows } = await store.getOnlineFeatures({ features: [view], entities });
// Every bit of every value, a missing one as NaN: what Feast's side makes of its own answer.
const values = rows.flatMap(({ v0 }) => featureNames.map((name) => v0[name] ?? Number.NaN));
const checksum = createHash("sha256")
  .update(Buffer.from(Float64Array.from(values).buffer))
  .digest("hex")
  .slice(0, 16);
replyFromWorker({ ...time, checksum });
