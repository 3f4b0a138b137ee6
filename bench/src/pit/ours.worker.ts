import { join } from "node:path";
import { retrieveTrainingSet } from "../retrieve-training-set.ts";
import { replyFromWorker, workerArguments } from "../worker-process.ts";
import type { PitData } from "./data.ts";
import { definePit } from "./definitions.ts";

export interface OursArguments {
  /** A small case that is run first, so that code is loaded and compiled. */
  readonly warm: PitData;
  readonly data: PitData;
  readonly repository: string;
  readonly out: string;
  readonly memoryLimit: string | null;
}

const { warm, data, repository, out, memoryLimit } = workerArguments<OursArguments>();
await retrieve(warm, `${repository}-warm`, `${out}.warm`);
replyFromWorker(await retrieve(data, repository, out));

function retrieve(from: PitData, place: string, path: string) {
  const service = definePit(from);
  const spine = join(from.folder, "spine.parquet");
  return retrieveTrainingSet({ service, spine, repository: place, out: path, memoryLimit, fullFeatureNames: true });
}
