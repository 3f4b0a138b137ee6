import type { ViewModel } from "../definition/model.ts";
import type { RowSchema } from "../store/online.ts";
import { rowSchema } from "../store/row-schema.ts";
import { compareText } from "../value/order.ts";

/** The stored form of a view's rows: its features by name in code-point order, so that reordering a definition changes nothing. */
export function rowSchemaOf(view: ViewModel): RowSchema {
  return rowSchema(view.features.toSorted((a, b) => compareText(a.name, b.name)));
}
