import type { ViewModel } from "../definition/model.ts";
import type { RowSchema } from "../store/online.ts";
import type { Json } from "../value/json.ts";
import { compareText } from "../value/order.ts";
import { fingerprintOf, isJsonObject } from "./canonical-json.ts";
import { plainDataOf } from "./encode-definition.ts";

/**
 * The stored form of a view's rows: its features by name in code-point order, so that reordering a definition changes nothing. The
 * fingerprint covers what each feature means (type, columns read, expression or aggregate; for windowed views the source too, whose
 * columns decide ties), so that what was stored under one meaning is never taken for another of the same name and type. Whether a feature
 * is nullable and the JavaScript form of int64 are not stored and not part of it.
 */
export function rowSchemaOf(view: ViewModel): RowSchema {
  const features = view.features.map(({ name, type }) => ({ name, type })).sort((a, b) => compareText(a.name, b.name));
  return { fingerprint: fingerprintOf(meaningOf(view)).slice(0, 16), features };
}

function meaningOf(view: ViewModel): Json {
  const data = membersOf(plainDataOf(view));
  const features = Object.entries(membersOf(data.features)).map(([name, feature]): [string, Json] => {
    const { nullable: _, ...meaning } = membersOf(feature);
    return [name, meaning];
  });
  return { form: view.form, source: view.form === "windowed" ? (data.source ?? null) : null, features: Object.fromEntries(features) };
}

function membersOf(json: Json | undefined): Readonly<Record<string, Json>> {
  return isJsonObject(json) ? json : {};
}
