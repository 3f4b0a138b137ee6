import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type AnyService, collectDefinitions } from "@asof/core";
import { openFeatureStore } from "asof";
import { makeRepository } from "./repository.ts";
import { startTimer } from "./worker-process.ts";

export interface TrainingSetArguments {
  readonly service: AnyService;
  readonly spine: string;
  /** A folder for the repository and its stores. */
  readonly repository: string;
  readonly out: string;
  /** DuckDB's; null = its default. */
  readonly memoryLimit: string | null;
  readonly fullFeatureNames: boolean;
}

/** Opens a store, computes a training set into a Parquet file and tells how long that took and how much was spilled. */
export async function retrieveTrainingSet(args: TrainingSetArguments) {
  const { service, spine, repository, out, memoryLimit, fullFeatureNames } = args;
  const spill = join(repository, "spill");
  makeRepository(repository, { temporary_folder: spill, ...(memoryLimit === null ? {} : { memory_limit: memoryLimit }) });
  await using store = await openFeatureStore({ repo: repository, definitions: collectDefinitions([{ service }], "bench") });
  let spilledBytes = 0;
  const watch = setInterval(() => {
    spilledBytes = Math.max(spilledBytes, folderBytes(spill));
  }, 20);
  const timer = startTimer();
  const training = await store.getHistoricalFeatures({ service, spine, fullFeatureNames });
  const { rows } = await training.writeParquet(out);
  const took = timer();
  clearInterval(watch);
  await training.close();
  return { ...took, rows, spilledMiB: spilledBytes / 2 ** 20 };
}

/** What a folder and those in it hold; files that go meanwhile count as nothing. */
function folderBytes(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => statSync(join(folder, name), { throwIfNoEntry: false }))
      .reduce((sum, stat) => sum + (stat?.isFile() === true ? stat.size : 0), 0);
  } catch {
    return 0;
  }
}
