/**
 * Makes the packages ready to publish, each in a folder of its own: JavaScript and declarations from tsc, other files of
 * `src` beside them, a package.json without what only a checkout can use.
 *
 *   node scripts/build.ts [FOLDER]      default .cache/build
 */
import { resolve } from "node:path";
import { BuildError, buildPackages } from "./publish/build-packages.ts";

const root = resolve(import.meta.dirname, "..");
const target = resolve(process.argv[2] ?? resolve(root, ".cache/build"));
try {
  for (const { name, folder, seconds } of buildPackages(root, target))
    process.stdout.write(`${name}  ${folder}  ${seconds.toFixed(1)} s\n`);
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
