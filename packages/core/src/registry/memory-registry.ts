import {
  type ChangeSet,
  definitionKinds,
  type JobRecord,
  type LineageEdge,
  type LineageEdgeKey,
  type RecordKey,
  type RegistryChange,
  type RegistryRecord,
  type RegistryStore,
} from "../store/registry.ts";
import { compareText } from "../value/order.ts";

interface LoggedChange {
  readonly version: number;
  readonly key: RecordKey;
  readonly op: "put" | "delete";
}

/** A registry that lives as long as the process: for tests and trials. */
export function openMemoryRegistry(): RegistryStore {
  const records = new Map<string, RegistryRecord>();
  const changes = new Map<string, LoggedChange>();
  const jobs = new Map<string, JobRecord>();
  const edges = new Map<string, LineageEdge>();
  let version = 0;
  let definitionsVersion = 0;

  function holds(change: RegistryChange): boolean {
    return change.ifRevision === null || change.ifRevision === (records.get(textOf(change))?.revision ?? 0);
  }

  function write(change: RegistryChange, nowUs: number): void {
    const id = textOf(change);
    const { project, kind, name } = change;
    if (change.op === "delete") {
      if (!records.delete(id)) return;
    } else {
      const { op: _op, ifRevision: _ifRevision, ...record } = change;
      records.set(id, { ...structuredClone(record), revision: (records.get(id)?.revision ?? 0) + 1, updatedAtUs: nowUs });
    }
    // Deleted first, so that the map's order is the order of last changes.
    changes.delete(id);
    changes.set(id, { version, key: { project, kind, name }, op: change.op });
  }

  function addEdges(added: readonly LineageEdge[]): void {
    for (const edge of added) if (!edges.has(edgeText(edge))) edges.set(edgeText(edge), structuredClone(edge));
  }

  return {
    type: "memory",
    async snapshot(project) {
      const selected = [...records.values()].filter((r) => project === null || r.project === project);
      return { version, definitionsVersion, records: selected.sort(compareKeys) };
    },
    async read(keys) {
      return keys.map((key) => records.get(textOf(key)) ?? null);
    },
    async versions() {
      return { version, definitionsVersion };
    },
    async commit(changeSet: ChangeSet, nowUs) {
      const { ifDefinitionsVersion, lineage } = changeSet;
      if (ifDefinitionsVersion !== null && ifDefinitionsVersion !== definitionsVersion) return "conflict";
      if (!changeSet.changes.every(holds)) return "conflict";
      version++;
      if (changeSet.changes.some((c) => definitionKinds.includes(c.kind))) definitionsVersion++;
      for (const change of changeSet.changes) write(change, nowUs);
      for (const key of lineage?.remove ?? []) edges.delete(edgeText(key));
      addEdges(lineage?.add ?? []);
      return { version };
    },
    async changesSince(since) {
      return [...changes.values()].filter((c) => c.version > since);
    },
    async putJob(job) {
      jobs.set(job.id, structuredClone(job));
    },
    async getJob(id) {
      return jobs.get(id) ?? null;
    },
    async listJobs(project, limit) {
      const own = [...jobs.values()].filter((j) => j.project === project);
      return own.sort((a, b) => b.startedAtUs - a.startedAtUs || compareText(a.id, b.id)).slice(0, limit);
    },
    async addLineage(added) {
      addEdges(added);
    },
    async listLineage(project) {
      const own = [...edges.values()].filter((e) => e.project === project);
      return own.sort((a, b) => compareText(a.from, b.from) || compareText(a.to, b.to) || compareText(a.recordedBy, b.recordedBy));
    },
    async [Symbol.asyncDispose]() {},
  };
}

function textOf(key: RecordKey): string {
  return JSON.stringify([key.project, key.kind, key.name]);
}

function edgeText(edge: LineageEdgeKey): string {
  return JSON.stringify([edge.project, edge.from, edge.to, edge.recordedBy]);
}

function compareKeys(a: RecordKey, b: RecordKey): number {
  return compareText(a.project, b.project) || compareText(a.kind, b.kind) || compareText(a.name, b.name);
}
