/** Writes the generated pages of docs/reference. `npm test` fails while one of them differs from what this would write. */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { generatedPages } from "./docs/pages.ts";

for (const [path, render] of Object.entries(generatedPages)) {
  writeFileSync(resolve(import.meta.dirname, "..", path), render());
  process.stdout.write(`${path}\n`);
}
