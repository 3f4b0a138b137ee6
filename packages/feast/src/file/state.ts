import {
  AsofError,
  compareText,
  type JobRecord,
  type LineageEdge,
  type LineageEdgeKey,
  type RecordKey,
  type RegistryChange,
  type RegistryRecord,
  type StatisticsFilter,
  type StatisticsRecord,
} from "@asof/core";
import { lazyRecord } from "../registry/lazy-record.ts";
import { concat, delimitedField, fieldsOf, Message } from "../wire/message.ts";
import { type ItemCodec, Section } from "./section.ts";

/** Fields of asof's part of the file, and of a section in it. */
const partFields = { section: 1, header: 2 } as const;
const sectionFields = { name: 1, items: 2 } as const;

/** The format that this version writes in its field; it also reads the one before, of which there is none yet. */
const formatVersion = 1;

interface Header {
  readonly format: number;
  readonly version: number;
  readonly definitionsVersion: number;
  /** Counts single changes, so that the feed has their order. */
  readonly sequence: number;
  /** Names this state, and its definitions; both are new with each commit that changes them. */
  readonly stateId: string;
  readonly definitionsId: string;
  /** Names the registry, so that a copy beside the file of another one is known for what it is; new where asof writes without such a copy. */
  readonly registryId: string;
  /** When asof wrote it, by the machine's clock. */
  readonly writtenAtUs: number;
  /**
   * The `version_id` of the file as asof wrote it: another one there means that Feast wrote since. Last here and so in the file, for who
   * looks at its end only.
   */
  readonly versionId: string;
}

interface ChangedAt {
  readonly version: number;
  readonly sequence: number;
}

interface StoredRecord extends ChangedAt {
  readonly record: RegistryRecord;
}

interface DeletedRecord extends ChangedAt {
  readonly key: RecordKey;
}

export interface FeedEntry {
  readonly version: number;
  readonly key: RecordKey;
  readonly op: "put" | "delete";
}

const emptyHeader: Header = {
  format: formatVersion,
  version: 0,
  definitionsVersion: 0,
  sequence: 0,
  stateId: "",
  definitionsId: "",
  registryId: "",
  writtenAtUs: 0,
  versionId: "",
};

/** asof's part of a registry file, in memory. Changes are made here and reach the file all together, or not at all. */
export class AsofState {
  header: Header = emptyHeader;
  readonly #records = new Section<StoredRecord>("record", recordCodec);
  readonly #deleted = new Section<DeletedRecord>("deleted");
  readonly #jobs = new Section<JobRecord>("job");
  readonly #edges = new Section<LineageEdge>("edge");
  readonly #statistics = new Section<StatisticsRecord>("statistics");
  /** Feast's objects that asof's records agree with: id → mark of their bytes. */
  readonly written = new Section<string>("written");
  /**
   * Feast's objects that asof wrote or removed since Feast did: id → name of what the object had said before, empty where there was none. By
   * these a file that Feast wrote from an older reading is told from one in which Feast changed the object.
   */
  readonly replaced = new Section<string>("replaced");
  /** Sections that a later version added, whole. */
  readonly #unknown: Uint8Array[] = [];

  /** Takes asof's part of a file apart. */
  load(bytes: Uint8Array): void {
    for (const { number, payload, whole } of fieldsOf(bytes)) {
      const message = number === partFields.section ? new Message(payload) : null;
      const section = this.#sections().find((s) => s.name === message?.text(sectionFields.name));
      if (section !== undefined) section.load(message?.bytes(sectionFields.items) ?? new Uint8Array());
      else if (number === partFields.header) this.#loadHeader(payload);
      else this.#unknown.push(whole);
    }
  }

  #loadHeader(payload: Uint8Array): void {
    const header = JSON.parse(Buffer.from(payload).toString("utf8")) as Header;
    if (header.format > formatVersion) {
      throw new AsofError("ASOF_REGISTRY_VERSION", `The registry has format ${header.format}; this version reads up to ${formatVersion}.`, {
        value: header.format,
        fix: "Update asof (`npm install asof@latest`).",
      });
    }
    this.header = { ...emptyHeader, ...header };
  }

  #sections(): readonly Section<unknown>[] {
    return [this.#records, this.#deleted, this.#jobs, this.#edges, this.#statistics, this.written, this.replaced];
  }

  /** asof's part of the file, the header last: a file that ends before it is not whole. */
  encode(): Uint8Array {
    const sections = this.#sections()
      .filter((section) => !section.isEmpty)
      .map((section) => {
        const message = new Message();
        message.setText(sectionFields.name, section.name);
        message.setBytes(sectionFields.items, section.encode());
        return delimitedField(partFields.section, message.encode());
      });
    const { versionId, ...rest } = this.header;
    const header = Buffer.from(JSON.stringify({ ...rest, versionId }));
    return concat([...sections, ...this.#unknown, delimitedField(partFields.header, header)]);
  }

  /** Records of one project, or of all, in the order of a snapshot. */
  records(project: string | null): readonly RegistryRecord[] {
    const all = this.#records.values().map((stored) => stored.record);
    const selected = project === null ? all : all.filter((record) => record.project === project);
    return selected.sort((a, b) => compareText(a.project, b.project) || compareText(a.kind, b.kind) || compareText(a.name, b.name));
  }

  record(key: RecordKey): RegistryRecord | null {
    return this.#records.get(textOf(key))?.record ?? null;
  }

  projects(): ReadonlySet<string> {
    return new Set(this.#records.values().map((stored) => stored.record.project));
  }

  holds(change: RegistryChange): boolean {
    return change.ifRevision === null || change.ifRevision === (this.record(change)?.revision ?? 0);
  }

  /** Carries out one change under the version that the header has by now. */
  apply(change: RegistryChange, nowUs: number): void {
    const id = textOf(change);
    const at = { version: this.header.version, sequence: this.header.sequence + 1 };
    const { project, kind, name } = change;
    if (change.op === "delete") {
      if (!this.#records.delete(id)) return;
      this.#deleted.set(id, { ...at, key: { project, kind, name } });
    } else {
      const { op: _op, ifRevision: _ifRevision, ...record } = change;
      const revision = (this.record(change)?.revision ?? 0) + 1;
      this.#records.set(id, { ...at, record: { ...record, revision, updatedAtUs: nowUs } });
      this.#deleted.delete(id);
    }
    this.header = { ...this.header, sequence: at.sequence };
  }

  changesSince(version: number): readonly FeedEntry[] {
    const puts = this.#records
      .values()
      .map(({ record: { project, kind, name }, ...at }) => ({ ...at, key: { project, kind, name }, op: "put" as const }));
    const deletes = this.#deleted.values().map((deleted) => ({ ...deleted, op: "delete" as const }));
    return [...puts, ...deletes]
      .filter((change) => change.version > version)
      .sort((a, b) => a.sequence - b.sequence)
      .map(({ version: at, key, op }) => ({ version: at, key, op }));
  }

  putJob(job: JobRecord): void {
    this.#jobs.set(job.id, { ...job });
  }

  job(id: string): JobRecord | null {
    return this.#jobs.get(id) ?? null;
  }

  jobs(project: string, limit: number): readonly JobRecord[] {
    const own = this.#jobs.values().filter((job) => job.project === project);
    return own.sort((a, b) => b.startedAtUs - a.startedAtUs || compareText(a.id, b.id)).slice(0, limit);
  }

  /** An edge that exists already is kept as it is. */
  addEdge(edge: LineageEdge): void {
    const id = edgeText(edge);
    if (!this.#edges.has(id)) this.#edges.set(id, { ...edge });
  }

  removeEdge(edge: LineageEdgeKey): void {
    this.#edges.delete(edgeText(edge));
  }

  edges(project: string): readonly LineageEdge[] {
    const own = this.#edges.values().filter((edge) => edge.project === project);
    return own.sort((a, b) => compareText(a.from, b.from) || compareText(a.to, b.to) || compareText(a.recordedBy, b.recordedBy));
  }

  putStatistics(records: readonly StatisticsRecord[], keepMax: number): void {
    for (const record of records) this.#statistics.set(statisticsText(record), { ...record });
    for (const { project, view, feature } of records) {
      for (const old of this.#selectStatistics({ project, view, feature }).slice(keepMax)) this.#statistics.delete(statisticsText(old));
    }
  }

  statistics(filter: StatisticsFilter & { readonly limit: number }): readonly StatisticsRecord[] {
    const counts = new Map<string, number>();
    return this.#selectStatistics(filter).filter(({ view, feature }) => {
      const id = JSON.stringify([view, feature]);
      counts.set(id, (counts.get(id) ?? 0) + 1);
      return (counts.get(id) ?? 0) <= filter.limit;
    });
  }

  deleteStatistics(filter: StatisticsFilter): void {
    for (const record of this.#selectStatistics(filter)) this.#statistics.delete(statisticsText(record));
  }

  #selectStatistics({ project, view, feature }: StatisticsFilter): StatisticsRecord[] {
    const isMeant = (r: StatisticsRecord): boolean =>
      r.project === project && (view === undefined || r.view === view) && (feature === undefined || r.feature === feature);
    return this.#statistics
      .values()
      .filter(isMeant)
      .sort(
        (a, b) =>
          b.computedAtUs - a.computedAtUs ||
          compareText(a.view, b.view) ||
          compareText(a.feature, b.feature) ||
          compareText(a.runId, b.runId),
      );
  }
}

/** The spec stands in a line of its own, since JSON has no line breaks: it is read when it is looked at. */
const recordCodec: ItemCodec<StoredRecord> = {
  encode({ version, sequence, record: { spec, ...record } }) {
    return `${JSON.stringify({ version, sequence, record })}\n${JSON.stringify(spec)}`;
  },
  decode(text) {
    const at = text.indexOf("\n");
    const { version, sequence, record } = JSON.parse(text.slice(0, at)) as ChangedAt & { readonly record: Omit<RegistryRecord, "spec"> };
    return { version, sequence, record: lazyRecord(record, () => JSON.parse(text.slice(at + 1))) };
  },
};

function textOf(key: RecordKey): string {
  return JSON.stringify([key.project, key.kind, key.name]);
}

function edgeText(edge: LineageEdgeKey): string {
  return JSON.stringify([edge.project, edge.from, edge.to, edge.recordedBy]);
}

function statisticsText(record: StatisticsRecord): string {
  return JSON.stringify([record.project, record.view, record.feature, record.runId]);
}
