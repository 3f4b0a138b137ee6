import { Message } from "../wire/message.ts";
import type { FeastKind } from "./objects.ts";

/** Where the Python of a view stands, from its message inwards; the newer place first. */
const places: Partial<Readonly<Record<FeastKind, readonly (readonly number[])[]>>> = {
  on_demand_feature_view: [
    [1, 10, 1],
    [1, 5],
  ],
  stream_feature_view: [
    [1, 17, 1],
    [1, 13],
  ],
  feature_view: [[1, 15, 1]],
};

const bodyText = 3;

/** The source text of a view's Python function; null where the registry holds none. */
export function pythonOf(object: { readonly kind: FeastKind; readonly bytes: Uint8Array }): string | null {
  for (const path of places[object.kind] ?? []) {
    const found = path.reduce<Message | null>((message, field) => message?.message(field) ?? null, new Message(object.bytes));
    const text = found?.text(bodyText) ?? "";
    if (text !== "") return text;
  }
  return null;
}
