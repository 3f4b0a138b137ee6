/** A kind of object that can be listed and described. Command names are Feast's. */
export interface DescribedKind {
  readonly name: "entity" | "source" | "feature_view" | "feature" | "feature_service" | "label" | "project";
  readonly command: string;
  readonly plural: string;
  /** A name in the example project, for help texts. */
  readonly example: string;
}

export const describedKinds: readonly DescribedKind[] = [
  { name: "entity", command: "entities", plural: "entities", example: "customer" },
  { name: "source", command: "data-sources", plural: "data sources", example: "baskets" },
  { name: "feature_view", command: "feature-views", plural: "feature views", example: "churn_features" },
  { name: "feature", command: "features", plural: "features", example: "churn_features:tenure_months" },
  { name: "feature_service", command: "feature-services", plural: "feature services", example: "churn_v1" },
  { name: "label", command: "labels", plural: "labels", example: "churn" },
  { name: "project", command: "projects", plural: "projects", example: "shop" },
];
