import type { Json } from "../value/json.ts";
import { memberOf, numberAt, numberOrNullAt, readObject } from "./read-json.ts";

/** Where a source's history passes from its batch rows to its log; see rule "History". */
export interface SourceState {
  /** Batch rows count before it, log rows from it on. Null: no live side yet. */
  readonly handoverUs: number | null;
  /** Ingest time of the first pushed or streamed row. */
  readonly firstIngestUs: number | null;
  /** Rows that were pushed online only: outside the history, so what they changed is exempt from parity. */
  readonly onlineOnlyRows: number;
}

/** The state of a source of which no record exists. */
export const newSourceState: SourceState = { handoverUs: null, firstIngestUs: null, onlineOnlyRows: 0 };

/** Sets the handover; a backfill moves it forward only. */
export function moveHandover(state: SourceState, handoverUs: number): SourceState {
  return { ...state, handoverUs: state.handoverUs === null ? handoverUs : Math.max(state.handoverUs, handoverUs) };
}

/** Records the first ingest; later ones change nothing. */
export function recordIngest(state: SourceState, ingestUs: number): SourceState {
  return state.firstIngestUs === null ? { ...state, firstIngestUs: ingestUs } : state;
}

/** Counts rows that went online and not into the history. */
export function recordOnlineOnly(state: SourceState, rows: number): SourceState {
  return { ...state, onlineOnlyRows: state.onlineOnlyRows + rows };
}

/** The state as the spec of a `source_state` record. */
export function encodeSourceState(state: SourceState): Json {
  return { handoverUs: state.handoverUs, firstIngestUs: state.firstIngestUs, onlineOnlyRows: state.onlineOnlyRows };
}

/** Reads a `source_state` record's spec. */
export function decodeSourceState(spec: Json, source: string): SourceState {
  const object = readObject(spec, `source state "${source}"`);
  return {
    handoverUs: numberOrNullAt(object, "handoverUs"),
    firstIngestUs: numberOrNullAt(object, "firstIngestUs"),
    onlineOnlyRows: memberOf(object, "onlineOnlyRows") === undefined ? 0 : numberAt(object, "onlineOnlyRows"),
  };
}
