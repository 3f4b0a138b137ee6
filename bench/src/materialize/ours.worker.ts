import { applyDefinitions, collectDefinitions, systemClock } from "@asof/core";
import { openFeatureStore } from "asof";
import { makeRepository } from "../repository.ts";
import { replyFromWorker, startTimer, workerArguments } from "../worker-process.ts";
import { endOf, type MaterializeData, startOf } from "./data.ts";
import { defineMaterialize } from "./definitions.ts";

/** Applies one view and copies all of its rows into a new LMDB store, through the store that users open. */
const { data, repository } = workerArguments<{ readonly data: MaterializeData; readonly repository: string }>();
const definitions = collectDefinitions([defineMaterialize(data)], "bench");
await using store = await openFeatureStore({ repo: makeRepository(repository), definitions });
await applyDefinitions(store.session.runtime.registry, definitions, "bench", {}, systemClock);
const stop = startTimer();
const outcome = await store.materialize(startOf, endOf);
const time = stop();
const [view] = outcome.views;
replyFromWorker({ ...time, checksum: `${view?.written ?? 0} keys`, rows: data.rows });
