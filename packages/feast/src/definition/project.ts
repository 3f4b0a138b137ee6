import { Message } from "../wire/message.ts";
import type { FeastKind, FeastObject } from "./objects.ts";

/** Where the project stands in an object: in its spec, or in the message itself. */
const places: Partial<Readonly<Record<FeastKind, { readonly spec: number | null; readonly project: number }>>> = {
  entity: { spec: 1, project: 9 },
  data_source: { spec: null, project: 21 },
  validation_reference: { spec: null, project: 3 },
  feature_view: { spec: 1, project: 2 },
  stream_feature_view: { spec: 1, project: 2 },
  on_demand_feature_view: { spec: 1, project: 2 },
  label_view: { spec: 1, project: 2 },
  feature_service: { spec: 1, project: 2 },
  saved_dataset: { spec: 1, project: 2 },
  permission: { spec: 1, project: 2 },
};

/** An object's bytes with its project in them, as Feast's file needs it: in a SQL registry a column holds it. */
export function bytesWithProject({ kind, project, bytes }: FeastObject): Uint8Array {
  const place = places[kind];
  if (place === undefined) return bytes;
  const message = new Message(bytes);
  const holder = place.spec === null ? message : (message.message(place.spec) ?? new Message());
  holder.setText(place.project, project);
  if (place.spec !== null) message.setMessage(place.spec, holder);
  return message.encode();
}
