/**
 * Measures asof side by side with its peers.
 *
 *   npm run bench -- pit|windows|materialize|online|registry|cli   one or several; default all
 *     --json     one line of JSON per case, nothing else on standard output
 *     --smoke    tiny sizes and no Feast: shows that the benches work, its times mean nothing
 *     --full     adds the cases that take minutes
 *     --keep     leaves the data in .cache/bench
 */
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { feastPython } from "@asof/testkit";
import type { Bench, BenchContext } from "./src/bench.ts";
import type { MeasuredCase } from "./src/case-line.ts";
import { cli } from "./src/cli/cli.ts";
import { describeEnvironment } from "./src/environment.ts";
import { materialize } from "./src/materialize/materialize.ts";
import { online } from "./src/online/online.ts";
import { pit } from "./src/pit/pit.ts";
import { registry } from "./src/registry/registry.ts";
import { recordRun } from "./src/results.ts";
import { renderTable } from "./src/table.ts";
import { windows } from "./src/windows/windows.ts";

const benches: readonly Bench[] = [pit, windows, materialize, online, registry, cli];
const names = benches.map((bench) => bench.name);
const cache = resolve(import.meta.dirname, "../.cache/bench");

interface Options {
  readonly json: boolean;
  readonly smoke: boolean;
  readonly full: boolean;
  readonly keep: boolean;
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: Object.fromEntries(["json", "smoke", "full", "keep"].map((name) => [name, { type: "boolean" as const, default: false }])),
  });
  const unknown = positionals.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    process.stderr.write(`no bench is called ${unknown.join(", ")}; there are: ${names.join(", ")}\n`);
    return 2;
  }
  const options: Options = {
    json: values.json === true,
    smoke: values.smoke === true,
    full: values.full === true,
    keep: values.keep === true,
  };
  const chosen = benches.filter((bench) => positionals.length === 0 || positionals.includes(bench.name));
  let failed = 0;
  // Where times mean nothing nobody need wait for the others.
  const early = options.smoke ? await Promise.all(chosen.map((bench) => runBench(bench, options))) : [];
  for (const [i, bench] of chosen.entries()) {
    const cases = early[i] ?? (await runBench(bench, options));
    failed += cases.filter(({ line }) => line.holds === false).length;
    const lines = cases.map(({ line }) => `${JSON.stringify(line)}\n`).join("");
    process.stdout.write(options.json ? lines : `\n${bench.name}\n${renderTable(cases)}\n`);
  }
  return failed === 0 || options.smoke ? 0 : 1;
}

async function runBench(bench: Bench, options: Options): Promise<readonly MeasuredCase[]> {
  const folder = join(cache, `${bench.name}-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const say = (text: string): void => {
    if (!options.json) process.stderr.write(`${bench.name}: ${text}\n`);
  };
  let python: string | null = null;
  const context: BenchContext = {
    smoke: options.smoke,
    full: options.full,
    folder,
    say,
    async feastPython() {
      python ??= await feastPython({ say });
      return python;
    },
  };
  try {
    const environment = await describeEnvironment(null);
    const cases = await bench.run(context);
    if (!options.smoke) {
      const { feast } = await describeEnvironment(python);
      recordRun(resolve(import.meta.dirname, "results"), { bench: bench.name, environment: { ...environment, feast }, cases }, names);
    }
    return cases;
  } finally {
    if (!options.keep) rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
