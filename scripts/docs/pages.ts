import { renderCliPage } from "./cli-page.ts";
import { renderErrorsPage } from "./errors-page.ts";
import { renderTypesPage } from "./types-page.ts";
import { renderYamlPage } from "./yaml-page.ts";

/** Generated documents: path → its text. */
export const generatedPages: Readonly<Record<string, () => string>> = {
  "docs/reference/cli.md": renderCliPage,
  "docs/reference/errors.md": renderErrorsPage,
  "docs/reference/feature-store-yaml.md": renderYamlPage,
  "docs/reference/types.md": renderTypesPage,
};
