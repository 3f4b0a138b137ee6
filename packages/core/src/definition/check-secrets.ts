import type { SourceModel } from "./model.ts";
import type { IssueList } from "./read.ts";

const names = "(?:password|passwd|pwd|secret|secret_?(?:access_?)?key|api_?key|access_?token|auth_?token|session_?token)";

/** Shapes that are hardly ever something else. */
const shapes = {
  /** `postgres://user:password@host`. */
  beforeHost: /[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i,
  /** `?X-Amz-Signature=…`. */
  inAddress: /[?&](?:x-amz-(?:signature|security-token|credential)|x-goog-signature|sig|token|key|password)=[^&\s]+/i,
  /** `password=…` in a connection string. */
  inConnection: new RegExp(`\\b${names}\\s*=\\s*[^\\s;&]`, "i"),
  /** `SECRET '…'` and `password := '…'`: an option of the engine. */
  asOption: new RegExp(`\\b${names}\\s*(?:=>|:=)?\\s*'[^']+'`, "i"),
  /** A name of an option that holds a secret. */
  optionName: /(?:password|passwd|secret|api[._]?key|token|jaas\.config)$/i,
};

/**
 * Definitions are kept in the registry and quoted by errors, so that a secret written into one would be readable for everybody. The
 * text itself is kept out of the issue.
 */
export function checkSecrets(source: SourceModel, list: IssueList): void {
  const refuse = (where: string): void => {
    const message = `The ${where} of source "${source.name}" seems to hold a password, key or token; the registry and errors would show it.`;
    const fix = "Give credentials to the engine from the environment, for example as a DuckDB secret or a profile, not in a definition.";
    list.add("ASOF_DEFINITION_INVALID", `sources.${source.name}.${where}`, undefined, message, fix);
  };
  const paths = source.type === "parquet" || source.type === "csv" ? source.paths : [];
  if (paths.some((path) => shapes.beforeHost.test(path) || shapes.inAddress.test(path))) refuse("path");
  if (source.type === "sql" && holdsSecret(source.query)) refuse("query");
  const options = Object.entries(source.stream?.options ?? {});
  if (options.some(([name, value]) => shapes.optionName.test(name) || shapes.beforeHost.test(value))) refuse("stream");
}

/** Outside of its texts a query may well compare a column called `password`. */
function holdsSecret(query: string): boolean {
  if ([shapes.beforeHost, shapes.inAddress, shapes.asOption].some((shape) => shape.test(query))) return true;
  return (query.match(/'(?:[^']|'')*'/g) ?? []).some((text) => shapes.inConnection.test(text));
}
