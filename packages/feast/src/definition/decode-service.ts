import { printUsed, type ServiceModel, type ViewModel, type ViewReference } from "@asof/core";
import { Message } from "../wire/message.ts";
import { readMeta } from "./decode-source.ts";
import { versionOf } from "./encode-service.ts";
import { featureSpec, projection, serviceFields, serviceSpec } from "./fields.ts";
import { Unsupported } from "./unsupported.ts";

/** A view as services see it. */
export interface ServiceView {
  readonly view: ViewModel;
  /** Its features as Feast knows them: those of the version that is served. */
  readonly features: readonly string[];
}

/** A Feast `FeatureService`. Throws {@link Unsupported} where a projection is of a view that asof does not have. */
export function decodeFeastService(
  bytes: Uint8Array,
  viewOf: (name: string) => ServiceView | undefined,
  before: ServiceModel | undefined,
): ServiceModel {
  const spec = new Message(bytes).message(serviceFields.spec) ?? new Message();
  const references = spec.messages(serviceSpec.features).map((message) => decodeProjection(message, viewOf, before));
  const told = new Set(references.map((reference) => reference.name));
  // Feast cannot hold request views, nor views of other projects; those of asof stay in their places.
  const isBeyondFeast = ({ name, view, project }: ViewReference) => (view.form === "request" || project !== undefined) && !told.has(name);
  const requests = before?.views.filter(isBeyondFeast) ?? [];
  const places = before?.views.map((reference) => reference.name) ?? [];
  const placeOf = (reference: ViewReference): number =>
    places.indexOf(reference.name) === -1 ? places.length : places.indexOf(reference.name);
  return {
    kind: "service",
    name: spec.text(serviceSpec.name),
    views: requests.length === 0 ? references : [...references, ...requests].sort((a, b) => placeOf(a) - placeOf(b)),
    meta: readMeta(spec, serviceSpec),
  };
}

function decodeProjection(
  message: Message,
  viewOf: (name: string) => ServiceView | undefined,
  before: ServiceModel | undefined,
): ViewReference {
  const name = message.text(projection.view);
  const found = viewOf(name);
  if (found === undefined) {
    throw new Unsupported(
      `it uses "${name}", which asof does not have`,
      `Write "${name}" in TypeScript, then list it in a featureService of this name. The service stays in the registry as it is.`,
    );
  }
  const { view, features } = found;
  const version = versionOf(message);
  const pinned = version === undefined ? {} : { version };
  const alias = message.text(projection.alias) || printUsed({ view, ...pinned });
  const columns = message.messages(projection.columns).map((column) => column.text(featureSpec.name));
  const known = before?.views.find((reference) => reference.name === alias && reference.view.name === name);
  // Which features a version has is told where it is looked up.
  const unknown = version === undefined ? columns.find((column) => !features.includes(column)) : undefined;
  if (unknown !== undefined) {
    throw new Unsupported(
      `it asks for "${name}:${unknown}", which the view does not have`,
      "Apply the service again in Feast, so that both agree.",
    );
  }
  const isAll = columns.length === features.length;
  // What is asked for of a version that is not served yet is nothing that Feast can say.
  const told = known?.features?.filter((feature) => features.includes(feature));
  const isKnown = told?.length === columns.length && told.every((feature, i) => feature === columns[i]);
  return {
    view,
    name: alias,
    features: isKnown ? (known?.features ?? null) : isAll ? null : columns,
    keys: message.map(projection.joinKeyMap),
    maxAgeUs: known?.maxAgeUs ?? null,
    ...pinned,
  };
}
