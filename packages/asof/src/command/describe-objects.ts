import {
  createFeatureRegistry,
  type EntityModel,
  encodeDefinition,
  type FeatureModel,
  formatDuration,
  formatInstant,
  type Json,
  type LabelModel,
  type Meta,
  printFieldChange,
  printType,
  printUsed,
  type RegisteredFeature,
  type RegistryView,
  type ServiceModel,
  type SourceModel,
  type ViewModel,
  type ViewReference,
} from "@asof/core";
import type { Session } from "../store/session.ts";
import type { DescribedKind } from "./kinds.ts";

/** A registered object as the list commands show it. */
export interface DescribedObject {
  readonly name: string;
  readonly meta: Meta;
  /** Cells of the list's table, title → text. */
  readonly cells: Readonly<Record<string, string>>;
  /** All of it, for `describe`. */
  readonly whole: Readonly<Record<string, unknown>>;
}

/** What is registered of a kind, in the order of the registry. */
export async function describeObjects(session: Session, kind: DescribedKind): Promise<readonly DescribedObject[]> {
  const registry = await session.registry();
  const { models } = registry;
  switch (kind.name) {
    case "entity":
      return [...models.entities.values()].map((entity) => describeEntity(registry, entity));
    case "source":
      return [...models.sources.values()].map((source) => describeSource(registry, source));
    case "feature_view":
      return [...models.views.values()].map((view) => describeView(registry, view));
    case "feature":
      return describeFeatures(session, registry);
    case "feature_service":
      return [...models.services.values()].map(describeService);
    case "label":
      return [...models.labels.values()].map(describeLabel);
    case "project":
      return describeProjects(session);
  }
}

function describeEntity({ models }: RegistryView, entity: EntityModel): DescribedObject {
  const keys = entity.keys.map((key) => [key.name, printType(key.type)] as const);
  const views = [...models.views.values()].filter((v) => v.form !== "request" && v.entities.some((e) => e.name === entity.name));
  return {
    name: entity.name,
    meta: entity.meta,
    cells: { KEYS: keys.map(([name, type]) => `${name} ${type}`).join(", ") },
    whole: {
      keys: Object.fromEntries(keys),
      feature_views: names(views),
      ...labelsWhere(models, (label) => label.entities.some((e) => e.name === entity.name)),
    },
  };
}

function describeSource({ models }: RegistryView, source: SourceModel): DescribedObject {
  const views = [...models.views.values()].filter((v) => v.form !== "request" && v.source.name === source.name);
  const { eventTime, createdTime, eventId, mapping, stream } = source;
  return {
    name: source.name,
    meta: source.meta,
    cells: { TYPE: source.type, FROM: placeOf(source), "EVENT TIME": eventTime ?? "static" },
    whole: present({
      type: source.type,
      ...(source.type === "sql" ? { query: dedent(source.query) } : {}),
      ...(source.type === "push" ? { batch: source.batch?.name } : {}),
      ...("paths" in source ? { paths: source.paths } : {}),
      event_time: eventTime ?? "none: a static dimension, visible at every time",
      created_time: createdTime,
      event_id: eventId,
      mapping: Object.keys(mapping).length === 0 ? null : mapping,
      stream: stream === null ? null : `${stream.type} topic ${stream.topic}`,
      columns: Object.fromEntries(source.columns.map((c) => [c.name, withMeta(printType(c.type), c.meta)])),
      feature_views: names(views),
      ...labelsWhere(models, (label) => label.source.name === source.name),
    }),
  };
}

function placeOf(source: SourceModel): string {
  if (source.type === "sql") return "query";
  if (source.type === "push") return source.batch === null ? "pushes" : `pushes and ${source.batch.name}`;
  return source.paths.join(", ");
}

function describeView(registry: RegistryView, view: ViewModel): DescribedObject {
  const definitions = definitionTexts(view);
  const services = [...registry.models.services.values()].filter((s) => s.views.some((r) => readsView(r, view.name)));
  return {
    name: view.name,
    meta: view.meta,
    cells: {
      FORM: view.form,
      ENTITIES: entitiesOf(view),
      FEATURES: String(view.features.length),
      TTL: ttlOf(view),
      ONLINE: onlineOf(registry, view),
    },
    whole: present({
      form: view.form,
      ...(view.form === "request"
        ? { inputs: view.inputs.map(printReference), request: Object.fromEntries(view.request.map((f) => [f.name, printType(f.type)])) }
        : { entities: names(view.entities), source: view.source.name }),
      ...(view.form === "plain" ? { ttl: view.ttlUs === null ? "no limit" : formatDuration(view.ttlUs) } : {}),
      ...(view.form === "windowed" ? { separable: formatDuration(view.separableUs) } : {}),
      features: Object.fromEntries(view.features.map((f) => [f.name, withMeta(definitions.get(f.name) ?? printType(f.type), f.meta)])),
      feature_services: names(services),
      ...(view.form === "request" || view.shared === undefined
        ? {}
        : { shared_with: view.shared === true ? "every project" : view.shared }),
      online: coverageOf(registry, view),
      fingerprint: encodeDefinition(view).dataFingerprint,
    }),
  };
}

function entitiesOf(view: ViewModel): string {
  return view.form === "request" ? `from ${view.inputs.map((i) => i.name).join(", ")}` : names(view.entities).join(", ");
}

function ttlOf(view: ViewModel): string {
  return view.form === "plain" && view.ttlUs !== null ? formatDuration(view.ttlUs) : "";
}

/** Up to when the online store knows the view. */
function onlineOf(registry: RegistryView, view: ViewModel): string {
  if (view.form === "request") return "computed";
  const ends = [...(registry.views.get(view.name)?.coverage.values() ?? [])].map((c) => c.toUs);
  return ends.length === 0 ? "not materialized" : `to ${formatInstant(Math.min(...ends))}`;
}

/** One entry where all features cover the same; features that were added later have one of their own. */
function coverageOf(registry: RegistryView, view: ViewModel): unknown {
  const served = registry.views.get(view.name);
  if (served === undefined) return "computed at request time";
  const spans = new Map<string, string[]>();
  for (const { name } of view.features) {
    const covered = served.coverage.get(name);
    const span =
      covered === undefined
        ? "not materialized"
        : `${covered.fromUs === null ? "from the beginning" : `from ${formatInstant(covered.fromUs)}`} to ${formatInstant(covered.toUs)}`;
    spans.set(span, [...(spans.get(span) ?? []), name]);
  }
  const [only] = spans.keys();
  const kept = [...(registry.versions.get(view.name)?.keys() ?? [])].filter((version) => version !== served.version);
  return present({
    version: `v${served.version}`,
    coverage: spans.size === 1 ? only : Object.fromEntries(spans),
    kept_beside: kept.length === 0 ? null : kept.map((version) => `v${version}`),
  });
}

/** `int64 = count() over 90d where used_coupon = true`, by feature. */
function definitionTexts(view: ViewModel): ReadonlyMap<string, string> {
  const spec = encodeDefinition(view).spec as { readonly data?: { readonly features?: Readonly<Record<string, Json>> } };
  return new Map(
    Object.entries(spec.data?.features ?? {}).map(([name, feature]) => [
      name,
      printFieldChange({ path: `features.${name}`, part: "data", after: feature }),
    ]),
  );
}

async function describeFeatures(session: Session, registry: RegistryView): Promise<readonly DescribedObject[]> {
  const { registry: store, project, clock } = session.runtime;
  const registered = await createFeatureRegistry(store, { project, repository: session.repositoryName }, clock).getFeatures();
  const byReference = new Map(registered.map((feature) => [feature.reference, feature]));
  return [...registry.models.views.values()].flatMap((view) => {
    const definitions = definitionTexts(view);
    return view.features.map((feature) => {
      const reference = `${view.name}:${feature.name}`;
      return describeFeature(view, feature, {
        definition: definitions.get(feature.name) ?? "",
        found: byReference.get(reference),
        reference,
      });
    });
  });
}

function describeFeature(
  view: ViewModel,
  feature: FeatureModel,
  about: { readonly definition: string; readonly found: RegisteredFeature | undefined; readonly reference: string },
): DescribedObject {
  const tags = { ...view.meta.tags, ...feature.meta.tags };
  return {
    name: about.reference,
    meta: { ...view.meta, ...feature.meta, ...(Object.keys(tags).length === 0 ? {} : { tags }) },
    cells: { TYPE: printType(feature.type), DEFINITION: originOf(view, feature, about.definition) },
    whole: present({
      feature_view: view.name,
      type: printType(feature.type),
      definition: originOf(view, feature, about.definition),
      entities: about.found?.entities,
      source: about.found?.source,
      feature_services: about.found?.services,
      repository: about.found?.repository,
    }),
  };
}

/** What a feature's values are made of. */
function originOf(view: ViewModel, feature: FeatureModel, definition: string): string {
  if (view.form === "request") return `computed by ${view.name}`;
  return feature.kind === "column" ? `column of ${view.source.name}` : definition.replace(/^.*? = /, "");
}

function describeService(service: ServiceModel): DescribedObject {
  return {
    name: service.name,
    meta: service.meta,
    cells: { VIEWS: service.views.map((v) => v.name).join(", ") },
    whole: { feature_views: service.views.map(printReference), fingerprint: encodeDefinition(service).dataFingerprint },
  };
}

/** `churn_features: tenure_months, monthly_charges` with alias, renamed keys and age limit where there are any. */
function printReference(reference: ViewReference): string {
  const keys = Object.entries(reference.keys).map(([key, column]) => `${key} from ${column}`);
  const used = printUsed(reference);
  const ownName = used.slice(used.indexOf("/") + 1);
  const parts = [
    reference.features === null ? "all features" : reference.features.join(", "),
    ...(reference.name === ownName ? [] : [`as ${reference.name}`]),
    ...keys,
    ...(reference.maxAgeUs === null ? [] : [`at most ${formatDuration(reference.maxAgeUs)} old`]),
  ];
  return `${used}: ${parts.join("; ")}`;
}

function readsView(reference: ViewReference, view: string): boolean {
  if (reference.project !== undefined) return false;
  if (reference.view.name === view) return true;
  return reference.view.form === "request" && reference.view.inputs.some((input) => readsView(input, view));
}

/** Names of the labels that something is used by, where there are any. */
function labelsWhere(models: RegistryView["models"], uses: (label: LabelModel) => boolean): { readonly labels?: readonly string[] } {
  const found = names([...models.labels.values()].filter(uses));
  return found.length === 0 ? {} : { labels: found };
}

function describeLabel(label: LabelModel): DescribedObject {
  const columns = label.features.map((f) => [f.name, withMeta(printType(f.type), f.meta)] as const);
  const { entities, source, delayUs, ttlUs } = label;
  return {
    name: label.name,
    meta: label.meta,
    cells: { ENTITIES: names(entities).join(", "), SOURCE: source.name, DELAY: formatDuration(delayUs), COLUMNS: String(columns.length) },
    whole: {
      entities: names(entities),
      source: source.name,
      delay: formatDuration(delayUs),
      ttl: ttlUs === null ? "no limit" : formatDuration(ttlUs),
      columns: Object.fromEntries(columns),
    },
  };
}

/** Every project of the registry, not only the one at hand. */
async function describeProjects(session: Session): Promise<readonly DescribedObject[]> {
  const { records } = await session.runtime.registry.snapshot(null);
  const projects = [...new Set(records.filter((r) => r.kind === "project").map((r) => r.project))];
  return projects.map((name) => {
    const named = (kind: string): readonly string[] => records.filter((r) => r.project === name && r.kind === kind).map((r) => r.name);
    const views = named("feature_view");
    const services = named("feature_service");
    return {
      name,
      meta: {},
      cells: { VIEWS: String(views.length), SERVICES: String(services.length), HERE: name === session.runtime.project ? "yes" : "" },
      whole: {
        entities: named("entity"),
        data_sources: named("source"),
        feature_views: views,
        feature_services: services,
        labels: named("label"),
      },
    };
  });
}

function names(objects: readonly { readonly name: string }[]): readonly string[] {
  return objects.map((object) => object.name);
}

/** A column's or feature's text, and what is said about it. */
function withMeta(text: string, meta: Meta): unknown {
  return Object.keys(meta).length === 0 ? text : { definition: text, ...meta };
}

/** A query without the indentation of the file it was written in. */
function dedent(text: string): string {
  const lines = text
    .replace(/^\s*\n/, "")
    .trimEnd()
    .split("\n");
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.length - line.trimStart().length);
  const indent = Math.min(...indents);
  return lines.map((line) => line.slice(indent)).join("\n");
}

/** Without the fields that say nothing. */
function present(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
