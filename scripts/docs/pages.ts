import { renderErrorsPage } from "./errors-page.ts";

/** Generated documents: path → its text. */
export const generatedPages: Readonly<Record<string, () => string>> = {
  "docs/reference/errors.md": renderErrorsPage,
};
