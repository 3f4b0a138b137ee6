import type {
  EntityModel,
  LabelModel,
  PlainViewModel,
  RepositoryModel,
  ServiceModel,
  SourceModel,
  ViewModel,
  WindowedViewModel,
} from "../definition/model.ts";
import type { ErrorCode } from "../error/codes.ts";
import { AsofError, assert } from "../error/error.ts";
import type { RecordKind, RegistrySnapshot } from "../store/registry.ts";
import type { Json } from "../value/json.ts";
import { type DefinitionResolver, decodeEntity, decodeLabel, decodeService, decodeSource, decodeView } from "./decode-definition.ts";
import type { ServedDefinition } from "./view-state.ts";

/** The registered definitions of one project, of all its repositories. An object that several refer to is one object. */
export interface ModelsByName {
  readonly entities: ReadonlyMap<string, EntityModel>;
  readonly sources: ReadonlyMap<string, SourceModel>;
  readonly views: ReadonlyMap<string, ViewModel>;
  readonly services: ReadonlyMap<string, ServiceModel>;
  readonly labels: ReadonlyMap<string, LabelModel>;
}

/** Specs of definitions by kind and name, from the registry or as a plan would leave it. */
export type SpecsByKind = Readonly<Record<"entity" | "source" | "feature_view" | "feature_service" | "label", ReadonlyMap<string, Json>>>;

/** Decodes the definitions of a snapshot of one project. Request views lack their functions. */
export function modelsFromSnapshot(snapshot: RegistrySnapshot): ModelsByName {
  const specs = {
    entity: new Map<string, Json>(),
    source: new Map<string, Json>(),
    feature_view: new Map<string, Json>(),
    feature_service: new Map<string, Json>(),
    label: new Map<string, Json>(),
  };
  let project: string | null = null;
  for (const record of snapshot.records) {
    assert(project === null || project === record.project, "models are decoded from a snapshot of one project");
    project = record.project;
    if (isModelKind(record.kind)) specs[record.kind].set(record.name, record.spec);
  }
  return decodeModels(specs);
}

/** The definitions of a project as one repository model, for example to run from the registry alone. */
export function repositoryFromSnapshot(snapshot: RegistrySnapshot, project: string): RepositoryModel {
  const models = modelsFromSnapshot({ ...snapshot, records: snapshot.records.filter((r) => r.project === project) });
  return {
    project,
    entities: [...models.entities.values()],
    sources: [...models.sources.values()],
    views: [...models.views.values()],
    services: [...models.services.values()],
    ...(models.labels.size === 0 ? {} : { labels: [...models.labels.values()] }),
  };
}

/** Decodes definitions; each refers to the very objects of the others. ASOF_OBJECT_UNKNOWN where one is missing. */
export function decodeModels(specs: SpecsByKind): ModelsByName {
  const entities = new Map<string, EntityModel>();
  const sources = new Map<string, SourceModel>();
  const views = new Map<string, ViewModel>();
  const services = new Map<string, ServiceModel>();
  const labels = new Map<string, LabelModel>();
  const open = new Set<string>();
  const resolver: DefinitionResolver = {
    entity: (name) => remember(entities, name, () => decodeEntity(name, specOf(specs.entity, name, "Entity"))),
    source: (name) => remember(sources, name, () => decodeSource(name, specOf(specs.source, name, "Source"))),
    view: (name) =>
      remember(views, name, () => {
        if (open.has(name))
          throw new AsofError("ASOF_CYCLE", `Request view "${name}" depends on itself.`, {
            path: name,
            fix: "Apply definitions without the circle.",
          });
        open.add(name);
        return decodeView(name, specOf(specs.feature_view, name, "Feature view"), resolver);
      }),
  };
  for (const name of specs.entity.keys()) resolver.entity(name);
  for (const name of specs.source.keys()) resolver.source(name);
  for (const name of specs.feature_view.keys()) resolver.view(name);
  for (const [name, spec] of specs.feature_service) services.set(name, decodeService(name, spec, resolver));
  for (const [name, spec] of specs.label) labels.set(name, decodeLabel(name, spec, resolver));
  return { entities, sources, views, services, labels };
}

/** The definition with which the active generation of a view was filled, while another one is being built. */
export function servedViewOf(name: string, served: ServedDefinition): PlainViewModel | WindowedViewModel {
  const entities = new Map(served.entities.map((e) => [e.name, decodeEntity(e.name, e.spec)]));
  const source = decodeSource(served.source.name, served.source.spec);
  const view = decodeView(name, served.view, {
    entity: (entity) => entities.get(entity) ?? refuseMissing("Entity", entity),
    source: () => source,
    view: (other) => refuseMissing("Feature view", other),
  });
  assert(view.form !== "request", "only stored views are served from a generation");
  return view;
}

function isModelKind(kind: RecordKind): kind is keyof SpecsByKind {
  return kind === "entity" || kind === "source" || kind === "feature_view" || kind === "feature_service" || kind === "label";
}

function remember<T>(known: Map<string, T>, name: string, make: () => T): T {
  const found = known.get(name);
  if (found !== undefined) return found;
  const made = make();
  known.set(name, made);
  return made;
}

function specOf(specs: ReadonlyMap<string, Json>, name: string, kind: string): Json {
  return specs.get(name) ?? refuseMissing(kind, name);
}

function refuseMissing(kind: string, name: string): never {
  const code: ErrorCode = kind === "Feature view" ? "ASOF_FEATURE_UNKNOWN" : "ASOF_OBJECT_UNKNOWN";
  throw new AsofError(code, `${kind} "${name}" is referred to but not registered.`, { path: name, fix: "Apply the definitions again." });
}
