import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AsofError, type LineageEdge, type RegistryRecord, type RegistryStore } from "@asof/core";
import { bytesWithProject, FeastRegistryFile, type FeastRegistryStore, openFileRegistry } from "@asof/feast";
import { checkOutput } from "../store/check-output.ts";

/** Everything that a registry holds of definitions and state, for people and programs. */
export interface WholeRegistry {
  readonly version: number;
  readonly definitionsVersion: number;
  readonly records: readonly RegistryRecord[];
  readonly lineage: readonly LineageEdge[];
}

export async function readWholeRegistry(registry: RegistryStore): Promise<WholeRegistry> {
  const snapshot = await registry.snapshot(null);
  const projects = [...new Set(snapshot.records.map((record) => record.project))];
  const lineage = await Promise.all(projects.map((project) => registry.listLineage(project)));
  return { ...snapshot, lineage: lineage.flat() };
}

/**
 * Writes a registry as Feast's file, which Feast reads and asof opens with all that it knew: Feast's objects as they are where the registry
 * has some, and those of asof's definitions. The file must not be there. Where writing fails nothing is left:
 * ASOF_OUTPUT_FAILED.
 */
export async function exportFeastRegistry(
  registry: RegistryStore,
  path: string,
  nowUs: number,
): Promise<{ readonly records: number; readonly feastObjects: number }> {
  const { records, lineage } = await readWholeRegistry(registry);
  const file = FeastRegistryFile.empty();
  for (const object of isShared(registry) ? await registry.feastObjects(null) : []) file.put(object.kind, bytesWithProject(object));
  // Before anything that is undone: a file that is there stays.
  await writeNew(path, file.encode());
  try {
    await using target = await openFileRegistry({ path });
    const changes = records.map(({ revision: _revision, updatedAtUs: _updatedAtUs, ...record }) => ({
      op: "put" as const,
      ifRevision: null,
      ...record,
    }));
    await target.commit({ changes, ifDefinitionsVersion: null, lineage: { add: lineage, remove: [] } }, nowUs);
    return { records: records.length, feastObjects: (await target.feastObjects(null)).length };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    for (const beside of ["lock", "asof"]) await rm(`${path}.${beside}`, { force: true });
  }
}

/** Writes a file that is not there yet, and the folders above it. ASOF_OUTPUT_FAILED. */
export async function writeNew(path: string, bytes: Uint8Array | string): Promise<void> {
  checkOutput(path, { kind: "file", makesFolders: true });
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes, { flag: "wx" });
  } catch (cause) {
    throw new AsofError("ASOF_OUTPUT_FAILED", `${path} could not be written: ${cause instanceof Error ? cause.message : String(cause)}.`, {
      path,
      fix: "Give another file, in a folder that can be written.",
      cause,
    });
  }
}

function isShared(registry: RegistryStore): registry is FeastRegistryStore {
  return "feastObjects" in registry;
}
