import { spawn } from "node:child_process";

/**
 * Runs a command and gives its standard output. A command that is missing, fails or takes longer than `timeoutMs` (default: no limit) is
 * an error that ends in what it wrote.
 */
export type RunCommand = (command: string, args: readonly string[], timeoutMs?: number) => Promise<string>;

export const runCommand: RunCommand = async (command, args, timeoutMs = 0) => {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs, killSignal: "SIGKILL" });
  const output: string[] = [];
  const errors: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => output.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  const code = await new Promise<number | null>((done, fail) => {
    child.on("error", fail);
    child.on("close", done);
  });
  if (code === 0) return output.join("");
  const how =
    code === null
      ? `was ended by ${child.signalCode}${timeoutMs > 0 ? `, after at most ${timeoutMs / 1000} s` : ""}`
      : `ended with ${code}`;
  throw new Error(`${[command, ...args].join(" ")} ${how}:\n${errors.join("").slice(-4000)}${output.join("").slice(-2000)}`);
};
