import assert from "node:assert/strict";
import { test } from "node:test";
import { paint } from "../paint.ts";
import { type PlanJson, printPlanCompactly } from "./print-plan.ts";

const nothing = { recompute: [], online: null, services: [] };

test("changes are told as `asof plan` tells them, in a line per object", () => {
  const plan: PlanJson = {
    project: "shop",
    summary: { created: 0, changed: 2, recreated: 0, deleted: 0, unchanged: 7 },
    entries: [
      {
        action: "changed",
        kind: "feature_view",
        name: "profile",
        part: "data",
        differences: [
          { path: "features.spend_1d.aggregate.windowUs", part: "data", before: 86_400_000_000, after: 172_800_000_000 },
          { path: "ttlUs", part: "data", before: 2_592_000_000_000, after: 1_728_000_000_000 },
          { path: "tags.team", part: "metadata", after: "growth" },
        ],
        implies: nothing,
      },
      {
        action: "changed",
        kind: "entity",
        name: "customer",
        part: "metadata",
        differences: [
          { path: "description", part: "metadata", before: "short", after: "so long that it would not fit into a line beside the others" },
        ],
        implies: nothing,
      },
    ],
    warnings: [],
    refusals: [],
  };
  assert.deepEqual(printPlanCompactly(plan, paint(false)), [
    "2 changed, 7 unchanged",
    "  ~ feature view profile: features.spend_1d.window: 1d → 2d, ttl: 30d → 20d, tags.team: growth",
    "  ~ entity customer: description: short → so long that it would not fit into a l… (metadata only)",
  ]);
});
