import { spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import type { Bench, BenchContext } from "../bench.ts";
import { type MeasuredCase, measuredCase } from "../case-line.ts";
import { median } from "../contest.ts";

/** What `asof --help` may take, in ms. */
const helpLimitMs = 150;

const command = resolve(import.meta.dirname, "../../../packages/asof/bin/asof.js");

/** How long the command takes to say what it can do, each time as a new process. */
export const cli: Bench = {
  name: "cli",
  async run(context) {
    const rounds = context.smoke ? 1 : 9;
    const feast = context.smoke ? null : join(dirname(await context.feastPython()), "feast");
    const ours: number[] = [];
    const peers: number[] = [];
    let help = "";
    for (let round = 0; round < rounds; round++) {
      const run = timed(process.execPath, [command, "--help"]);
      help = run.output;
      ours.push(run.milliseconds);
      if (feast !== null && round < 3) peers.push(timed(feast, ["--help"]).milliseconds);
    }
    return [limitCase(context, ours, help), ...(feast === null ? [] : [feastCase(ours, peers, help)])];
  },
};

function timed(program: string, args: readonly string[]): { readonly milliseconds: number; readonly output: string } {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", env: { ...process.env, FEAST_USAGE: "False" } });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}: ${stderr}`);
  return { milliseconds: performance.now() - started, output: stdout };
}

function limitCase({ smoke }: BenchContext, ours: readonly number[], help: string): MeasuredCase {
  return measuredCase({
    bench: cli.name,
    case: "asof --help",
    unit: "ms",
    ours: median(ours),
    peer: { name: "the limit", value: helpLimitMs, checksum: null },
    checksum: `${help.split("\n").length} lines`,
    observed: spread(ours),
    ...(smoke ? {} : { bar: 1 }),
  });
}

function feastCase(ours: readonly number[], peers: readonly number[], help: string): MeasuredCase {
  return measuredCase({
    bench: cli.name,
    case: "asof --help",
    unit: "ms",
    ours: median(ours),
    peer: { name: "feast --help", value: median(peers), checksum: null },
    checksum: `${help.split("\n").length} lines`,
    observed: `Feast ${spread(peers)}`,
  });
}

function spread(times: readonly number[]): string {
  return `${Math.min(...times).toFixed(0)}–${Math.max(...times).toFixed(0)} ms in ${times.length} processes.`;
}
