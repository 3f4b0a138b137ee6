import { collectDefinitions } from "@asof/core";
import { openFeatureStore } from "asof";
import { replyFromWorker, workerArguments } from "../worker-process.ts";
import { defineOnline } from "./definitions.ts";
import { checkedRequests, checksumOfRows, type LookupArguments, makeRequests, measureRequests, repositoryOf } from "./requests.ts";

const args = workerArguments<LookupArguments>();
const service = defineOnline(args.data.folder);
const definitions = collectDefinitions([{ service }], "bench");
await using store = await openFeatureStore({ repo: repositoryOf(args.data), definitions });

const ask = (keys: readonly number[]) => store.getOnlineFeatures({ service, entities: keys.map((customer_id) => ({ customer_id })) });
const took = await measureRequests(args, ask);
const answers: unknown[] = [];
for (const request of makeRequests(args).slice(0, checkedRequests)) answers.push((await ask(request)).rows);
replyFromWorker({ ...took, checksum: checksumOfRows(answers) });
