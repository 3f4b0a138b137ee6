import { readFileSync } from "node:fs";

/** What a worker tells about one measured run: numbers and texts by name. */
export type WorkerReply = Readonly<Record<string, number | string>>;

/** The arguments of a worker: one JSON value, written by the bench that started it. */
export function workerArguments<T>(): T {
  return JSON.parse(process.argv[2] ?? "null") as T;
}

/**
 * Starts measuring; the function returned tells the seconds that passed and those that the processors worked for this process,
 * which say more on a busy machine.
 */
export function startTimer(): () => { readonly seconds: number; readonly cpuSeconds: number } {
  const started = performance.now();
  const cpuBefore = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpuBefore);
    return { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 };
  };
}

/** Ends a worker's run: the last line of its output is the reply, with the peak of its memory. */
export function replyFromWorker(reply: WorkerReply): void {
  process.stdout.write(`\n${JSON.stringify({ ...reply, peakMiB: peakMemoryMiB() })}\n`);
}

/**
 * The greatest resident memory of this process so far. Linux tells it per program; the figure of `getrusage`, used elsewhere,
 * begins with what the parent had.
 */
function peakMemoryMiB(): number {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    if (kibibytes !== undefined) return Number(kibibytes) / 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS / 1024;
}
