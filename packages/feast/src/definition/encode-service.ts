import { printUsed, type ServiceModel, type ViewReference } from "@asof/core";
import { Message } from "../wire/message.ts";
import { setMeta } from "./encode-source.ts";
import { dataSource, featureSpec, projection, serviceSpec, viewSpec } from "./fields.ts";

/** What a service stands on in Feast's registry. */
export interface ServiceBase {
  /** The spec of a stored view as it stands in the registry. */
  specOf(view: string): Message | null;
  /** Whether Feast has a view of this name that Python computes. */
  isFeastsOwn(view: string): boolean;
}

/**
 * A service as a `FeatureServiceSpec`, over the one that Feast has. Request views and views of other projects, which Feast cannot hold, are
 * left out, unless Feast has a view of the same name that Python computes: then what its service says of that stays.
 */
export function encodeService(service: ServiceModel, base: Message | null, views: ServiceBase): Message {
  const spec = base ?? new Message();
  spec.setText(serviceSpec.name, service.name);
  const before = spec.messages(serviceSpec.features);
  spec.setAll(
    serviceSpec.features,
    service.views.flatMap((reference) => {
      if (reference.project !== undefined) return [];
      const alias = reference.name === printUsed(reference) ? "" : reference.name;
      const known = before.find(
        (p) => p.text(projection.view) === reference.view.name && p.text(projection.alias) === alias && versionOf(p) === reference.version,
      );
      if (views.isFeastsOwn(reference.view.name)) return known === undefined ? [] : keepProjection(reference, known).encode();
      if (reference.view.form === "request") return [];
      return encodeProjection(reference, alias, known ?? new Message(), views.specOf(reference.view.name)).encode();
    }),
  );
  setMeta(spec, serviceSpec, service.meta);
  return spec;
}

/** Feast's own view goes on as it was, with the features that are still asked for. */
function keepProjection({ features }: ViewReference, message: Message): Message {
  const columns = message.messages(projection.columns);
  const kept = columns.filter((column) => features?.includes(column.text(featureSpec.name)) !== false);
  if (kept.length > 0 && kept.length < columns.length)
    message.setAll(
      projection.columns,
      kept.map((column) => column.encode()),
    );
  return message;
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
