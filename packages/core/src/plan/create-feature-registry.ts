import type { EntityModel, RepositoryModel, ServiceModel, SourceModel, ViewModel } from "../definition/model.ts";
import type { Clock } from "../platform/clock.ts";
import type { FeatureFilter, FeatureRegistry, LineageFact, RegisteredFeature } from "../registry/feature-registry.ts";
import type { RegistryStore } from "../store/registry.ts";
import { applyDefinitions } from "./apply-plan.ts";
import { indexRegistered } from "./registered.ts";
import { type ServiceUses, servicesReading, serviceUses } from "./service-uses.ts";

export interface FeatureRegistryConfig {
  readonly project: string;
  /** The repository under which definitions are registered. */
  readonly repository: string;
}

/** The feature registry over a registry store. */
export function createFeatureRegistry(store: RegistryStore, config: FeatureRegistryConfig, clock: Clock): FeatureRegistry {
  const { project, repository } = config;
  return {
    async registerFeature(definition) {
      const model = standaloneRepository(project, definition);
      const { outcome } = await applyDefinitions(store, model, repository, { deleteMissing: false }, clock);
      return { changed: outcome.status === "applied" };
    },
    async getFeatures(filter = {}) {
      const registered = indexRegistered(await store.snapshot(project), project);
      const specsOf = (kind: "feature_view" | "feature_service") => new Map(registered.records(kind).map((r) => [r.name, r.spec]));
      const uses = serviceUses({ views: specsOf("feature_view"), services: specsOf("feature_service") });
      const { views } = registered.models();
      const features = registered.records("feature_view").flatMap((record) => {
        const view = views.get(record.name);
        return view === undefined ? [] : featuresOf(view, record, uses);
      });
      return features.filter((feature) => isSelected(feature, filter));
    },
    async recordLineage(facts) {
      const recordedAtUs = clock.nowUs();
      await store.addLineage(facts.map((fact: LineageFact) => ({ ...fact, project, recordedAtUs, details: fact.details ?? {} })));
    },
  };
}

/** A repository of one view or service and all that it stands on. */
function standaloneRepository(project: string, definition: ViewModel | ServiceModel): RepositoryModel {
  const entities = new Map<string, EntityModel>();
  const sources = new Map<string, SourceModel>();
  const views = new Map<string, ViewModel>();
  const addView = (view: ViewModel) => {
    if (views.has(view.name)) return;
    views.set(view.name, view);
    if (view.form === "request") for (const input of view.inputs) addView(input.view);
    else {
      for (const entity of view.entities) entities.set(entity.name, entity);
      sources.set(view.source.name, view.source);
    }
  };
  if (definition.kind === "view") addView(definition);
  else for (const reference of definition.views) addView(reference.view);
  return {
    project,
    entities: [...entities.values()],
    sources: [...sources.values()],
    views: [...views.values()],
    services: definition.kind === "service" ? [definition] : [],
  };
}

function featuresOf(
  view: ViewModel,
  record: { readonly project: string; readonly repository: string; readonly dataFingerprint: string },
  uses: ServiceUses,
): readonly RegisteredFeature[] {
  return view.features.map((feature) => ({
    project: record.project,
    view: view.name,
    name: feature.name,
    reference: `${view.name}:${feature.name}`,
    type: feature.type,
    entities: entitiesOf(view),
    source: view.form === "request" ? null : view.source.name,
    owner: feature.meta.owner ?? view.meta.owner ?? null,
    description: feature.meta.description ?? null,
    tags: { ...view.meta.tags, ...feature.meta.tags },
    services: servicesReading(uses, view.name, [feature.name]),
    repository: record.repository,
    fingerprint: record.dataFingerprint,
  }));
}

/** A request view is about the entities of its inputs. */
function entitiesOf(view: ViewModel): readonly string[] {
  if (view.form !== "request") return view.entities.map((e) => e.name);
  return [...new Set(view.inputs.flatMap((input) => entitiesOf(input.view)))];
}

function isSelected(feature: RegisteredFeature, filter: FeatureFilter): boolean {
  return (
    (filter.view === undefined || filter.view === feature.view) &&
    (filter.service === undefined || feature.services.includes(filter.service)) &&
    (filter.entity === undefined || feature.entities.includes(filter.entity)) &&
    (filter.owner === undefined || filter.owner === feature.owner) &&
    Object.entries(filter.tags ?? {}).every(([name, value]) => Object.hasOwn(feature.tags, name) && feature.tags[name] === value)
  );
}
