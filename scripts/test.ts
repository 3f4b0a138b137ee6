/**
 * Runs every check there is: format, lint, types and arrows (as tests, in static.test.ts) and all `*.test.ts` files.
 *
 *   npm test                                 everything; `npm run check` is the same
 *   npm test -- packages/core/src/value      files whose path holds the text
 *   npm test -- --name "tail of a window"    tests whose name matches
 *   ASOF_BACKENDS=duckdb,lmdb npm test       backend tests of these only
 */
import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseBackends, selectTestFiles, type TestFiles, TestSelectionError } from "./test/files.ts";
import { runTestFiles } from "./test/run.ts";

const root = resolve(import.meta.dirname, "..");

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { name: { type: "string", multiple: true } },
  });
  const files = selectTestFiles(root, positionals, parseBackends(process.env.ASOF_BACKENDS));
  const concurrency = Math.max(2, availableParallelism());
  const write = (text: string): void => void process.stdout.write(text);
  write(`Node ${process.version}, ${files.run.length} test files, ${concurrency} at a time\n${describeBackends(files)}\n\n`);

  const preparation = files.backends.includes("feast") ? prepareFeast(write) : null;
  const { passed, failed } = await runTestFiles(root, files.run, { concurrency, names: values.name ?? null, write });
  preparation?.kill();
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** Starts to install Feast while other tests run. Whether that worked the tests of it find out, each for itself. */
function prepareFeast(write: (text: string) => void): ChildProcess {
  const program = resolve(root, "packages/testkit/src/service/prepare-feast.worker.ts");
  const child = spawn(process.execPath, ["--conditions=source", program], { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.setEncoding("utf8").on("data", (text: string) => write(`feast: ${text}`));
  return child;
}

function describeBackends({ backends, unpicked, unpickedBackends }: TestFiles): string {
  const ran = `backends: ${["memory", ...backends].join(", ")}`;
  return unpicked.length === 0 ? ran : `${ran}; left out by ASOF_BACKENDS: ${unpickedBackends.join(", ")} (${unpicked.length} files)`;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof TestSelectionError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
