import { compareBytes } from "../value/bytes.ts";

/** An event's place in the row order of its key. */
export interface RowOrder {
  readonly eventTimeUs: number;
  /** Null is lowest. */
  readonly createdTimeUs: number | null;
  /** `encodeOrderKey` over the source's orderable columns; empty where nothing in the view depends on the order. */
  readonly orderKey: Uint8Array;
}

/** Negative when `a` comes first. Zero only for rows that are equal in every orderable column. */
export function compareRowOrder(a: RowOrder, b: RowOrder): number {
  if (a.eventTimeUs !== b.eventTimeUs) return a.eventTimeUs - b.eventTimeUs;
  if (a.createdTimeUs !== b.createdTimeUs) {
    if (a.createdTimeUs === null) return -1;
    return b.createdTimeUs === null ? 1 : a.createdTimeUs - b.createdTimeUs;
  }
  return compareBytes(a.orderKey, b.orderKey);
}
