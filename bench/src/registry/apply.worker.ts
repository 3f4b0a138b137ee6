import { createHash } from "node:crypto";
import { openFeatureStore } from "asof";
import { makeRepository } from "../repository.ts";
import { replyFromWorker, startTimer, workerArguments } from "../worker-process.ts";
import { defineMany } from "./definitions.ts";
import { type RegistryKind, yamlOf } from "./open-kind.ts";

export interface ApplyArguments {
  readonly repository: string;
  readonly kind: RegistryKind;
  readonly views: number;
  readonly sources: number;
  /** Where the sources lie; null = they are not looked at. */
  readonly folder: string | null;
}

/** Plans and applies a repository into an empty registry, as `asof apply` does once its files are loaded, then once more. */
const { repository, kind, views, sources, folder } = workerArguments<ApplyArguments>();
const definitions = defineMany(views, sources, folder ?? "data");
await using store = await openFeatureStore({ repo: makeRepository(repository, {}, yamlOf(kind)), definitions });
const options = { skipSourceValidation: folder === null };
const stop = startTimer();
const status = await store.session.apply(await store.session.plan(options));
const time = stop();
const stopAgain = startTimer();
const repeated = await store.session.apply(await store.session.plan(options));
const again = stopAgain();
const { models } = await store.session.registry();
const names = [...models.views.keys()].toSorted().join();
const checksum = createHash("sha256").update(`${status} ${repeated} ${names}`).digest("hex").slice(0, 16);
replyFromWorker({ ...time, repeatSeconds: again.seconds, checksum });
