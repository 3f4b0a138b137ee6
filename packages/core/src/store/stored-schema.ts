import { AsofError } from "../error/error.ts";
import type { OnlineView, RowSchema } from "./online.ts";

/** The schema that a stored row was written with. ASOF_SCHEMA_UNKNOWN where the view does not know it. */
export function storedSchema(view: OnlineView, fingerprint: string): RowSchema {
  const schema = view.schemas.get(fingerprint);
  if (schema !== undefined) return schema;
  const path = `${view.project}/${view.view}`;
  throw unknownSchema(path, fingerprint, `A stored row of ${path} has the schema ${fingerprint}, which is not known here.`);
}

/** ASOF_SCHEMA_UNKNOWN: what is stored was written by a definition that this process has not seen. */
export function unknownSchema(path: string, fingerprint: string, what: string): AsofError {
  return new AsofError("ASOF_SCHEMA_UNKNOWN", what, {
    path,
    value: fingerprint,
    fix: "Try again: another process applied a newer definition. If it stays, the registry was restored or made anew: apply the definitions that were applied last, or materialize a version that has no data yet.",
  });
}
