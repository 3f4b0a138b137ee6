import { spawn } from "node:child_process";

/** Runs a command and gives its standard output. A command that is missing or fails is an error that ends in what it wrote. */
export type RunCommand = (command: string, args: readonly string[]) => Promise<string>;

export const runCommand: RunCommand = async (command, args) => {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const output: string[] = [];
  const errors: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => output.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  const code = await new Promise<number | null>((done, fail) => {
    child.on("error", fail);
    child.on("close", done);
  });
  if (code !== 0) throw new Error(`${[command, ...args].join(" ")} ended with ${code}:\n${errors.join("")}${output.join("").slice(-2000)}`);
  return output.join("");
};
