/**
 * Runs every check there is: format, lint, types and arrows (as tests, in static.test.ts) and all `*.test.ts` files.
 *
 *   npm test                                 everything; `npm run check` is the same
 *   npm test -- packages/core/src/value      files whose path holds the text
 *   npm test -- --name "tail of a window"    tests whose name matches
 *   ASOF_BACKENDS=duckdb,lmdb npm test       backend tests of these only
 */
import { spawn } from "node:child_process";
import { availableParallelism, constants } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseBackends, selectTestFiles, type TestFiles, TestSelectionError } from "./test/files.ts";
import { sortForRun } from "./test/order.ts";
import { descendantsOf, killProcesses, listProcesses } from "./test/processes.ts";
import { runTestFiles } from "./test/run.ts";

const root = resolve(import.meta.dirname, "..");
const write = (text: string): void => void process.stdout.write(text);

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { name: { type: "string", multiple: true } },
  });
  const files = selectTestFiles(root, positionals, parseBackends(process.env.ASOF_BACKENDS));
  const concurrency = Math.max(2, availableParallelism());
  write(`Node ${process.version}, ${files.run.length} test files, ${concurrency} at a time\n${describeBackends(files)}\n\n`);

  // Hundreds of processes load the same sources: they are compiled once.
  process.env.NODE_COMPILE_CACHE ??= resolve(root, ".cache/compiled");
  if (files.backends.includes("feast")) prepareFeast();
  const { signal, exitCode } = listenForSignals();
  const { passed, failed } = await runTestFiles(root, sortForRun(files.run), { concurrency, names: values.name ?? null, signal, write });
  return exitCode() ?? (failed === 0 && passed > 0 ? 0 : 1);
}

/** Starts to install Feast while other tests run. Whether that worked the tests of it find out, each for itself. */
function prepareFeast(): void {
  const program = resolve(root, "packages/testkit/src/service/prepare-feast.worker.ts");
  const child = spawn(process.execPath, ["--conditions=source", program], { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.setEncoding("utf8").on("data", (text: string) => write(`feast: ${text}`));
}

/** The first signal ends the run, which then still tells what it found; a second one ends this process at once. */
function listenForSignals(): { readonly signal: AbortSignal; readonly exitCode: () => number | null } {
  const ending = new AbortController();
  let exitCode: number | null = null;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => {
      exitCode ??= 128 + constants.signals[name];
      ending.abort(`interrupted by ${name}: files that had not ended count as failed.`);
    });
  }
  return { signal: ending.signal, exitCode: () => exitCode };
}

function describeBackends({ backends, unpicked, unpickedBackends }: TestFiles): string {
  const ran = `backends: ${["memory", ...backends].join(", ")}`;
  return unpicked.length === 0 ? ran : `${ran}; left out by ASOF_BACKENDS: ${unpickedBackends.join(", ")} (${unpicked.length} files)`;
}

async function runMain(): Promise<number> {
  try {
    return await main(process.argv.slice(2));
  } catch (error) {
    if (error instanceof TestSelectionError) {
      process.stderr.write(`${error.message}\n`);
      return 2;
    }
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    write("\n0 passed, 1 failed\n");
    return 1;
  }
}

const exitCode = await runMain();
killProcesses(descendantsOf(process.pid, listProcesses()));
// What a stopped test started may still hold the pipes of its output: they are not waited for.
process.stdout.write("", () => process.exit(exitCode));
