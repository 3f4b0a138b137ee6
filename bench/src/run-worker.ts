import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { WorkerReply } from "./worker-process.ts";

/** What a worker measured. */
export interface Measured {
  readonly seconds: number;
  readonly peakMiB: number;
  readonly reply: WorkerReply;
}

/** Runs a worker file in a Node process of its own, on the sources. */
export function runNodeWorker(worker: URL, argument: unknown, nodeOptions: readonly string[] = []): Promise<Measured> {
  return run(process.execPath, ["--conditions=source", ...nodeOptions, fileURLToPath(worker), JSON.stringify(argument)]);
}

/** Runs a script of the Feast peer in a Python process of its own. */
export function runPythonWorker(python: string, script: URL, argument: unknown): Promise<Measured> {
  return run(python, [fileURLToPath(script), JSON.stringify(argument)]);
}

async function run(command: string, args: readonly string[]): Promise<Measured> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: workerEnvironment() });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-20_000);
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done, fail) => {
    child.on("error", fail);
    child.on("close", (...ended) => done(ended));
  });
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  if (code !== 0 || !last.startsWith("{")) throw new Error(`${args.join(" ")} ended with ${signal ?? code}:\n${stderr || stdout}`);
  return readReply(JSON.parse(last));
}

/** Both sides work in UTC, and Feast sends nothing home. */
function workerEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, TZ: "UTC", FEAST_USAGE: "False", IS_TEST: "True", PYTHONWARNINGS: "ignore", NODE_NO_WARNINGS: "1" };
}

function readReply(reply: WorkerReply): Measured {
  return { seconds: Number(reply.seconds), peakMiB: Number(reply.peakMiB), reply };
}
