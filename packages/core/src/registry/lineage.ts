import type {
  LabelModel,
  PlainViewModel,
  RequestViewModel,
  ServiceModel,
  SourceModel,
  ViewModel,
  ViewReference,
  WindowedViewModel,
} from "../definition/model.ts";
import type { Json } from "../value/json.ts";
import { columnsOfFeature } from "./used-columns.ts";
import { printUsed, printVersion } from "./view-version.ts";

/** `from` was used to make `to`, as a definition says; the project and the time are added where it is recorded. */
export interface DerivedEdge {
  readonly from: string;
  readonly to: string;
  readonly details: Json;
}

/** Names of the nodes of lineage, as in `LineageEdge`. */
export const lineageNode = {
  column: (source: string, column: string): string => `source:${source}.${column}`,
  source: (source: string): string => `source:${source}`,
  requestField: (view: string, field: string): string => `request:${view}.${field}`,
  feature: (view: string, feature: string): string => `feature:${view}.${feature}`,
  label: (label: string, column: string): string => `label:${label}.${column}`,
  service: (service: string): string => `service:${service}`,
  trainingSet: (id: string): string => `training_set:${id}`,
};

/**
 * What the features of a view are made from: a plain or derived feature and an aggregate from the source columns they name; a
 * count without arguments from the event time; an output of a request view from every input feature and request field, since
 * its function is opaque.
 */
export function lineageOfView(view: ViewModel): readonly DerivedEdge[] {
  return view.form === "request" ? lineageOfRequestView(view) : lineageOfStoredView(view);
}

/** What the features of a version of a view were made from, under the version's own name. */
export function lineageOfVersion(view: PlainViewModel | WindowedViewModel, version: number): readonly DerivedEdge[] {
  return lineageOfStoredView(view, printVersion(view.name, version));
}

/** What the columns of a label are made from. */
export function lineageOfLabel(label: LabelModel): readonly DerivedEdge[] {
  return edgesOfColumns(label, (column) => lineageNode.label(label.name, column));
}

/** Every feature that a service uses. */
export function lineageOfService(service: ServiceModel): readonly DerivedEdge[] {
  const to = lineageNode.service(service.name);
  return distinct(service.views.flatMap((reference) => featuresOf(reference).map((from) => ({ from, to, details: detailsOf(reference) }))));
}

function lineageOfStoredView(view: PlainViewModel | WindowedViewModel, name = view.name): readonly DerivedEdge[] {
  return edgesOfColumns(view, (feature) => lineageNode.feature(name, feature));
}

function edgesOfColumns(
  { source, features }: Pick<LabelModel, "source" | "features">,
  nodeOf: (name: string) => string,
): readonly DerivedEdge[] {
  return features.flatMap((feature) => {
    const to = nodeOf(feature.name);
    const columns = columnsOfFeature(feature);
    const nodes = columns.length > 0 ? columns.map((c) => lineageNode.column(source.name, c)) : [rowsOf(source)];
    return nodes.map((from) => ({ from, to, details: { kind: feature.kind } }));
  });
}

/** What stands for the source's rows as such. */
function rowsOf(source: SourceModel): string {
  return source.eventTime === null ? lineageNode.source(source.name) : lineageNode.column(source.name, source.eventTime);
}

function lineageOfRequestView(view: RequestViewModel): readonly DerivedEdge[] {
  const from = [...view.inputs.flatMap(featuresOf), ...view.request.map((f) => lineageNode.requestField(view.name, f.name))];
  const edges = view.features.flatMap((f) =>
    from.map((node) => ({ from: node, to: lineageNode.feature(view.name, f.name), details: { kind: "computed" } })),
  );
  return distinct(edges);
}

function featuresOf(reference: ViewReference): readonly string[] {
  const { view, features, version, project } = reference;
  if (version === undefined && project === undefined)
    return (features ?? view.features.map((f) => f.name)).map((name) => lineageNode.feature(view.name, name));
  // Which features a version or another project's view has is known where it is looked up, not to what refers to it.
  return (features ?? ["*"]).map((name) => lineageNode.feature(printUsed(reference), name));
}

function detailsOf(reference: ViewReference): Json {
  const { view, version, name } = reference;
  return name === printUsed(version === undefined ? { view } : { view, version }) ? {} : { as: name };
}

/** A view may be used twice under different names; the first use stands for the edge. */
function distinct(edges: readonly DerivedEdge[]): readonly DerivedEdge[] {
  const known = new Map<string, DerivedEdge>();
  for (const edge of edges) {
    const id = JSON.stringify([edge.from, edge.to]);
    if (!known.has(id)) known.set(id, edge);
  }
  return [...known.values()];
}
