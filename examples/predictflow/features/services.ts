import { featureService } from "asof";
import { behavioralFeatures, spendTrend } from "./behavioral_features.ts";
import { churnFeatures, customerDemographics } from "./customer_features.ts";

/** What the churn model reads: in training, and in every request. */
export const churnV1 = featureService("churn_v1", [churnFeatures, customerDemographics, behavioralFeatures, spendTrend], {
  owner: "growth@predictflow",
  tags: { team: "growth" },
  description: "Features of the first churn model.",
});
