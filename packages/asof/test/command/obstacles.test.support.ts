import { spawnSync } from "node:child_process";
import { openDuckDbOfflineStore } from "@asof/duckdb";

/** How a command is started so that it meets an obstacle, and what stands in its way. */
export interface Obstacle {
  readonly through: readonly string[];
  readonly how: string;
}

const isRoot = process.getuid?.() === 0;

/** A view of the file system of one's own, in which anybody may mount: as root, or as root of a user namespace. */
const unshare: readonly string[] = isRoot ? ["unshare", "--mount"] : ["unshare", "--map-root-user", "--mount"];

const mayMount = ((): boolean => {
  const [program = "", ...args] = [...unshare, "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"];
  return spawnSync(program, args).status === 0;
})();

function mounted(command: string): readonly string[] {
  return [...unshare, "sh", "-c", `${command} && exec "$0" "$@"`];
}

/** The folder cannot be written, also not by root: a mount of its own, else another user. */
export function readOnly(folder: string): Obstacle {
  if (mayMount) {
    return {
      through: mounted(`mount --bind ${quote(folder)} ${quote(folder)} && mount -o remount,ro,bind ${quote(folder)}`),
      how: "read-only mount",
    };
  }
  if (isRoot) return { through: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], how: "another user" };
  return {
    through: ["sh", "-c", `chmod -R a-w ${quote(folder)} && trap 'chmod -R u+w ${quote(folder)}' EXIT && "$0" "$@"`],
    how: "permissions",
  };
}

/** The folder lies on a disk of so many KiB; without the right to mount, files may not become larger than that, or than 512 KiB. */
export function fullDisk(folder: string, sizeKib = 64): Obstacle {
  if (mayMount) return { through: mounted(`mount -t tmpfs -o size=${sizeKib}k none ${quote(folder)}`), how: "small tmpfs" };
  return limitedFiles(Math.max(512, sizeKib));
}

/** No file may become larger than so many KiB; who writes on is told so, and not killed. */
export function limitedFiles(sizeKib: number): Obstacle {
  return { through: ["bash", "-c", `trap '' XFSZ; ulimit -f ${sizeKib} && exec "$0" "$@"`], how: "limit on the size of files" };
}

function quote(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}

/** Writes the result of a query to a Parquet file. */
export async function writeParquet(path: string, query: string): Promise<void> {
  await using store = await openDuckDbOfflineStore({ repositoryPath: "/", logFolder: "/nowhere" });
  const plan = { spine: { timeColumn: "asof_time", keys: [] }, views: [], knowledge: "event", bounds: false } as const;
  await using result = await store.retrieve(plan, { kind: "sql", query: `select *, timestamptz 'epoch' as asof_time from (${query})` });
  await result.write(path, "parquet", null);
}
