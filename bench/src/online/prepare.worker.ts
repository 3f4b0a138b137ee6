import { collectDefinitions } from "@asof/core";
import { openFeatureStore } from "asof";
import { makeRepository } from "../repository.ts";
import { replyFromWorker, startTimer, workerArguments } from "../worker-process.ts";
import { type OnlineData, writeOnlineData } from "./data.ts";
import { defineOnline } from "./definitions.ts";
import { repositoryOf } from "./requests.ts";

/** Makes the data and the online store that both sides read. */
const data = workerArguments<OnlineData>();
const timer = startTimer();
await writeOnlineData(data);
const service = defineOnline(data.folder);
const definitions = collectDefinitions([{ service }], "bench");
await using store = await openFeatureStore({ repo: makeRepository(repositoryOf(data)), definitions });
await store.session.apply(await store.session.plan());
await store.materialize("2024-01-01", "2025-01-01");
replyFromWorker(timer());
