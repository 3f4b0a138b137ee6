import {
  decodeViewVersion,
  definitionKinds,
  type EntityModel,
  type Json,
  type ModelsByName,
  type PlainViewModel,
  type RecordKind,
  type RegistryRecord,
  type SourceModel,
  servedViewOf,
  type ViewModel,
  type ViewState,
  versionOf,
  type WindowedViewModel,
} from "@asof/core";
import { isComputedView } from "../definition/decode-view.ts";
import { encodeService } from "../definition/encode-service.ts";
import { encodeSource, finishSource } from "../definition/encode-source.ts";
import { encodeEntity, encodeView, feastEntityNames } from "../definition/encode-view.ts";
import {
  dataSource,
  dummyEntity,
  entityFields,
  entitySpec,
  objectMeta,
  projectFields,
  projectSpec,
  serviceFields,
  serviceSpec,
  sourceType,
  viewFields,
  viewMeta,
  viewSpec,
} from "../definition/fields.ts";
import type { FeastKind } from "../definition/objects.ts";
import { writeMicroseconds } from "../definition/times.ts";
import { equalBytes, Message } from "../wire/message.ts";
import { recordState } from "./view-meta.ts";

/** A record that a commit wrote or deleted. */
export interface MirroredChange {
  readonly kind: RecordKind;
  readonly name: string;
  readonly op: "put" | "delete";
}

/** One project as a commit leaves it, and the Feast objects as they stand before. */
export interface MirrorInput {
  readonly project: string;
  readonly changes: readonly MirroredChange[];
  /** Definitions after the commit. */
  readonly models: ModelsByName;
  /** Definitions before it; only deleted ones are looked up. */
  readonly modelsBefore: ModelsByName;
  readonly description: string;
  /** What asof had registered under a name that this commit changes; null = nothing. */
  specBefore(kind: RecordKind, name: string): Json | null;
  /** The registered spec of a view: enough for its state, without decoding all definitions. */
  viewSpec(view: string): Json | null;
  stateOf(view: string): ViewState | null;
  stateBefore(view: string): ViewState | null;
  /** The kept definition of a version of a view that is not the registered one. */
  versionOf(view: string, version: number): StoredView | null;
  objectOf(kind: FeastKind, name: string): Uint8Array | null;
  /** The Kafka source whose batch source is the one named. */
  kafkaOver(source: string): { readonly name: string; readonly bytes: Uint8Array } | null;
  readonly nowUs: number;
}

/** An object of Feast's as it has to be; null bytes = it has to go. */
export interface MirroredObject {
  readonly kind: FeastKind;
  readonly name: string;
  readonly bytes: Uint8Array | null;
}

/** A version of a view for Feast's version history, where it is not there yet. */
export interface MirroredVersion {
  readonly view: string;
  readonly number: number;
  /** The `FeatureView` as of this version. */
  readonly bytes: Uint8Array;
}

export interface Mirrored {
  readonly objects: readonly MirroredObject[];
  readonly versions: readonly MirroredVersion[];
}

type StoredView = PlainViewModel | WindowedViewModel;

/**
 * What Feast's objects have to become so that they say what asof's definitions say: those that changed, and those that hold copies of
 * them (a view its source's, a service its views'). What asof does not know of an object stays. Objects that need no change are not
 * returned.
 *
 * Feast's object of a view is the version that is served, since Feast fills and reads the tables of that one. A registered version that is
 * not active yet stands in Feast's version history alone.
 */
export function mirrorChanges(input: MirrorInput): Mirrored {
  const mirror = new Mirror(input);
  mirror.run();
  return { objects: [...mirror.found.values()], versions: mirror.versions };
}

class Mirror {
  readonly found = new Map<string, MirroredObject>();
  readonly versions: MirroredVersion[] = [];
  readonly #input: MirrorInput;

  constructor(input: MirrorInput) {
    this.#input = input;
  }

  run(): void {
    const { models, modelsBefore, changes } = this.#input;
    const named = (kind: RecordKind, op: "put" | "delete"): ReadonlySet<string> =>
      new Set(changes.filter((change) => change.kind === kind && change.op === op).map((change) => change.name));
    const sources = this.#withPushes(named("source", "put"));
    const states = named("view_state", "put");
    const registered = named("feature_view", "put");
    const views = new Set([...this.#viewsOn(registered, sources), ...[...states].filter((name) => this.#isSwitched(name))]);
    const services = this.#servicesOn(named("feature_service", "put"), views);
    for (const name of named("entity", "put")) this.#putEntity(models.entities.get(name));
    for (const name of sources) this.#putSource(models.sources.get(name));
    for (const name of views) this.#putView(models.views.get(name), registered.has(name));
    for (const name of services) this.#putService(name);
    for (const name of named("feature_service", "delete")) this.#delete("feature_service", name);
    for (const name of named("feature_view", "delete")) this.#delete("feature_view", name);
    for (const name of named("source", "delete")) {
      this.#delete("data_source", name);
      const kafka = modelsBefore.sources.get(name)?.stream === null ? null : this.#input.kafkaOver(name);
      if (kafka !== null) this.#delete("data_source", kafka.name);
    }
    for (const name of named("entity", "delete")) {
      const before = modelsBefore.entities.get(name);
      for (const part of before === undefined ? [name] : feastEntityNames(before)) this.#delete("entity", part);
    }
    for (const name of states) if (!views.has(name)) this.#putState(name);
    if (changes.some((change) => change.op === "put" && definitionKinds.includes(change.kind)))
      this.#putProject(named("project", "put").size > 0);
  }

  #withPushes(names: ReadonlySet<string>): ReadonlySet<string> {
    if (names.size === 0) return names;
    const pushes = [...this.#input.models.sources.values()].filter((s) => s.type === "push" && s.batch !== null && names.has(s.batch.name));
    return new Set([...names, ...pushes.map((source) => source.name)]);
  }

  #viewsOn(names: ReadonlySet<string>, sources: ReadonlySet<string>): ReadonlySet<string> {
    if (sources.size === 0) return names;
    const readers = [...this.#input.models.views.values()].filter((view) => view.form !== "request" && sources.has(view.source.name));
    return new Set([...names, ...readers.map((view) => view.name)]);
  }

  #servicesOn(names: ReadonlySet<string>, views: ReadonlySet<string>): ReadonlySet<string> {
    if (views.size === 0) return names;
    const users = [...this.#input.models.services.values()].filter((s) => s.views.some((reference) => views.has(reference.view.name)));
    return new Set([...names, ...users.map((service) => service.name)]);
  }

  /** An object as it stands, or as this commit makes it. */
  #current(kind: FeastKind, name: string): Uint8Array | null {
    const found = this.found.get(`${kind} ${name}`);
    return found === undefined ? this.#input.objectOf(kind, name) : found.bytes;
  }

  #put(kind: FeastKind, name: string, bytes: Uint8Array): void {
    this.found.set(`${kind} ${name}`, { kind, name, bytes });
  }

  #delete(kind: FeastKind, name: string): void {
    if (this.#input.objectOf(kind, name) !== null) this.found.set(`${kind} ${name}`, { kind, name, bytes: null });
  }

  /** Puts an object of spec and meta; one whose spec stays as it is is not touched. */
  #putSpec(
    kind: FeastKind,
    name: string,
    spec: Message,
    fields: { readonly spec: number; readonly meta: number },
    stamp?: (meta: Message) => void,
  ): void {
    const base = this.#current(kind, name);
    const object = new Message(base ?? undefined);
    const encoded = spec.encode();
    const before = object.message(fields.meta) ?? new Message();
    const meta = new Message(before.encode());
    stamp?.(meta);
    const isSame =
      base !== null && equalBytes(object.bytes(fields.spec) ?? new Uint8Array(), encoded) && equalBytes(before.encode(), meta.encode());
    if (isSame) return;
    if (!meta.has(objectMeta.created)) meta.setMessage(objectMeta.created, writeMicroseconds(this.#input.nowUs));
    meta.setMessage(objectMeta.lastUpdated, writeMicroseconds(this.#input.nowUs));
    object.setBytes(fields.spec, encoded);
    object.setMessage(fields.meta, meta);
    this.#put(kind, name, object.encode());
  }

  #specOf(kind: FeastKind, name: string, field: number): Message | null {
    const bytes = this.#current(kind, name);
    return bytes === null ? null : new Message(bytes).message(field);
  }

  #putEntity(entity: EntityModel | undefined): void {
    if (entity === undefined) return;
    for (const spec of encodeEntity(entity, (name) => this.#specOf("entity", name, entityFields.spec))) {
      spec.setText(entitySpec.project, this.#input.project);
      this.#putSpec("entity", spec.text(entitySpec.name), spec, entityFields);
    }
  }

  #putSource(source: SourceModel | undefined): void {
    if (source === undefined) return;
    const { project, nowUs } = this.#input;
    const kafkaBefore = source.stream === null ? null : this.#input.kafkaOver(source.name);
    const { main, kafka } = encodeSource(source, this.#current("data_source", source.name), kafkaBefore?.bytes ?? null);
    for (const [message, before] of [
      [main, this.#current("data_source", source.name)],
      [kafka, kafkaBefore?.bytes ?? null],
    ] as const) {
      if (message === null || (before !== null && equalBytes(before, message.encode()))) continue;
      this.#put("data_source", message.text(dataSource.name), finishSource(message, project, nowUs));
    }
  }

  #putView(view: ViewModel | undefined, isRegistered: boolean): void {
    if (view === undefined) return;
    if (view.form === "request") {
      // What Feast has under that name is its own, unless asof stored the view until now.
      if (isStored(this.#input.specBefore("feature_view", view.name))) this.#delete("feature_view", view.name);
      return;
    }
    if (this.#isFeastsOwn(view.name)) return;
    const served = this.#servedInPlaceOf(view.name) ?? view;
    if (served.entities.length === 0) this.#putDummy();
    const features = served.features.map((feature) => feature.name);
    this.#putSpec("feature_view", view.name, this.#encodeView(served), viewFields, (meta) => this.#recordState(meta, view.name, features));
    // Of a view that is only passed on with its source, Feast may be about to write the version itself, and fails where it is there.
    if (isRegistered) this.#noteVersion(view, served);
  }

  #encodeView(view: StoredView): Message {
    const spec = encodeView(view, { spec: this.#specOf("feature_view", view.name, viewFields.spec), kafka: this.#kafkaOf(view) });
    spec.setText(viewSpec.project, this.#input.project);
    return spec;
  }

  /** Whether another version is served than before, so that Feast's object becomes that one's. */
  #isSwitched(name: string): boolean {
    if (this.#input.viewSpec(name) === null || this.#current("feature_view", name) === null) return false;
    const [before, after] = [this.#input.stateBefore(name), this.#input.stateOf(name)];
    return before !== null && after !== null && !after.deleted && before.activeGeneration !== after.activeGeneration;
  }

  /** The definition of the version that is served, where the registered one is another; null where it is the same. */
  #servedInPlaceOf(name: string): StoredView | null {
    const state = this.#input.stateOf(name);
    if (state === null || state.deleted || state.activeGeneration === state.registeredGeneration) return null;
    return this.#input.versionOf(name, versionOf(state.activeGeneration));
  }

  /** The registered version goes into Feast's history, also while another one is served. */
  #noteVersion(view: StoredView, served: StoredView): void {
    const state = this.#input.stateOf(view.name);
    const bytes = this.#current("feature_view", view.name);
    if (state === null || state.deleted || bytes === null) return;
    const number = versionOf(state.registeredGeneration);
    if (served === view) {
      this.versions.push({ view: view.name, number, bytes });
      return;
    }
    const object = new Message(bytes);
    const meta = object.message(viewFields.meta) ?? new Message();
    meta.setNumber(viewMeta.versionNumber, number);
    // Nothing of it is online as far as Feast can read.
    meta.remove(viewMeta.intervals);
    object.setMessage(viewFields.spec, this.#encodeView(view));
    object.setMessage(viewFields.meta, meta);
    this.versions.push({ view: view.name, number, bytes: object.encode() });
  }

  /** The Kafka source of a view's source, as this commit makes it. */
  #kafkaOf(view: StoredView): Message | null {
    if (view.source.stream === null || view.source.type === "push") return null;
    const name = this.#input.kafkaOver(view.source.name)?.name ?? `${view.source.name}_stream`;
    const bytes = this.#current("data_source", name);
    const message = bytes === null ? null : new Message(bytes);
    return message?.number(dataSource.type) === sourceType.kafka ? message : null;
  }

  #putState(name: string): void {
    const bytes = this.#current("feature_view", name);
    const viewSpecJson = this.#input.viewSpec(name);
    if (viewSpecJson === null || bytes === null) return;
    const spec = new Message(bytes).message(viewFields.spec) ?? new Message();
    const features = this.#servedInPlaceOf(name)?.features.map((feature) => feature.name) ?? featureNames(viewSpecJson);
    this.#putSpec("feature_view", name, spec, viewFields, (meta) => this.#recordState(meta, name, features));
  }

  #recordState(meta: Message, view: string, features: readonly string[]): void {
    const state = this.#input.stateOf(view);
    if (state !== null && !state.deleted) recordState(meta, features, state, this.#input.stateBefore(view));
  }

  #putService(name: string): void {
    const service = this.#input.models.services.get(name);
    if (service === undefined) return;
    const spec = encodeService(service, this.#specOf("feature_service", name, serviceFields.spec), {
      specOf: (view) => this.#specOf("feature_view", view, viewFields.spec),
      isFeastsOwn: (view) => this.#isFeastsOwn(view),
    });
    if (!spec.has(serviceSpec.features)) {
      if (this.#input.specBefore("feature_service", name) !== null) this.#delete("feature_service", name);
      return;
    }
    spec.setText(serviceSpec.project, this.#input.project);
    this.#putSpec("feature_service", name, spec, serviceFields);
  }

  /** Whether Feast computes a view of this name by Python, which stays as it is; two views of one name Feast cannot have. */
  #isFeastsOwn(view: string): boolean {
    const stored = this.#input.objectOf("feature_view", view);
    return (stored !== null && isComputedView(stored)) || pythonViews.some((kind) => this.#input.objectOf(kind, view) !== null);
  }

  #putDummy(): void {
    if (this.#current("entity", dummyEntity.name) !== null) return;
    const spec = new Message();
    spec.setText(entitySpec.name, dummyEntity.name);
    spec.setText(entitySpec.joinKey, dummyEntity.key);
    spec.setText(entitySpec.project, this.#input.project);
    this.#putSpec("entity", dummyEntity.name, spec, entityFields);
  }

  #putProject(isChanged: boolean): void {
    const { project, description } = this.#input;
    const base = this.#specOf("project", project, projectFields.spec);
    if (base !== null && !isChanged) return;
    const spec = base ?? new Message();
    spec.setText(projectSpec.name, project);
    if (isChanged) spec.setText(projectSpec.description, description);
    this.#putSpec("project", project, spec, projectFields);
  }
}

const pythonViews = ["on_demand_feature_view", "stream_feature_view", "label_view"] as const;

/** Whether a view's spec is of one whose rows are stored. */
function isStored(spec: Json | null): boolean {
  return spec !== null && memberOf(memberOf(spec, "data"), "form") !== "request";
}

function featureNames(spec: Json): readonly string[] {
  const data = memberOf(spec, "data");
  return Object.keys(memberOf(data, "features") ?? {});
}

function memberOf(json: Json | undefined, name: string): Json | undefined {
  return typeof json === "object" && json !== null && !Array.isArray(json) && Object.hasOwn(json, name)
    ? (json as { readonly [n: string]: Json })[name]
    : undefined;
}

/** The definition in a `view_version` record. */
export function keptDefinition(record: RegistryRecord | null, view: string): StoredView | null {
  return record === null ? null : servedViewOf(view, decodeViewVersion(record.name, record.spec));
}

/** The description in the spec of a project's record. */
export function descriptionOf(spec: Json): string {
  const metadata = typeof spec === "object" && spec !== null && "metadata" in spec ? spec.metadata : null;
  const description = typeof metadata === "object" && metadata !== null && "description" in metadata ? metadata.description : null;
  return typeof description === "string" ? description : "";
}
