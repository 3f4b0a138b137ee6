import {
  type ChangeSet,
  definitionKinds,
  type JobRecord,
  type LineageEdge,
  type LineageEdgeKey,
  type RecordKey,
  type RegistryChange,
  type RegistryRecord,
  type RegistrySnapshot,
  type RegistryStore,
  type StatisticsFilter,
  type StatisticsRecord,
} from "../store/registry.ts";
import { compareText } from "../value/order.ts";

interface LoggedChange {
  readonly version: number;
  readonly key: RecordKey;
  readonly op: "put" | "delete";
}

/** A registry that lives as long as the process: for tests and trials. */
export function openMemoryRegistry(): RegistryStore {
  return new MemoryRegistry();
}

class MemoryRegistry implements RegistryStore {
  readonly type = "memory";
  readonly #records = new Map<string, RegistryRecord>();
  readonly #changes = new Map<string, LoggedChange>();
  readonly #jobs = new Map<string, JobRecord>();
  readonly #edges = new Map<string, LineageEdge>();
  readonly #statistics = new Map<string, StatisticsRecord>();
  #version = 0;
  #definitionsVersion = 0;

  async snapshot(project: string | null): Promise<RegistrySnapshot> {
    const selected = [...this.#records.values()].filter((r) => project === null || r.project === project);
    return { ...(await this.versions()), records: selected.sort(compareKeys) };
  }

  async read(keys: readonly RecordKey[]): Promise<readonly (RegistryRecord | null)[]> {
    return keys.map((key) => this.#records.get(textOf(key)) ?? null);
  }

  async versions(): Promise<{ readonly version: number; readonly definitionsVersion: number }> {
    return { version: this.#version, definitionsVersion: this.#definitionsVersion };
  }

  async commit(changeSet: ChangeSet, nowUs: number): Promise<{ readonly version: number } | "conflict"> {
    const { changes, ifDefinitionsVersion, lineage } = changeSet;
    if (ifDefinitionsVersion !== null && ifDefinitionsVersion !== this.#definitionsVersion) return "conflict";
    if (!changes.every((change) => this.#holds(change))) return "conflict";
    this.#version++;
    if (changes.some((c) => definitionKinds.includes(c.kind))) this.#definitionsVersion++;
    for (const change of changes) this.#write(change, nowUs);
    for (const key of lineage?.remove ?? []) this.#edges.delete(edgeText(key));
    await this.addLineage(lineage?.add ?? []);
    return { version: this.#version };
  }

  async changesSince(version: number): Promise<readonly LoggedChange[]> {
    return [...this.#changes.values()].filter((c) => c.version > version);
  }

  async putJob(job: JobRecord): Promise<void> {
    this.#jobs.set(job.id, structuredClone(job));
  }

  async getJob(id: string): Promise<JobRecord | null> {
    return this.#jobs.get(id) ?? null;
  }

  async listJobs(project: string, limit: number): Promise<readonly JobRecord[]> {
    const own = [...this.#jobs.values()].filter((j) => j.project === project);
    return own.sort((a, b) => b.startedAtUs - a.startedAtUs || compareText(a.id, b.id)).slice(0, limit);
  }

  async addLineage(edges: readonly LineageEdge[]): Promise<void> {
    for (const edge of edges) if (!this.#edges.has(edgeText(edge))) this.#edges.set(edgeText(edge), structuredClone(edge));
  }

  async listLineage(project: string): Promise<readonly LineageEdge[]> {
    const own = [...this.#edges.values()].filter((e) => e.project === project);
    return own.sort((a, b) => compareText(a.from, b.from) || compareText(a.to, b.to) || compareText(a.recordedBy, b.recordedBy));
  }

  async putStatistics(records: readonly StatisticsRecord[], keepMax: number): Promise<void> {
    for (const record of records) this.#statistics.set(statisticsText(record), structuredClone(record));
    for (const { project, view, feature } of records) {
      const own = this.#selectStatistics({ project, view, feature });
      for (const old of own.slice(keepMax)) this.#statistics.delete(statisticsText(old));
    }
  }

  async listStatistics(filter: StatisticsFilter & { readonly limit: number }): Promise<readonly StatisticsRecord[]> {
    const counts = new Map<string, number>();
    return this.#selectStatistics(filter).filter(({ view, feature }) => {
      const id = JSON.stringify([view, feature]);
      counts.set(id, (counts.get(id) ?? 0) + 1);
      return (counts.get(id) ?? 0) <= filter.limit;
    });
  }

  async deleteStatistics(filter: StatisticsFilter): Promise<void> {
    for (const record of this.#selectStatistics(filter)) this.#statistics.delete(statisticsText(record));
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #selectStatistics({ project, view, feature }: StatisticsFilter): StatisticsRecord[] {
    const isMeant = (r: StatisticsRecord) =>
      r.project === project && (view === undefined || r.view === view) && (feature === undefined || r.feature === feature);
    return [...this.#statistics.values()].filter(isMeant).sort(compareStatistics);
  }

  #holds(change: RegistryChange): boolean {
    return change.ifRevision === null || change.ifRevision === (this.#records.get(textOf(change))?.revision ?? 0);
  }

  #write(change: RegistryChange, nowUs: number): void {
    const id = textOf(change);
    const { project, kind, name } = change;
    if (change.op === "delete") {
      if (!this.#records.delete(id)) return;
    } else {
      const { op: _op, ifRevision: _ifRevision, ...record } = change;
      const revision = (this.#records.get(id)?.revision ?? 0) + 1;
      this.#records.set(id, { ...structuredClone(record), revision, updatedAtUs: nowUs });
    }
    // Deleted first, so that the map's order is the order of last changes.
    this.#changes.delete(id);
    this.#changes.set(id, { version: this.#version, key: { project, kind, name }, op: change.op });
  }
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

function statisticsText(record: StatisticsRecord): string {
  return JSON.stringify([record.project, record.view, record.feature, record.runId]);
}

function compareStatistics(a: StatisticsRecord, b: StatisticsRecord): number {
  return (
    b.computedAtUs - a.computedAtUs || compareText(a.view, b.view) || compareText(a.feature, b.feature) || compareText(a.runId, b.runId)
  );
}
