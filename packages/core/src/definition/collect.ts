import type { Issue } from "../error/error.ts";
import { type AnyDefinition, isDefinition, issuesOf, modelOf } from "./definition.ts";
import type {
  EntityModel,
  LabelModel,
  ObjectModel,
  RepositoryModel,
  ServiceModel,
  SourceModel,
  ViewModel,
  ViewReference,
} from "./model.ts";
import { viewReference } from "./view.ts";

/**
 * Everything that modules define: their exported objects (also in exported arrays and plain objects, one level deep) and all
 * that these refer to, each once. Two different objects of one kind and name both stay in, so that `validateRepository`
 * reports them. Faults found while building come along in `issues`.
 */
export function collectDefinitions(modules: readonly Readonly<Record<string, unknown>>[], project: string): RepositoryModel {
  const collector = new Collector();
  for (const module of modules) {
    for (const exported of Object.values(module)) collector.addExport(exported);
  }
  return collector.finish(project);
}

class Collector {
  readonly #entities = new Set<EntityModel>();
  readonly #sources = new Set<SourceModel>();
  readonly #views = new Set<ViewModel>();
  readonly #services = new Set<ServiceModel>();
  readonly #labels = new Set<LabelModel>();
  readonly #issues = new Set<Issue>();

  addExport(exported: unknown): void {
    const found = isDefinition(exported) ? [exported] : isContainer(exported) ? Object.values(exported).filter(isDefinition) : [];
    for (const definition of found) this.#addDefinition(definition);
  }

  finish(project: string): RepositoryModel {
    return Object.freeze({
      project,
      entities: Object.freeze([...this.#entities]),
      sources: Object.freeze([...this.#sources]),
      views: Object.freeze([...this.#views]),
      services: Object.freeze([...this.#services]),
      ...(this.#labels.size === 0 ? {} : { labels: Object.freeze([...this.#labels]) }),
      issues: Object.freeze([...this.#issues]),
    });
  }

  #addDefinition(definition: AnyDefinition): void {
    for (const issue of issuesOf(definition)) this.#issues.add(issue);
    if (viewReference(definition)?.project === undefined) this.#add(modelOf(definition));
  }

  #add(model: ObjectModel): void {
    switch (model.kind) {
      case "entity":
        this.#entities.add(model);
        return;
      case "source":
        this.#sources.add(model);
        if (model.type === "push" && model.batch !== null) this.#add(model.batch);
        return;
      case "service":
        this.#services.add(model);
        this.#addUsed(model.views);
        return;
      case "label":
        this.#labels.add(model);
        this.#addTable(model);
        return;
      case "view":
        this.#addView(model);
    }
  }

  /** What another project owns is defined there. */
  #addUsed(references: readonly ViewReference[]): void {
    for (const reference of references) if (reference.project === undefined) this.#add(reference.view);
  }

  #addView(view: ViewModel): void {
    if (this.#views.has(view)) return;
    this.#views.add(view);
    if (view.form === "request") {
      this.#addUsed(view.inputs);
      return;
    }
    this.#addTable(view);
  }

  #addTable({ entities, source }: Pick<LabelModel, "entities" | "source">): void {
    for (const entity of entities) this.#add(entity);
    // The nameless source stands for one that was not given; its absence is an issue already.
    if (source.name !== "") this.#add(source);
  }
}

function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
