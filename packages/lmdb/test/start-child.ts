import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A child process of a test and the lines that it has written so far. */
export interface TestChild {
  readonly process: ChildProcess;
  readonly lines: string[];
  /** Resolves with the exit code, or null when it was killed. */
  readonly exited: Promise<number | null>;
  /** Resolves with the first line, past or future, that begins so; fails when the child ends without it. */
  waitFor(beginning: string): Promise<string>;
}

/** Starts `child.ts` in a role. `limitFileKib` bounds the size of the files that it writes. */
export function startChild(role: string, path: string, argument = "", options: { readonly limitFileKib?: number } = {}): TestChild {
  const command = [process.execPath, "--conditions=source", fileURLToPath(new URL("child.ts", import.meta.url)), role, path, argument];
  const [program, ...rest] =
    options.limitFileKib === undefined ? command : ["bash", "-c", `ulimit -f ${options.limitFileKib}; exec "$0" "$@"`, ...command];
  const child = spawn(program ?? "node", rest, { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  const waiting: { readonly beginning: string; readonly resolve: (line: string) => void; readonly reject: (error: Error) => void }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    for (const waiter of waiting.filter(({ beginning }) => line.startsWith(beginning))) {
      waiting.splice(waiting.indexOf(waiter), 1);
      waiter.resolve(line);
    }
  });
  const exited = new Promise<number | null>((resolve) => child.on("close", (code) => resolve(code)));
  void exited.then((code) => {
    for (const { beginning, reject } of waiting.splice(0)) {
      reject(new Error(`the child ended with ${code} before writing "${beginning}"; it wrote: ${lines.join(", ")}`));
    }
  });
  return {
    process: child,
    lines,
    exited,
    waitFor: (beginning) => {
      const past = lines.find((line) => line.startsWith(beginning));
      if (past !== undefined) return Promise.resolve(past);
      return new Promise((resolve, reject) => waiting.push({ beginning, resolve, reject }));
    },
  };
}
