import type { RegistrySnapshot } from "../store/registry.ts";
import type { Plan } from "./plan.ts";
import { planChanges } from "./plan-changes.ts";
import { indexRegistered, objectKinds } from "./registered.ts";

/**
 * Computes what `teardown` would do: delete everything that a repository manages in a project, and the project itself when
 * nothing of it is left. What other repositories use is refused (ASOF_IN_USE). Data of the views' generations are removed by
 * whoever applies the plan; the numbers of the generations stay, so that they are never used again.
 */
export function teardownPlan(snapshot: RegistrySnapshot, project: string, repository: string): Plan {
  const registered = indexRegistered(snapshot, project);
  const record = registered.record("project", project);
  const isOthers = objectKinds.some((kind) => registered.records(kind).some((r) => r.repository !== repository));
  const plan = planChanges(snapshot, { project, entities: [], sources: [], views: [], services: [] }, repository);
  const withoutProject = plan.entries.filter((e) => e.kind !== "project");
  const changes = plan.changes.filter((c) => c.kind !== "project");
  if (record === null || isOthers) return { ...plan, entries: withoutProject, changes };
  const nothing = { recompute: [], online: "nothing", versions: null, services: [], lineage: { added: [], removed: [] } } as const;
  return {
    ...plan,
    entries: [
      ...withoutProject,
      { action: "deleted", kind: "project", name: project, repository, adoptedFrom: null, part: "data", differences: [], implies: nothing },
    ],
    changes: [...changes, { op: "delete", ifRevision: record.revision, project, kind: "project", name: project }],
  };
}
