import { type PlainViewModel, printUsed, type ServiceModel, type ViewReference, type WindowedViewModel } from "@asof/core";
import { Message } from "../wire/message.ts";
import { setMeta } from "./encode-source.ts";
import { dataSource, featureSpec, projection, serviceSpec, viewSpec } from "./fields.ts";

/** The references of a service that Feast can hold: those to stored views of its own project. */
export function storedReferences(
  service: ServiceModel,
): readonly (ViewReference & { readonly view: PlainViewModel | WindowedViewModel })[] {
  const isHeld = (r: ViewReference): r is ViewReference & { readonly view: PlainViewModel | WindowedViewModel } =>
    r.view.form !== "request" && r.project === undefined;
  return service.views.filter(isHeld);
}

/**
 * A service as a `FeatureServiceSpec`, over the one that Feast has. Request views and views of other projects, which Feast
 * cannot hold, are left out.
 *
 * @param specOf the spec of a view as it stands in the registry.
 */
export function encodeService(service: ServiceModel, base: Message | null, specOf: (view: string) => Message | null): Message {
  const spec = base ?? new Message();
  spec.setText(serviceSpec.name, service.name);
  const before = spec.messages(serviceSpec.features);
  const references = storedReferences(service);
  spec.setAll(
    serviceSpec.features,
    references.map((reference) => {
      const alias = reference.name === printUsed(reference) ? "" : reference.name;
      const known = before.find(
        (p) => p.text(projection.view) === reference.view.name && p.text(projection.alias) === alias && versionOf(p) === reference.version,
      );
      return encodeProjection(reference, alias, known ?? new Message(), specOf(reference.view.name)).encode();
    }),
  );
  setMeta(spec, serviceSpec, service.meta);
  return spec;
}

/** The version that a projection asks for; undefined = the one that Feast serves. */
export function versionOf(message: Message): number | undefined {
  return message.has(projection.versionTag) ? message.number(projection.versionTag) : undefined;
}

function encodeProjection(reference: ViewReference, alias: string, message: Message, view: Message | null): Message {
  message.setText(projection.view, reference.view.name);
  message.setText(projection.alias, alias);
  message.setMap(projection.joinKeyMap, reference.keys);
  message.setOptional(projection.versionTag, reference.version ?? null);
  message.setText(projection.viewType, "featureView");
  const fields = new Map((view?.messages(viewSpec.features) ?? []).map((field) => [field.text(featureSpec.name), field]));
  // The spec is that of the version that is served, which a reference without a version means.
  const all = reference.version === undefined ? [...fields.keys()] : reference.view.features.map((feature) => feature.name);
  const names = reference.features ?? all;
  message.setAll(
    projection.columns,
    names.flatMap((name) => fields.get(name)?.encode() ?? []),
  );
  const batch = view?.message(viewSpec.batchSource) ?? null;
  message.setMessage(projection.batchSource, batch);
  const created = batch?.text(dataSource.createdTimestampColumn) ?? "";
  message.setText(projection.createdTimestampColumn, created);
  // Feast writes the created column here, whatever the field's name says.
  message.setText(projection.timestampField, created);
  return message;
}
