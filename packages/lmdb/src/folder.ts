import { constants } from "node:fs";
import { access, mkdir, open, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AsofError } from "@asof/core";
import type { ResolvedLmdbConfig } from "./config.ts";

/**
 * Everything about a folder that can be checked before LMDB opens it. LMDB's binding crashes the process in most cases where its own open
 * fails, so what can be foreseen is found here and becomes a coded error.
 */
export async function prepareFolder(config: ResolvedLmdbConfig): Promise<void> {
  const { path } = config;
  const dataFile = join(path, "data.mdb");
  const lockFile = join(path, "lock.mdb");
  if (config.readOnly) {
    if (!(await exists(dataFile))) throw absent(path);
    await access(dataFile, constants.R_OK);
    await refuseUnlockedReading(path, lockFile);
  } else {
    await makeFolder(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    for (const file of [dataFile, lockFile]) if (await exists(file)) await access(file, constants.R_OK | constants.W_OK);
    if (!(await exists(dataFile))) await refuseFullDisk(path);
  }
  await refuseForeignFile(path, dataFile);
}

/** Makes a folder and those above it. Node's own recursive form never returns where the file system takes no folders, as in /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "ENOENT" && dirname(path) !== path) {
      await makeFolder(dirname(path));
      await mkdir(path).catch((second: unknown) => {
        if (!(second instanceof Error && "code" in second && second.code === "EEXIST")) throw second;
      });
      return;
    }
    const found = await stat(path).catch(() => null);
    if (found === null) throw error;
    if (found.isDirectory()) return;
    throw new AsofError("ASOF_STORE_FAILED", `The LMDB online store's path ${path} is a file, not a folder.`, {
      path,
      fix: "Give a folder.",
      cause: error,
    });
  }
}

/** A reader that cannot write the lock file is invisible to writers, which then reuse pages under it. */
async function refuseUnlockedReading(path: string, lockFile: string): Promise<void> {
  if (!(await exists(lockFile))) return;
  try {
    await access(lockFile, constants.R_OK | constants.W_OK);
  } catch (error) {
    // Nobody can write on a read-only file system: no lock is needed.
    if (error instanceof Error && "code" in error && error.code === "EROFS") return;
    throw new AsofError(
      "ASOF_STORE_READ_ONLY",
      `The LMDB online store at ${path} cannot be read: readers register in lock.mdb, which this user cannot write.`,
      {
        path,
        fix: "Give this user write access to lock.mdb.",
        cause: error,
      },
    );
  }
}

const leastFreeBytes = 2 ** 20;

async function refuseFullDisk(path: string): Promise<void> {
  const disk = await statfs(path).catch(() => null);
  if (disk === null || disk.bavail * disk.bsize >= leastFreeBytes) return;
  throw new AsofError("ASOF_STORE_FULL", `There is no room for an LMDB online store at ${path}: the disk is full.`, {
    path,
    fix: "Free space on that disk, or choose a folder on another one.",
  });
}

/** Bytes 24 to 31 of an LMDB file: magic number and data version of its first page; bytes 18 and 19 hold the page's flags. */
const lmdbMagic = 0xbeef_c0de;
const lmdbDataVersion = 2;
const metaPageFlag = 8;

async function refuseForeignFile(path: string, dataFile: string): Promise<void> {
  if (!(await exists(dataFile))) return;
  const head = Buffer.alloc(32);
  const file = await open(dataFile, "r");
  let length: number;
  try {
    length = (await file.read(head, 0, head.length, 0)).bytesRead;
  } finally {
    await file.close();
  }
  // An empty file is a store that is just being made.
  if (length === 0) return;
  const sound =
    length === head.length &&
    (head.readUInt16LE(18) & metaPageFlag) !== 0 &&
    head.readUInt32LE(24) === lmdbMagic &&
    (head.readUInt32LE(28) & 0xffff) === lmdbDataVersion;
  if (sound) return;
  throw new AsofError("ASOF_STORE_FAILED", `${dataFile} is not an LMDB store that can be read here.`, {
    path,
    fix: "Choose another folder, or delete this one and materialize again.",
  });
}

function absent(path: string): AsofError {
  return new AsofError("ASOF_STORE_FAILED", `There is no LMDB online store at ${path}.`, {
    path,
    fix: "Materialize first, or open it for writing.",
  });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
