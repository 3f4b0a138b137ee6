import type { Aggregate } from "./algebra.ts";
import { readUnsigned, writeUnsigned } from "./compact-bytes.ts";

/** Rows. */
export const count: Aggregate<number> = {
  init: () => 0,
  update: (rows) => rows + 1,
  merge: (rows, others) => rows + others,
  finalize: (rows) => rows,
  write: writeUnsigned,
  read: readUnsigned,
};
