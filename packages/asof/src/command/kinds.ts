/** A kind of object that can be listed and described. Command names are Feast's. */
export interface DescribedKind {
  readonly name: "entity" | "source" | "feature_view" | "feature" | "feature_service" | "project";
  readonly command: string;
  readonly plural: string;
}

export const describedKinds: readonly DescribedKind[] = [
  { name: "entity", command: "entities", plural: "entities" },
  { name: "source", command: "data-sources", plural: "data sources" },
  { name: "feature_view", command: "feature-views", plural: "feature views" },
  { name: "feature", command: "features", plural: "features" },
  { name: "feature_service", command: "feature-services", plural: "feature services" },
  { name: "project", command: "projects", plural: "projects" },
];
