import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AsofError } from "@asof/core";

/** The example project: `template` in an installed package, `examples/predictflow` in a checkout. */
export function templateFolder(): string {
  const candidates = ["../../template", "../../../../examples/predictflow"].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = candidates.find((folder) => existsSync(`${folder}/feature_store.yaml`));
  if (found !== undefined) return found;
  throw new AsofError("ASOF_OUTPUT_FAILED", "The example project is missing from this installation of asof.", {
    fix: "Install asof again.",
  });
}
