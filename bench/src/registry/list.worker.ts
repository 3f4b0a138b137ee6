import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { applyDefinitions, systemClock } from "@asof/core";
import { replyFromWorker, startTimer, workerArguments } from "../worker-process.ts";
import { defineMany } from "./definitions.ts";
import { openKind, type RegistryKind } from "./open-kind.ts";

export interface ListArguments {
  readonly kind: RegistryKind;
  readonly path: string;
  readonly objects: number;
}

/**
 * Opens a registry of so many objects and lists all of them by kind, name, repository and time, as the first thing that the process does
 * with it. The first run makes it.
 */
const { kind, path, objects } = workerArguments<ListArguments>();
if (!existsSync(path)) {
  // One entity, one service, and as many views as sources.
  const half = (objects - 2) / 2;
  await using registry = await openKind(kind, path);
  await applyDefinitions(registry, defineMany(half, half, "data"), "bench", {}, systemClock);
}
const stop = startTimer();
await using registry = await openKind(kind, path);
const { records } = await registry.snapshot("bench");
const listed = records
  .filter((record) => record.kind !== "view_state" && record.kind !== "project")
  .map(({ kind: of, name, repository, updatedAtUs }) => ({ of, name, repository, updatedAtUs }));
const time = stop();
const names = listed.map(({ name }) => name).join();
replyFromWorker({ ...time, checksum: `${listed.length} ${createHash("sha256").update(names).digest("hex").slice(0, 16)}` });
