import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Bench } from "../bench.ts";
import { type MeasuredCase, measuredCase } from "../case-line.ts";
import { median } from "../contest.ts";

/** What `asof --help` may take, in ms. */
const helpLimitMs = 150;

const root = resolve(import.meta.dirname, "../../..");

/** How long the command takes to say what it can do, each time as a new process. */
export const cli: Bench = {
  name: "cli",
  async run(context) {
    const { smoke, folder, say } = context;
    const command = smoke ? join(root, "packages/asof/bin/asof.js") : installBuilt(folder, say);
    const feast = smoke ? null : join(dirname(await context.feastPython()), "feast");
    const cacheFolder = join(folder, "compile-cache");
    // The first run on a machine compiles and keeps what it compiled.
    const first = timeHelp(process.execPath, [command], cacheFolder);
    const ours: Timed[] = [];
    const peers: Timed[] = [];
    for (let round = 0; round < (smoke ? 1 : 15); round++) {
      ours.push(timeHelp(process.execPath, [command], cacheFolder));
      if (feast !== null && round % 5 === 0) peers.push(timeHelp(feast, [], cacheFolder));
    }
    const limit = { name: "the limit", value: helpLimitMs };
    const cases = [helpCase(ours, limit, smoke ? null : 1, `${spread(ours)} The first run took ${first.milliseconds.toFixed(0)} ms.`)];
    if (feast !== null) cases.push(helpCase(ours, { name: "feast --help", value: medianOf(peers) }, null, `Feast ${spread(peers)}`));
    return cases;
  },
};

interface Timed {
  readonly milliseconds: number;
  readonly output: string;
}

/** Builds the packages as they are published and puts them where Node finds them, as an installation does. */
function installBuilt(folder: string, say: (text: string) => void): string {
  say("building the packages");
  const build = join(folder, "build");
  execFileSync(process.execPath, ["--conditions=source", join(root, "scripts/build.ts"), build], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  mkdirSync(join(folder, "node_modules/@asof"), { recursive: true });
  for (const name of readdirSync(build)) {
    symlinkSync(join(build, name), join(folder, "node_modules", name === "asof" ? "asof" : `@asof/${name}`));
  }
  return join(build, "asof/bin/asof.js");
}

function timeHelp(program: string, args: readonly string[], cacheFolder: string): Timed {
  const env = { ...process.env, FEAST_USAGE: "False", NODE_COMPILE_CACHE: cacheFolder };
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(program, [...args, "--help"], { encoding: "utf8", env });
  if (status !== 0 || !stdout.includes("materialize"))
    throw new Error(`${program} ${args.join(" ")} --help ended with ${status}: ${stderr}`);
  return { milliseconds: performance.now() - started, output: stdout };
}

function helpCase(
  ours: readonly Timed[],
  peer: { readonly name: string; readonly value: number },
  bar: number | null,
  observed: string,
): MeasuredCase {
  return measuredCase({
    bench: cli.name,
    case: "asof --help",
    unit: "ms",
    ours: medianOf(ours),
    peer: { ...peer, checksum: null },
    checksum: createHash("sha256")
      .update(ours[0]?.output ?? "")
      .digest("hex")
      .slice(0, 16),
    observed,
    ...(bar === null ? {} : { bar }),
  });
}

function medianOf(times: readonly Timed[]): number {
  return median(times.map(({ milliseconds }) => milliseconds));
}

function spread(times: readonly Timed[]): string {
  const all = times.map(({ milliseconds }) => milliseconds);
  return `${Math.min(...all).toFixed(0)}–${Math.max(...all).toFixed(0)} ms in ${times.length} processes.`;
}
