import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  /** Program and arguments, between spaces. */
  readonly command: string;
}

/** All processes that this one may see: from /proc, else from `ps`; none where there is neither. */
export function listProcesses(): readonly RunningProcess[] {
  return existsSync("/proc/self/stat") ? readdirSync("/proc").flatMap(readProcess) : readPs();
}

/** The processes that `pid` started, and those that they started. What outlived its parent belongs to nobody any more. */
export function descendantsOf(pid: number, all: readonly RunningProcess[]): readonly RunningProcess[] {
  return all.filter((one) => one.parent === pid).flatMap((child) => [child, ...descendantsOf(child.pid, all)]);
}

/** Ends processes at once, whatever they do about signals. One that has ended meanwhile, or became another user's, is no error. */
export function killProcesses(processes: readonly RunningProcess[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Error && "code" in error && (error.code === "ESRCH" || error.code === "EPERM"))) throw error;
    }
  }
}

function readProcess(name: string): readonly RunningProcess[] {
  if (!/^\d+$/.test(name)) return [];
  try {
    const stat = readFileSync(`/proc/${name}/stat`, "utf8");
    // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
    const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
    return [{ pid: Number(name), parent: Number(parent), command }];
  } catch {
    // It ended while it was looked at, or is somebody else's.
    return [];
  }
}

function readPs(): readonly RunningProcess[] {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,command="], { encoding: "utf8" });
  return [...(stdout ?? "").matchAll(/^\s*(\d+)\s+(\d+)\s+(.*)$/gm)].map(([, pid, parent, command = ""]) => ({
    pid: Number(pid),
    parent: Number(parent),
    command,
  }));
}
