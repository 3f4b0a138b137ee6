import type { FeatureModel, ViewModel, ViewReference } from "@asof/core";
import type { Asked } from "../store/session.ts";

/**
 * The commonest skew on purpose: somebody changes a feature in the training code and the service goes on with the old meaning.
 * `coupons_90d` loses its condition and counts every basket.
 */
export function injectSkew(asked: Asked): Asked {
  return "views" in asked ? { ...asked, views: asked.views.map(skewReference) } : asked.map(skewReference);
}

function skewReference(reference: ViewReference): ViewReference {
  return { ...reference, view: skewView(reference.view) };
}

function skewView(view: ViewModel): ViewModel {
  if (view.form === "request") return { ...view, inputs: view.inputs.map(skewReference) };
  return { ...view, features: view.features.map(skewFeature) };
}

function skewFeature(feature: FeatureModel): FeatureModel {
  if (feature.name !== "coupons_90d" || feature.kind !== "aggregate") return feature;
  return { ...feature, aggregate: { ...feature.aggregate, where: null } };
}
