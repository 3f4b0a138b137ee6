/**
 * Checks what no compiler or linter does: import arrows, forbidden calls, sizes, dead code, links, leftovers.
 * `npm test` runs it; `node scripts/tidy.ts` prints the faults alone.
 */
import { resolve } from "node:path";
import { exceptions } from "./tidy/exceptions.ts";
import { judge } from "./tidy/judge.ts";
import { readTree } from "./tidy/tree.ts";

const started = performance.now();
const tree = readTree(resolve(import.meta.dirname, ".."));
const faults = judge(tree, exceptions);
for (const { rule, file, line, message } of faults) process.stdout.write(`${file}${line === 0 ? "" : `:${line}`}  [${rule}] ${message}\n`);
process.stdout.write(
  `tidy: ${faults.length} faults in ${tree.files.length} files, ${exceptions.length} exceptions, ${Math.round(performance.now() - started)} ms\n`,
);
process.exitCode = faults.length === 0 ? 0 : 1;
