import { AsofError } from "@asof/core";
import { feastStreamOf } from "../definition/decode-source.ts";
import { dataSource, objectMeta, sourceMeta, versionRecord } from "../definition/fields.ts";
import { type FeastKind, type FeastObject, feastObjectKinds } from "../definition/objects.ts";
import { readMicroseconds, writeMicroseconds } from "../definition/times.ts";
import { asofRegistryField, FeastRegistryFile } from "../registry/registry-file.ts";
import { Message } from "../wire/message.ts";
import { AsofState } from "./state.ts";

/** One version of a view that Feast keeps. */
export interface KeptVersion {
  readonly project: string;
  readonly view: string;
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly versionId: string;
  readonly createdUs: number;
}

/** A registry file in memory: Feast's objects as bytes, asof's state, and whatever else stands there. */
export class RegistryDocument {
  #state = new AsofState();
  readonly #file: FeastRegistryFile;
  #kafkaByBatch: Map<string, FeastObject> | null = null;
  #latestVersions: Map<string, number> | null = null;

  /** Takes a file apart. ASOF_REGISTRY_UNREADABLE where it is no protobuf or cut short, ASOF_REGISTRY_VERSION where it is newer. */
  constructor(bytes: Uint8Array, path: string) {
    this.#file = bytes.length === 0 ? FeastRegistryFile.empty() : FeastRegistryFile.decode(bytes, `The registry ${path}`);
    try {
      for (const part of this.#file.getField(asofRegistryField)) this.#state.load(part);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new AsofError("ASOF_REGISTRY_UNREADABLE", `The registry ${path} is damaged: what asof keeps in it is no JSON.`, {
        path,
        cause: error,
        fix: "Restore it from a copy; nothing was changed.",
      });
    }
  }

  /** asof's part. */
  get state(): AsofState {
    return this.#state;
  }

  /** Puts the part of another document in the place of this one's. */
  takeState({ state }: RegistryDocument): void {
    this.#state = state;
  }

  /** The version of the file as a whole, which Feast renews too. */
  get versionId(): string {
    return this.#file.versionId;
  }

  /** When it was last written, by whomever; null if it does not say. */
  get lastUpdatedUs(): number | null {
    return this.#file.lastUpdatedUs;
  }

  objects(project: string | null): readonly FeastObject[] {
    return feastObjectKinds.flatMap((kind) => [...this.#file.iterate(kind, project ?? undefined)].map((object) => ({ kind, ...object })));
  }

  bytesOf(kind: FeastKind, project: string, name: string): Uint8Array | null {
    return this.#file.get(kind, project, name);
  }

  /** The Kafka source over a batch source. */
  kafkaOver(project: string, batch: string): FeastObject | null {
    this.#kafkaByBatch ??= new Map(
      [...this.#file.iterate("data_source")].flatMap((object): [string, FeastObject][] => {
        const stream = feastStreamOf(object.bytes);
        return stream === null ? [] : [[JSON.stringify([object.project, stream.batch]), { kind: "data_source", ...object }]];
      }),
    );
    return this.#kafkaByBatch.get(JSON.stringify([project, batch])) ?? null;
  }

  /** The greatest version of a view that Feast has kept; null = none. */
  latestVersion(project: string, view: string): number | null {
    return this.#versions().get(JSON.stringify([project, view])) ?? null;
  }

  /** Feast's object of a version of a view as it was when that was made; null = not kept. */
  versionBytes(project: string, view: string, version: number): Uint8Array | null {
    const bytes = this.#file.get("feature_view_version", project, `${view}@v${version}`);
    return bytes === null ? null : new Message(bytes).bytes(versionRecord.proto);
  }

  #versions(): Map<string, number> {
    if (this.#latestVersions !== null) return this.#latestVersions;
    const latest = new Map<string, number>();
    for (const { bytes } of this.#file.iterate("feature_view_version")) {
      const record = new Message(bytes);
      const id = JSON.stringify([record.text(versionRecord.project), record.text(versionRecord.view)]);
      latest.set(id, Math.max(latest.get(id) ?? 0, record.number(versionRecord.number)));
    }
    this.#latestVersions = latest;
    return latest;
  }

  /** Puts an object, or removes it where bytes are null. Feast deletes a view's versions with it. */
  set({ kind, project, name, bytes }: Omit<FeastObject, "bytes"> & { readonly bytes: Uint8Array | null }): void {
    if (kind === "data_source") this.#kafkaByBatch = null;
    if (bytes !== null) {
      this.#file.put(kind, bytes);
      return;
    }
    this.#file.delete(kind, project, name);
    const latest = kind === "feature_view" ? this.latestVersion(project, name) : null;
    for (let number = latest ?? -1; number >= 0; number--) this.#file.delete("feature_view_version", project, `${name}@v${number}`);
    this.#versions().delete(JSON.stringify([project, name]));
  }

  /** Adds the versions that another document has kept of views that are here, and this one has not. */
  addVersionsOf(other: RegistryDocument): void {
    for (const { project, name, bytes } of other.#file.iterate("feature_view_version")) {
      const view = name.slice(0, name.lastIndexOf("@"));
      if (this.#file.get("feature_view_version", project, name) !== null) continue;
      if (this.#file.get("feature_view", project, view) !== null) this.#file.put("feature_view_version", bytes);
    }
    this.#latestVersions = null;
  }

  addVersion(version: KeptVersion): void {
    const record = new Message();
    record.setText(versionRecord.view, version.view);
    record.setText(versionRecord.project, version.project);
    record.setNumber(versionRecord.number, version.number);
    record.setText(versionRecord.type, "feature_view");
    record.setBytes(versionRecord.proto, version.bytes);
    record.setMessage(versionRecord.created, writeMicroseconds(version.createdUs));
    record.setText(versionRecord.versionId, version.versionId);
    this.#file.put("feature_view_version", record.encode());
    this.#versions().set(JSON.stringify([version.project, version.view]), version.number);
  }

  /** The file with all that was read, under another time of writing. */
  encodeAsRead(nowUs: number): Uint8Array {
    this.#file.touch(this.versionId, nowUs);
    return this.#file.encode();
  }

  /** The file. asof's header stands last, so that a look at the end tells whether the file changed, and whether it is whole. */
  encode(versionId: string, nowUs: number): Uint8Array {
    this.#file.touch(versionId, nowUs);
    this.#file.setField(asofRegistryField, [this.state.encode()]);
    return this.#file.encode();
  }
}

/** When an object was first written, by what it says; null where it does not. */
export function createdUsOf({ kind, bytes }: FeastObject): number | null {
  const meta = new Message(bytes).message(kind === "data_source" ? dataSource.meta : objectMeta.within);
  return readMicroseconds(meta?.message(kind === "data_source" ? sourceMeta.created : objectMeta.created) ?? null);
}
