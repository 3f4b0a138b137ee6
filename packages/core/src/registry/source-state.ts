import type { Json } from "../value/json.ts";
import { numberOrNullAt, readObject } from "./read-json.ts";

/** Where a source's history passes from its batch rows to its log; see rule "History". */
export interface SourceState {
  /** Batch rows count before it, log rows from it on. Null: no live side yet. */
  readonly handoverUs: number | null;
  /** Ingest time of the first pushed or streamed row. */
  readonly firstIngestUs: number | null;
}

/** The state of a source of which no record exists. */
export const newSourceState: SourceState = { handoverUs: null, firstIngestUs: null };

/** Sets the handover; a backfill moves it forward only. */
export function moveHandover(state: SourceState, handoverUs: number): SourceState {
  return { ...state, handoverUs: state.handoverUs === null ? handoverUs : Math.max(state.handoverUs, handoverUs) };
}

/** Records the first ingest; later ones change nothing. */
export function recordIngest(state: SourceState, ingestUs: number): SourceState {
  return state.firstIngestUs === null ? { ...state, firstIngestUs: ingestUs } : state;
}

/** The state as the spec of a `source_state` record. */
export function encodeSourceState(state: SourceState): Json {
  return { handoverUs: state.handoverUs, firstIngestUs: state.firstIngestUs };
}

/** Reads a `source_state` record's spec. */
export function decodeSourceState(spec: Json, source: string): SourceState {
  const object = readObject(spec, `source state "${source}"`);
  return { handoverUs: numberOrNullAt(object, "handoverUs"), firstIngestUs: numberOrNullAt(object, "firstIngestUs") };
}
