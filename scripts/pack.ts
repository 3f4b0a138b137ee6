/**
 * Builds all packages and packs each into a tarball, as `npm publish` would send it.
 *
 *   node scripts/pack.ts [FOLDER]       default .cache/tarballs
 */
import { resolve } from "node:path";
import { BuildError } from "./publish/build-packages.ts";
import { packPackages } from "./publish/pack-packages.ts";

const root = resolve(import.meta.dirname, "..");
const target = resolve(process.argv[2] ?? resolve(root, ".cache/tarballs"));
try {
  for (const { path } of packPackages(root, target)) process.stdout.write(`${path}\n`);
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
