import type { Case } from "../generate/case.ts";
import type { Kill } from "./faulty-online-store.ts";

/**
 * A history and an order in which it is ingested, as plain data: the parity law says that no order, replay or death of a process
 * makes an online read differ from the training row.
 */
export interface ParityCase {
  /**
   * Views and sources; batch rows (`arrive` says when they are in the files); log rows, which are pushed; the keys to be read (spine
   * rows, whose times mean nothing here). Its handover and knowledge mean nothing either: the handover is the registry's.
   */
  readonly world: Case;
  readonly steps: readonly ParityStep[];
}

/** Rows are indexes into the world's batch or log rows of the source. `clockUs` is the time at which a step begins. */
export type ParityStep =
  /** Rows appear in the batch files. */
  | { readonly kind: "arrive"; readonly source: string; readonly rows: readonly number[] }
  /** All views, both ends included; `startUs` null = from the beginning of history. */
  | {
      readonly kind: "materialize";
      readonly startUs: number | null;
      readonly endUs: number;
      readonly clockUs: number;
      readonly kill: Kill | null;
    }
  | { readonly kind: "materialize-incremental"; readonly endUs: number; readonly clockUs: number; readonly kill: Kill | null }
  | {
      readonly kind: "push";
      readonly source: string;
      readonly rows: readonly number[];
      /** The same key and rows again are a replay, which folds nothing twice. */
      readonly idempotencyKey: string;
      readonly clockUs: number;
      readonly kill: Kill | null;
    }
  /** A key is erased. */
  | ({ readonly kind: "erase" } & ErasedKey)
  /** Its erasure is lifted, if there is one. */
  | ({ readonly kind: "lift" } & ErasedKey)
  /** The process dies between two steps. */
  | { readonly kind: "die" }
  /** The online store is closed and opened again. */
  | { readonly kind: "reopen" }
  /**
   * Every key is read as of each of these instants and compared with the training row; one retrieval answers them all. `windowed`: only
   * windowed views, because the instants lie before the newest ingested event, within the separable head.
   */
  | { readonly kind: "read"; readonly atUs: readonly number[]; readonly views: "all" | "windowed" };

/** The key of an entity of a view, as a row of the spine has it. */
interface ErasedKey {
  readonly view: string;
  /** Index among the view's entities. */
  readonly entity: number;
  /** Index of the spine's row. */
  readonly row: number;
  readonly clockUs: number;
  readonly kill: Kill | null;
}

/** Steps that a kill can hit. */
export type IngestStep = Extract<ParityStep, { readonly kill: Kill | null }>;

export function isIngest(step: ParityStep): step is IngestStep {
  return "kill" in step;
}

/** Whether a step does again what another did. */
export function isSameWork(a: IngestStep, b: IngestStep): boolean {
  const work = ({ clockUs: _clock, kill: _kill, ...rest }: IngestStep): string => JSON.stringify(rest);
  return work(a) === work(b);
}
