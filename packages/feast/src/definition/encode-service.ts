import type { PlainViewModel, ServiceModel, ViewReference, WindowedViewModel } from "@asof/core";
import { Message } from "../wire/message.ts";
import { setMeta } from "./encode-source.ts";
import { dataSource, featureSpec, projection, serviceSpec, viewSpec } from "./fields.ts";

/** The references of a service that Feast can hold: those to stored views. */
export function storedReferences(
  service: ServiceModel,
): readonly (ViewReference & { readonly view: PlainViewModel | WindowedViewModel })[] {
  return service.views.filter((r): r is ViewReference & { readonly view: PlainViewModel | WindowedViewModel } => r.view.form !== "request");
}

/**
 * A service as a `FeatureServiceSpec`, over the one that Feast has. Request views, which Feast cannot hold, are left out.
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
      const alias = reference.name === reference.view.name ? "" : reference.name;
      const known = before.find((p) => p.text(projection.view) === reference.view.name && p.text(projection.alias) === alias);
      return encodeProjection(reference, alias, known ?? new Message(), specOf(reference.view.name)).encode();
    }),
  );
  setMeta(spec, serviceSpec, service.meta);
  return spec;
}

function encodeProjection(reference: ViewReference, alias: string, message: Message, view: Message | null): Message {
  message.setText(projection.view, reference.view.name);
  message.setText(projection.alias, alias);
  message.setMap(projection.joinKeyMap, reference.keys);
  message.setText(projection.viewType, "featureView");
  const fields = new Map((view?.messages(viewSpec.features) ?? []).map((field) => [field.text(featureSpec.name), field]));
  const names = reference.features ?? reference.view.features.map((feature) => feature.name);
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
