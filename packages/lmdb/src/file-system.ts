import { readFile, realpath, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { AsofError } from "@asof/core";

/** Names the type of the file system that a path lies on (`ext4`, `nfs4`, `fuse.sshfs`), or null when that cannot be found out. */
export type FileSystemProbe = (path: string) => Promise<string | null>;

/**
 * File systems whose memory maps and locks are not shared between machines: two of them would destroy the store. Cluster file systems are
 * among them because their locks are only as good as their mount options.
 */
const networkFileSystems: ReadonlySet<string> = new Set([
  ...["nfs", "nfs4", "nfsd", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "ncp", "afs", "afpfs", "webdav", "davfs", "9p", "v9fs"],
  ...["ceph", "lustre", "gpfs", "beegfs", "glusterfs", "gfs2", "ocfs2", "coda", "orangefs", "pvfs2", "moosefs"],
  ...[
    "sshfs",
    "s3fs",
    "s3backer",
    "goofys",
    "gcsfuse",
    "mount-s3",
    "mountpoint-s3",
    "blobfuse",
    "blobfuse2",
    "rclone",
    "juicefs",
    "davfs2",
  ],
]);

/** The same by the number that statfs(2) answers with, for when there is no /proc/mounts. */
const networkTypeNumbers: ReadonlyMap<number, string> = new Map([
  [0x6969, "nfs"],
  [0x517b, "smb"],
  [0xfe534d42, "smb2"],
  [0xff534d42, "cifs"],
  [0x564c, "ncp"],
  [0x5346414f, "afs"],
  [0x01021997, "9p"],
  [0x00c36400, "ceph"],
  [0x0bd00bd0, "lustre"],
  [0x47504653, "gpfs"],
  [0x19830326, "beegfs"],
  [0x01161970, "gfs2"],
  [0x7461636f, "ocfs2"],
  [0x73757245, "coda"],
  [0x20030528, "orangefs"],
]);

/** Refuses a folder on a network file system with ASOF_STORE_FILESYSTEM. The folder need not exist yet. */
export async function refuseNetworkFileSystem(path: string, probe: FileSystemProbe = probeFileSystem): Promise<void> {
  const type = await probe(path);
  if (type === null || !networkFileSystems.has(type.replace(/^fuse(blk)?\./, ""))) return;
  throw new AsofError(
    "ASOF_STORE_FILESYSTEM",
    `The LMDB online store at ${path} lies on a network file system (${type}), where memory maps and locks are not safe between machines.`,
    { path, value: type, fix: "Put it on a local disk, or use an online store with a server." },
  );
}

/** {@link FileSystemProbe} of this machine. On Linux the mount table knows best (FUSE hides what is behind it from statfs). */
export async function probeFileSystem(path: string): Promise<string | null> {
  const folder = await nearestExisting(resolve(path));
  if (process.platform === "linux") {
    const mounted = mountType(await readFile("/proc/self/mounts", "utf8").catch(() => ""), folder);
    if (mounted !== null) return mounted;
  }
  const stats = await statfs(folder).catch(() => null);
  return stats === null ? null : (networkTypeNumbers.get(stats.type) ?? null);
}

async function nearestExisting(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const real = await realpath(folder).catch(() => null);
    if (real !== null || folder === dirname(folder)) return real ?? folder;
  }
}

/** Type of the mount that a folder lies in, from the text of /proc/self/mounts: the longest mount point wins, of equal ones the last. */
export function mountType(mounts: string, folder: string): string | null {
  let best: { readonly length: number; readonly type: string } | null = null;
  for (const line of mounts.split("\n")) {
    const [, escapedPoint, type] = line.split(" ");
    if (escapedPoint === undefined || type === undefined) continue;
    const point = escapedPoint.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    const inside = point === "/" || folder === point || folder.startsWith(`${point}/`);
    if (inside && (best === null || point.length >= best.length)) best = { length: point.length, type };
  }
  return best?.type ?? null;
}
