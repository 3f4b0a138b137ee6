import { join } from "node:path";
import { retrieveTrainingSet } from "../retrieve-training-set.ts";
import { replyFromWorker, workerArguments } from "../worker-process.ts";
import type { WindowsData } from "./data.ts";
import { defineWindows } from "./definitions.ts";

export interface OursArguments {
  readonly warm: WindowsData;
  readonly data: WindowsData;
  readonly repository: string;
  readonly out: string;
}

const { warm, data, repository, out } = workerArguments<OursArguments>();
await retrieve(warm, `${repository}-warm`, `${out}.warm`);
replyFromWorker(await retrieve(data, repository, out));

function retrieve({ folder }: WindowsData, place: string, path: string) {
  const service = defineWindows(folder);
  const spine = join(folder, "spine.parquet");
  return retrieveTrainingSet({ service, spine, repository: place, out: path, memoryLimit: null, fullFeatureNames: false });
}
