import type { FeastKind, FeastObject } from "./objects.ts";

/** An object of a Feast registry that asof keeps byte for byte and does not run. */
export interface UnsupportedObject {
  readonly kind: FeastKind;
  readonly name: string;
  /** Why asof does not run it. */
  readonly why: string;
  /** What to do to have it in asof. */
  readonly fix: string;
}

/** Thrown while one object is decoded, and caught by who lists them. */
export class Unsupported extends Error {
  readonly fix: string;

  constructor(why: string, fix: string) {
    super(why);
    this.fix = fix;
  }
}

const keep = "It stays in the registry as it is.";

/** Kinds of which asof has no counterpart, whatever an object of them says. */
export const foreignKinds: Partial<Readonly<Record<FeastKind, { readonly why: string; readonly fix: string }>>> = {
  on_demand_feature_view: {
    why: "its transformation is Python",
    fix: "Write it as a requestView: the same inputs and outputs, the function in TypeScript. Its Python stays in the registry.",
  },
  stream_feature_view: {
    why: "it runs Python over a stream",
    fix: "Write it as a featureView with aggregates such as sum(…, { window }), over the source with its stream. Its Python stays in the registry.",
  },
  label_view: { why: "asof has no label views", fix: `Declare a label source for the column. ${keep}` },
  saved_dataset: {
    why: "asof does not read Feast's saved datasets",
    fix: `Make the training set anew with get-historical-features. ${keep}`,
  },
  validation_reference: { why: "it validates by a Python profile", fix: keep },
  permission: { why: "asof does not check Feast's permissions", fix: `Do not rely on it for what asof serves. ${keep}` },
};

/** Lists an object whose decoding failed. */
export function listUnsupported(object: Pick<FeastObject, "kind" | "name">, error: Unsupported): UnsupportedObject {
  return { kind: object.kind, name: object.name, why: error.message, fix: error.fix };
}
