import type { Value, ValueType } from "../value/type.ts";
import type { StoreKeys } from "./key-codec.ts";

/** A value that is there at once in embedded stores and later in remote ones. Callers `await` or test for a promise. */
export type MaybePromise<T> = T | Promise<T>;

/** The stored form of a view at one time: which features, in which order. */
export interface RowSchema {
  /** First 8 bytes, as 16 hexadecimal digits, of SHA-256 over the feature names and types; precedes every stored value. */
  readonly fingerprint: string;
  readonly features: readonly { readonly name: string; readonly type: ValueType }[];
}

/** A view as an online store knows it: one generation of it. */
export interface OnlineView {
  readonly project: string;
  readonly view: string;
  /** Each `--recreate` builds a new one beside the served one. Starts at 1. */
  readonly generation: number;
  /** What is written now. */
  readonly schema: RowSchema;
  /** Every schema that stored values may have, by fingerprint; includes `schema`. */
  readonly schemas: ReadonlyMap<string, RowSchema>;
}

/** An entity key in the bytes of the store at hand, made by its {@link OnlineStore.keys}. Stores take any bytes. */
export type KeyBytes = Uint8Array;

/** A row of a plain view. */
export interface OnlineRow {
  readonly key: KeyBytes;
  readonly eventTimeUs: number;
  /** Null is lowest. */
  readonly createdTimeUs: number | null;
  /**
   * Rest of the row order: `encodeOrderKey` over `orderColumns(schema.features)`; compared bytewise. Stores may read it only when both
   * times equal the stored row's, and may make the stored row's from its values: a getter saves the work for all other rows.
   */
  readonly orderKey: Uint8Array;
  /** In the order of `schema.features`, each in the form of its type (`normalizeValue`), which is not checked. */
  readonly values: readonly Value[];
}

/**
 * Stands where the row of an erased key was. It is greater in the row order than every row of its two times, so that a row written again
 * by someone who does not know of the erasure loses against it, and it reads like an absent row.
 */
export type OnlineTombstone = Pick<OnlineRow, "key" | "eventTimeUs" | "createdTimeUs">;

/** A row as read. `values` is in the order of the features asked for; `undefined` where the row's schema lacks the feature. */
export interface StoredRow {
  readonly eventTimeUs: number;
  readonly createdTimeUs: number | null;
  readonly values: (Value | undefined)[];
}

/** Names of the parts of a windowed view's state under one key, e.g. `h` (head) and `3600000000:12` (segment 12 of the 1 h tiles). */
export type StatePart = string;

/** State of a windowed view under one key. Opaque bytes made by core's aggregate code. */
export interface StoredState {
  /** Changes with every write of any part; `0` = nothing stored. */
  readonly version: number;
  readonly parts: ReadonlyMap<StatePart, Uint8Array>;
  /** Parts were left out (`without`): nothing can be written that was computed from it. */
  readonly isPartial?: boolean;
}

export interface StateWrite {
  readonly key: KeyBytes;
  /** The version the caller computed from. The write happens only if it still is that one. */
  readonly ifVersion: number;
  readonly set: ReadonlyMap<StatePart, Uint8Array>;
  readonly remove: readonly StatePart[];
}

/** Part of a read: rows of a plain view, or states of a windowed one, for keys in the request's order. */
export type ReadRequest =
  | { readonly form: "row"; readonly view: OnlineView; readonly features: readonly string[]; readonly keys: readonly (KeyBytes | null)[] }
  | {
      readonly form: "state";
      readonly view: OnlineView;
      readonly keys: readonly (KeyBytes | null)[];
      /** Parts whose names begin with it are left out; the states are then good for reading only. */
      readonly without?: string;
    };

/** Answers in the order of the requests and of their keys; null = nothing stored (or a null key). */
export type ReadResult =
  | { readonly form: "row"; readonly rows: readonly (StoredRow | null)[] }
  | { readonly form: "state"; readonly states: readonly (StoredState | null)[] };

/** Reading side. */
export interface OnlineReader {
  /**
   * Answers several requests in one round trip, from one snapshot where the store has snapshots (`capabilities.snapshotReads`).
   * A value whose fingerprint is not in `view.schemas` is ASOF_SCHEMA_UNKNOWN, never decoded otherwise.
   */
  read(requests: readonly ReadRequest[]): MaybePromise<readonly ReadResult[]>;
  /** All keys of a view with a stored row or state, in no particular order, in pages. */
  listKeys(view: OnlineView): AsyncIterable<readonly KeyBytes[]>;
}

/**
 * Writing side. Resolves when the write is as durable as the store promises (`capabilities.durable`) and every later read sees it.
 * Callers do not change the arguments before that.
 */
export interface OnlineWriter {
  /**
   * Writes each row if it is greater, in the row order (event time, created time, order key), than the stored one, or equal to it while
   * the stored one lacks a feature that `schema` has (so that backfilling an added feature takes effect, and an older writer does not
   * undo it). Atomic per key against any other writer, also in other processes. Several rows of one key in one call: the greatest
   * wins. `written` counts keys that changed, `superseded` all other rows.
   */
  putRows(view: OnlineView, rows: readonly OnlineRow[]): Promise<{ readonly written: number; readonly superseded: number }>;
  /**
   * Writes states conditionally, each atomically. Returns the indexes of writes whose version did not match; those changed nothing. Of
   * several writes of one key in one call all but the first conflict. A state whose last part is removed stays, without parts, until its
   * key is deleted; versions are not used again after that either.
   */
  putStates(view: OnlineView, writes: readonly StateWrite[]): Promise<readonly number[]>;
  /**
   * Puts tombstones in place of whatever rows the keys have, also of later ones unless `keepLater`; a tombstone that is there already
   * stays if its times are not lower. Afterwards `putRows` writes only rows with greater times. Atomic per key. `removed` counts keys that had a row.
   * `deleteKeys` and `truncate` remove tombstones too; `listKeys` may list their keys. States are emptied by `putStates`.
   */
  putTombstones(
    view: OnlineView,
    tombstones: readonly OnlineTombstone[],
    options?: { readonly keepLater?: boolean },
  ): Promise<{ readonly removed: number }>;
  /** Removes rows and states of the keys. Absent keys are fine. */
  deleteKeys(view: OnlineView, keys: readonly KeyBytes[]): Promise<void>;
  /** Removes everything of one generation of a view. */
  truncate(view: OnlineView): Promise<void>;
  /**
   * Makes what another product that reads the same layout expects of a view that was applied and has no rows yet. Absent where nobody else
   * reads the store. Doing it again is fine.
   */
  prepare?(views: readonly OnlineView[]): Promise<void>;
}

export interface OnlineStore extends OnlineReader, OnlineWriter, AsyncDisposable {
  readonly type: string;
  /** How callers make the bytes of keys: stores in another product's layout have that product's. */
  readonly keys: StoreKeys;
  readonly capabilities: {
    /** Survives a crash of the machine, of the process only, or nothing. */
    readonly durable: "machine" | "process" | "none";
    readonly snapshotReads: boolean;
    /** Other processes may read and write at the same time. */
    readonly shared: boolean;
    /** How fine values of the type timestamp may be; a finer one is ASOF_VALUE_INVALID when it is written. Event times are always in µs. */
    readonly timestamps: "microseconds" | "seconds";
  };
}
