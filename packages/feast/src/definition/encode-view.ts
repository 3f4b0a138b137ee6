import type { ColumnModel, EntityModel, FeatureModel, PlainViewModel, WindowedViewModel } from "@asof/core";
import { Message } from "../wire/message.ts";
import { embed, encodeSource, setMeta } from "./encode-source.ts";
import { metaOfField, setFieldType } from "./feature-type.ts";
import { asofTags, dataSource, dummyEntity, entitySpec, featureSpec, sourceType, viewSpec } from "./fields.ts";
import { writeMicroseconds } from "./times.ts";

/** Feast's entities have one key each: further keys of one of asof's stand in entities of their own. */
export function feastEntityNames(entity: EntityModel): readonly string[] {
  return entity.keys.map((key, i) => (i === 0 ? entity.name : `${entity.name}__${key.name}`));
}

/** The specs of Feast's entities for one of asof's, over those that Feast has. */
export function encodeEntity(entity: EntityModel, baseOf: (name: string) => Message | null): readonly Message[] {
  return entity.keys.map((key, i) => {
    const name = feastEntityNames(entity)[i] ?? entity.name;
    const spec = baseOf(name) ?? new Message();
    const field = new Message();
    setFieldType(field, key.type, {});
    spec.setText(entitySpec.name, name);
    spec.setText(entitySpec.joinKey, key.name);
    // Feast leaves the type to the views where a user gave none.
    const isUntyped = spec.has(entitySpec.name) && spec.has(entitySpec.project) && !spec.has(entitySpec.valueType);
    if (!isUntyped) spec.setNumber(entitySpec.valueType, field.number(featureSpec.valueType));
    setMeta(spec, entitySpec, entity.meta, i === 0 ? {} : { [asofTags.partOf]: entity.name });
    return spec;
  });
}

/** What a view's object in Feast is made from. */
export interface ViewBase {
  /** The spec that Feast has; null for a new view. */
  readonly spec: Message | null;
  /** The Kafka source of the view's source, as it stands in the registry. */
  readonly kafka: Message | null;
}

/**
 * A stored view as a `FeatureViewSpec`. Feast serves plain views; windowed ones, whose values only asof can compute, are there to be seen:
 * `online` is false, so that Feast neither materializes nor reads them.
 */
export function encodeView(view: PlainViewModel | WindowedViewModel, base: ViewBase): Message {
  const spec = base.spec ?? new Message();
  const keys = view.entities.flatMap((entity) => entity.keys);
  const isNew = base.spec === null;
  spec.setText(viewSpec.name, view.name);
  spec.setTexts(viewSpec.entities, keys.length === 0 ? [dummyEntity.name] : view.entities.flatMap(feastEntityNames));
  spec.setAll(viewSpec.features, encodeFields(view.features, spec.messages(viewSpec.features)));
  spec.setAll(viewSpec.entityColumns, encodeFields(keys.length === 0 ? [dummyKey] : keys, spec.messages(viewSpec.entityColumns)));
  setMeta(spec, viewSpec, view.meta);
  const ttlUs = view.form === "plain" ? view.ttlUs : null;
  // Feast tells no ttl from a zero one only by whether the field is there; what stands there stays.
  if (ttlUs !== null || isNew || (spec.message(viewSpec.ttl)?.number(1) ?? 0) !== 0)
    spec.setMessage(viewSpec.ttl, writeMicroseconds(ttlUs ?? 0));
  if (isNew) {
    spec.setNumber(viewSpec.online, view.form === "plain" ? 1 : 0);
    spec.setText(viewSpec.version, "latest");
  } else if (view.form === "windowed") spec.setNumber(viewSpec.online, 0);
  encodeSides(view, spec, base.kafka);
  return spec;
}

const dummyKey: ColumnModel = { name: dummyEntity.key, type: { kind: "string" }, nullable: false, meta: {} };

function encodeFields(fields: readonly (FeatureModel | ColumnModel)[], before: readonly Message[]): readonly Uint8Array[] {
  const known = new Map(before.map((message) => [message.text(featureSpec.name), message]));
  return fields.map((field) => {
    const message = known.get(field.name) ?? new Message();
    message.setText(featureSpec.name, field.name);
    // What Feast says of a key column is of the view; asof has no place for it, so it stays.
    const meta = "kind" in field ? field.meta : metaOfField(message);
    message.setText(featureSpec.description, meta.description ?? "");
    setFieldType(message, field.type, meta.tags ?? {});
    return message.encode();
  });
}

function encodeSides(view: PlainViewModel | WindowedViewModel, spec: Message, kafka: Message | null): void {
  const { source } = view;
  const held = (field: number, name: string): Uint8Array | null => {
    const message = spec.message(field);
    return message?.text(dataSource.name) === name ? message.encode() : null;
  };
  if (source.type === "push") {
    const push = encodeSource(source, held(viewSpec.streamSource, source.name), null).main;
    spec.setMessage(viewSpec.streamSource, embed(push));
    const batch = source.batch;
    if (batch !== null)
      spec.setMessage(viewSpec.batchSource, embed(encodeSource(batch, held(viewSpec.batchSource, batch.name), null).main));
    else spec.remove(viewSpec.batchSource);
    return;
  }
  spec.setMessage(viewSpec.batchSource, embed(encodeSource(source, held(viewSpec.batchSource, source.name), null).main));
  const stream = spec.message(viewSpec.streamSource);
  // A batch view of Feast's over a source that also has a stream stays one.
  const isOfSource =
    stream?.number(dataSource.type) === sourceType.kafka && stream.message(dataSource.batchSource)?.text(dataSource.name) === source.name;
  if (kafka === null) {
    if (!isOfSource || source.stream === null) spec.remove(viewSpec.streamSource);
  } else if (isOfSource || stream === null) spec.setMessage(viewSpec.streamSource, embed(kafka));
}
