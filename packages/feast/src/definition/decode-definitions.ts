import {
  type ColumnModel,
  compareText,
  type EntityModel,
  type Issue,
  type ModelsByName,
  type PlainViewModel,
  type RepositoryModel,
  type ServiceModel,
  type SourceModel,
  type StreamModel,
  sameType,
  type ValueType,
  type ViewModel,
  validateRepository,
  type WindowedViewModel,
} from "@asof/core";
import { Message } from "../wire/message.ts";
import { decodeEntity, isAuxiliaryEntity, readEntitySpec } from "./decode-entity.ts";
import { decodeFeastService, type ServiceView } from "./decode-service.ts";
import { decodeFileSource, decodeKafka, decodePushSource } from "./decode-source.ts";
import { decodeFeastView, type FeastView, isBesideFeast, readFeastView } from "./decode-view.ts";
import { typeOfField } from "./feature-type.ts";
import { dataSource, entitySpec, featureSpec, sourceType } from "./fields.ts";
import type { FeastKind, FeastObject } from "./objects.ts";
import { foreignKinds, listUnsupported, Unsupported, type UnsupportedObject } from "./unsupported.ts";

/** What a Feast registry holds of one project, and what asof knew of it. */
export interface DecodeInput {
  readonly project: string;
  readonly objects: readonly FeastObject[];
  /** Definitions that asof has. */
  readonly known: ModelsByName;
  /** Whether an object has the bytes that asof wrote last: asof's own definition then says more. */
  isOurs(object: FeastObject): boolean;
  /** Whether asof has written a Feast object for a definition: it was deleted by Feast if it is not there any more. */
  wasWritten(kind: FeastKind, name: string): boolean;
  /** The features of a view's served version, where another one is registered; else null. */
  servedFeatures?(view: string): readonly string[] | null;
}

export interface DecodedDefinitions {
  readonly model: RepositoryModel;
  /** Objects that stay as they are, ordered by kind and name. */
  readonly unsupported: readonly UnsupportedObject[];
}

export const noDefinitions: ModelsByName = {
  entities: new Map(),
  sources: new Map(),
  views: new Map(),
  services: new Map(),
  labels: new Map(),
};

/**
 * The definitions that a Feast registry says, where asof's own are not newer. What asof cannot express is listed. What is returned is valid
 * as `validateRepository` sees it, unless asof's own definitions were not.
 */
export function decodeDefinitions(input: DecodeInput): DecodedDefinitions {
  const refused = new Map<string, UnsupportedObject>();
  for (;;) {
    const decoder = new Decoder(input, refused);
    const model = decoder.decode();
    const faults = decoder.fresh === 0 ? [] : validateRepository(model);
    const found = faults.flatMap((issue) => decoder.blame(issue) ?? []);
    for (const object of found) refused.set(`${object.kind} ${object.name}`, object);
    if (found.length > 0) continue;
    const unsupported = [...decoder.unsupported, ...refused.values()];
    return { model, unsupported: unsupported.sort((a, b) => compareText(a.kind, b.kind) || compareText(a.name, b.name)) };
  }
}

class Decoder {
  readonly unsupported: UnsupportedObject[] = [];
  /** How many definitions come from Feast's bytes. */
  fresh = 0;
  readonly #input: DecodeInput;
  readonly #refused: ReadonlyMap<string, UnsupportedObject>;
  readonly #byKind: Map<FeastKind, FeastObject[]>;
  readonly #feastViews = new Map<string, FeastView>();
  readonly #entities = new Map<string, EntityModel>();
  readonly #sources = new Map<string, SourceModel>();
  readonly #views = new Map<string, ViewModel>();
  readonly #services = new Map<string, ServiceModel>();
  readonly #freshNames = new Map<string, { readonly kind: FeastKind; readonly name: string }>();

  constructor(input: DecodeInput, refused: ReadonlyMap<string, UnsupportedObject>) {
    this.#input = input;
    this.#refused = refused;
    this.#byKind = Map.groupBy(input.objects, (object) => object.kind) as Map<FeastKind, FeastObject[]>;
  }

  decode(): RepositoryModel {
    for (const [kind, note] of Object.entries(foreignKinds) as [FeastKind, { why: string; fix: string }][]) {
      for (const { name } of this.#objects(kind)) this.unsupported.push({ kind, name, ...note });
    }
    this.#readViews();
    this.#decodeEntities();
    this.#decodeSources();
    this.#decodeViews();
    this.#decodeServices();
    this.#keepUsed();
    return {
      project: this.#input.project,
      entities: sorted(this.#entities),
      sources: sorted(this.#sources),
      views: sorted(this.#views),
      services: sorted(this.#services),
    };
  }

  /** The object from Feast that a fault is about; null where it is about one of asof's own. */
  blame(issue: Issue): UnsupportedObject | null {
    let blamed: { readonly kind: FeastKind; readonly name: string } | null = null;
    let longest = 0;
    for (const [path, object] of this.#freshNames) {
      if (path.length <= longest || !(issue.path === path || issue.path.startsWith(`${path}.`))) continue;
      [blamed, longest] = [object, path.length];
    }
    return blamed === null ? null : { ...blamed, why: issue.message.replace(/\.$/, ""), fix: issue.fix };
  }

  #objects(kind: FeastKind): readonly FeastObject[] {
    return (this.#byKind.get(kind) ?? []).toSorted((a, b) => compareText(a.name, b.name));
  }

  /** Runs what decodes one object; a refused one is listed and left out. */
  #attempt(object: Pick<FeastObject, "kind" | "name">, path: string, decode: () => void): void {
    if (this.#refused.has(`${object.kind} ${object.name}`)) return;
    try {
      decode();
      this.fresh++;
      this.#freshNames.set(`${path}.${object.name}`, { kind: object.kind, name: object.name });
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      this.unsupported.push(listUnsupported(object, error));
    }
  }

  #readViews(): void {
    for (const object of this.#objects("feature_view")) {
      const known = this.#input.known.views.get(object.name);
      if (known !== undefined && this.#input.isOurs(object)) continue;
      this.#attempt(object, "feature_views", () => this.#feastViews.set(object.name, readFeastView(object.bytes, known)));
    }
  }

  #decodeEntities(): void {
    const { known, isOurs } = this.#input;
    for (const object of this.#objects("entity")) {
      const before = known.entities.get(object.name);
      if (before !== undefined && isOurs(object)) {
        this.#entities.set(object.name, before);
        continue;
      }
      const spec = readEntitySpec(object.bytes);
      if (isAuxiliaryEntity(spec)) continue;
      const key = spec.text(entitySpec.joinKey);
      const views = [...this.#feastViews.values()].filter((view) => view.entities.includes(object.name));
      const inViews = views.map((view) => view.keyTypes.get(key)).find((type) => type !== undefined && type !== 0);
      this.#attempt(object, "entities", () => this.#entities.set(object.name, decodeEntity(spec, inViews, before)));
    }
    this.#keepUnwritten("entity", known.entities, this.#entities);
  }

  #decodeSources(): void {
    const { known } = this.#input;
    const messages = [...this.#sourceMessages().values()];
    const views = [...this.#feastViews.values()].sort((a, b) => compareText(a.name, b.name));
    const pushes = messages.filter((source) => source.type === sourceType.push);
    const kafkas = messages.filter((source) => source.type === sourceType.kafka);
    const uses: SourceUses = {
      byBatch: Map.groupBy(views, (view) => view.batch?.text(dataSource.name) ?? ""),
      pushed: new Set(pushes.map((source) => source.batch)),
      kafkaOf: Map.groupBy(kafkas, (source) => source.batch),
    };
    const others: readonly number[] = [sourceType.push, sourceType.kafka];
    for (const source of messages) if (!others.includes(source.type)) this.#decodeFile(source, uses);
    for (const source of pushes) this.#decodePush(source, views);
    for (const source of kafkas) {
      if ((this.#sources.get(source.batch)?.stream ?? null) !== null) continue;
      const why = "no view that asof runs reads it";
      this.unsupported.push({
        kind: "data_source",
        name: source.name,
        why,
        fix: "Declare it as `stream: kafka({ … })` of a source when a view needs it.",
      });
    }
    this.#keepUnwritten("data_source", known.sources, this.#sources);
  }

  /** Every source by name: those of the registry, and those that only stand inside a view. */
  #sourceMessages(): ReadonlyMap<string, SourceMessage> {
    const found = new Map<string, SourceMessage>();
    const add = (message: Message | null, object: FeastObject | null): void => {
      const name = message?.text(dataSource.name) ?? "";
      if (message === null || name === "" || found.has(name)) return;
      const batch = message.message(dataSource.batchSource)?.text(dataSource.name) ?? "";
      found.set(name, {
        name,
        type: message.number(dataSource.type),
        batch,
        message,
        isOurs: object !== null && this.#input.isOurs(object),
      });
    };
    for (const object of this.#objects("data_source")) add(new Message(object.bytes), object);
    for (const view of [...this.#feastViews.values()].sort((a, b) => compareText(a.name, b.name))) {
      for (const message of [view.batch, view.push, view.kafka]) add(message, null);
    }
    return found;
  }

  #decodeFile(source: SourceMessage, uses: SourceUses): void {
    const before = this.#input.known.sources.get(source.name);
    const readers = uses.byBatch.get(source.name) ?? [];
    if (before !== undefined && source.isOurs && readers.length === 0) {
      this.#sources.set(source.name, before);
      return;
    }
    const isPushed = uses.pushed.has(source.name);
    this.#attempt({ kind: "data_source", name: source.name }, "sources", () => {
      const isLive = isPushed || readers.some((view) => view.push !== null || view.kafka !== null);
      const columns = this.#columnsOf(source.name, before, readers, isLive);
      const keys = new Set(readers.flatMap((view) => [...view.keyTypes.keys()]));
      const stream = this.#streamOf(before, readers, uses.kafkaOf.get(source.name) ?? []);
      const model = decodeFileSource(source.message, before, { columns, keys, stream });
      if (before === undefined && readers.length === 0 && !isPushed) {
        throw new Unsupported(
          "no view that asof runs reads it",
          "Declare it with parquet(…) when a view needs it. It stays in the registry as it is.",
        );
      }
      this.#sources.set(source.name, source.isOurs && before !== undefined ? { ...before, columns } : model);
    });
  }

  #streamOf(before: SourceModel | undefined, readers: readonly FeastView[], kafkas: readonly SourceMessage[]): StreamModel | null {
    const known = before?.stream ?? null;
    for (const kafka of kafkas) {
      const isRead = readers.some((view) => view.kafka?.text(dataSource.name) === kafka.name);
      if (!isRead && known === null) continue;
      return kafka.isOurs && known !== null ? known : decodeKafka(kafka.message);
    }
    return known;
  }

  /** What asof knew, and what the views read beside. Two views that read one column in two types cannot both be had. */
  #columnsOf(name: string, before: SourceModel | undefined, readers: readonly FeastView[], nullable: boolean): readonly ColumnModel[] {
    const columns = new Map<string, ColumnModel>((before?.columns ?? []).map((column) => [column.name, column]));
    for (const view of readers) {
      const known = this.#input.known.views.get(view.name);
      for (const field of view.features) {
        const feature = field.text(featureSpec.name);
        const kept = known?.form === "request" ? undefined : known?.features.find((f) => f.name === feature);
        if (kept !== undefined && kept.kind !== "column") continue;
        const type = typeOfField(field, columns.get(feature)?.type);
        if (type === null) continue;
        const column = columns.get(feature);
        if (column === undefined) columns.set(feature, { name: feature, type, nullable, meta: {} });
        else if (!sameType(column.type, type)) this.#replaceColumn(columns, name, column, type, readers);
      }
    }
    return [...columns.values()];
  }

  /** A column takes another type only when all of its readers have it so. */
  #replaceColumn(
    columns: Map<string, ColumnModel>,
    source: string,
    column: ColumnModel,
    type: ValueType,
    readers: readonly FeastView[],
  ): void {
    const keeps = [...this.#input.known.views.values()].some(
      (view) =>
        view.form !== "request" &&
        view.source.name === source &&
        !readers.some((reader) => reader.name === view.name) &&
        view.features.some((f) => f.name === column.name),
    );
    if (!keeps && this.#input.known.sources.has(source)) columns.set(column.name, { ...column, type });
  }

  #decodePush(source: SourceMessage, views: readonly FeastView[]): void {
    const { known } = this.#input;
    const before = known.sources.get(source.name);
    const batch = source.batch === "" ? null : this.#sources.get(source.batch);
    if (batch === undefined || batch?.type === "push") {
      this.unsupported.push({
        kind: "data_source",
        name: source.name,
        why: `asof does not have its batch source "${source.batch}"`,
        fix: "See there.",
      });
      return;
    }
    const readers = views.filter((view) => view.push?.text(dataSource.name) === source.name);
    const isBatchKept = batch === null || known.sources.get(source.batch) === batch;
    if (before !== undefined && source.isOurs && readers.length === 0 && isBatchKept) {
      this.#sources.set(source.name, before);
      return;
    }
    this.#attempt({ kind: "data_source", name: source.name }, "sources", () => {
      const columns = batch === null ? this.#columnsOf(source.name, before, readers, true) : [];
      const shape = { columns, keys: new Set<string>(), stream: null };
      this.#sources.set(source.name, decodePushSource(source.message, batch, before, shape));
    });
  }

  #decodeViews(): void {
    const { known } = this.#input;
    for (const object of this.#objects("feature_view")) {
      const view = this.#feastViews.get(object.name);
      const before = known.views.get(object.name);
      if (view === undefined) {
        // What Feast made of it may be nothing that asof runs: then it is not what asof knew any more.
        if (before !== undefined && (this.#input.isOurs(object) || isBesideFeast(object.bytes)))
          this.#views.set(object.name, this.#relink(before));
        continue;
      }
      this.#attempt(object, "feature_views", () => this.#views.set(object.name, this.#decodeView(view, before)));
    }
    this.#keepUnwritten("feature_view", known.views, this.#views, (view) => this.#relink(view));
  }

  #decodeView(view: FeastView, before: ViewModel | undefined): ViewModel {
    const entities = view.entities.flatMap((name) => {
      const entity = this.#entities.get(name);
      if (entity !== undefined) return [entity];
      // Further keys of an entity stand in entities of their own, which asof does not need.
      if ([...this.#entities.values()].some((e) => e.keys.length > 1 && name.startsWith(`${e.name}__`))) return [];
      throw new Unsupported(`asof does not have its entity "${name}"`, "See there.");
    });
    const name = (view.push ?? view.batch)?.text(dataSource.name) ?? "";
    const source = this.#sources.get(name);
    if (source === undefined) throw new Unsupported(`asof does not have its source "${name}"`, "See there.");
    const model = decodeFeastView(view, entities, source, before);
    const conflict = model.features.find(
      (f) => f.kind === "column" && source.columns.some((c) => c.name === f.name && !sameType(c.type, f.type)),
    );
    if (conflict !== undefined) {
      throw new Unsupported(
        `another view reads column "${conflict.name}" of source "${name}" in another type`,
        "Give both views one type, or a source of its own each.",
      );
    }
    return model;
  }

  #relink(view: ViewModel): ViewModel {
    if (view.form === "request") {
      return { ...view, inputs: view.inputs.map((input) => ({ ...input, view: this.#views.get(input.view.name) ?? input.view })) };
    }
    const stored: PlainViewModel | WindowedViewModel = view;
    return {
      ...stored,
      entities: stored.entities.map((entity) => this.#entities.get(entity.name) ?? entity),
      source: this.#sources.get(stored.source.name) ?? stored.source,
    };
  }

  #decodeServices(): void {
    const { known, isOurs } = this.#input;
    const relink = (service: ServiceModel): ServiceModel => ({
      ...service,
      views: service.views.map((reference) => ({ ...reference, view: this.#views.get(reference.view.name) ?? reference.view })),
    });
    for (const object of this.#objects("feature_service")) {
      const before = known.services.get(object.name);
      if (before !== undefined && isOurs(object)) this.#services.set(object.name, relink(before));
      else {
        this.#attempt(object, "feature_services", () =>
          this.#services.set(
            object.name,
            decodeFeastService(object.bytes, (name) => this.#serviceView(name), before),
          ),
        );
      }
    }
    this.#keepUnwritten("feature_service", known.services, this.#services, relink);
  }

  #serviceView(name: string): ServiceView | undefined {
    const view = this.#views.get(name);
    if (view === undefined) return undefined;
    // What Feast has redefined is served as it is now.
    const served = this.#feastViews.has(name) ? null : (this.#input.servedFeatures?.(name) ?? null);
    return { view, features: served ?? view.features.map((feature) => feature.name) };
  }

  /** What Feast deleted although something that stays stands on it, stays too. */
  #keepUsed(): void {
    for (const service of this.#services.values()) {
      for (const { view } of service.views) if (!this.#views.has(view.name)) this.#views.set(view.name, this.#relink(view));
    }
    for (const view of [...this.#views.values()]) {
      if (view.form === "request") {
        for (const input of view.inputs) if (!this.#views.has(input.view.name)) this.#views.set(input.view.name, input.view);
      }
    }
    for (const view of this.#views.values()) {
      if (view.form === "request") continue;
      for (const entity of view.entities) if (!this.#entities.has(entity.name)) this.#entities.set(entity.name, entity);
      if (!this.#sources.has(view.source.name)) this.#sources.set(view.source.name, view.source);
    }
    for (const source of [...this.#sources.values()]) {
      const batch = source.type === "push" ? source.batch : null;
      if (batch !== null && !this.#sources.has(batch.name)) this.#sources.set(batch.name, batch);
    }
  }

  /** Definitions that Feast has no object for stay; one whose object is gone was deleted by Feast. */
  #keepUnwritten<T extends { readonly name: string }>(
    kind: FeastKind,
    known: ReadonlyMap<string, T>,
    found: Map<string, T>,
    relink = (object: T): T => object,
  ): void {
    for (const [name, object] of known) {
      if (found.has(name) || this.#refused.has(`${kind} ${name}`)) continue;
      if (!this.#input.wasWritten(kind, name)) found.set(name, relink(object));
    }
  }
}

interface SourceMessage {
  readonly name: string;
  readonly type: number;
  /** Name of the batch source of a push or Kafka source; else empty. */
  readonly batch: string;
  readonly message: Message;
  readonly isOurs: boolean;
}

/** Who reads what. */
interface SourceUses {
  readonly byBatch: ReadonlyMap<string, readonly FeastView[]>;
  readonly pushed: ReadonlySet<string>;
  readonly kafkaOf: ReadonlyMap<string, readonly SourceMessage[]>;
}

function sorted<T>(map: ReadonlyMap<string, T>): readonly T[] {
  return [...map].sort(([a], [b]) => compareText(a, b)).map(([, value]) => value);
}
