import type { Aggregate } from "./algebra.ts";
import { readFloat64, readUnsigned, writeFloat64, writeUnsigned } from "./compact-bytes.ts";

/** Count, mean and sum of squared distances from the mean: Welford's update, Chan's merge. No large squares are subtracted. */
interface Moments {
  rows: number;
  mean: number;
  squares: number;
  /** Values whose squares may leave float64, or that are not finite; they are in none of the above. */
  wild: number;
  /** Those of them that are NaN or infinite. */
  notFinite: number;
}

/** Distances of larger values have squares beyond float64: the spread is then Infinity, in whatever order values come. */
const tameMax = 1e150;

/** Variance or its square root; null where the divisor (rows, or rows − 1 of a sample) is not positive. */
export function momentsOf(fn: "variance" | "stddev", population: boolean): Aggregate<Moments> {
  const lost = population ? 0 : 1;
  return {
    ...moments,
    finalize: ({ rows, squares, wild, notFinite }) => {
      const all = rows + wild;
      if (all - lost <= 0) return null;
      if (notFinite > 0) return Number.NaN;
      if (wild > 0) return all === 1 ? 0 : Number.POSITIVE_INFINITY;
      const variance = squares / (rows - lost);
      return fn === "stddev" ? Math.sqrt(variance) : variance;
    },
  };
}

const moments: Omit<Aggregate<Moments>, "finalize"> = {
  init: () => ({ rows: 0, mean: 0, squares: 0, wild: 0, notFinite: 0 }),
  update: (state, value) => {
    const x = Number(value);
    if (Math.abs(x) <= tameMax) {
      const distance = x - state.mean;
      state.rows += 1;
      state.mean += distance / state.rows;
      state.squares += distance * (x - state.mean);
    } else {
      state.wild += 1;
      if (!Number.isFinite(x)) state.notFinite += 1;
    }
    return state;
  },
  merge: (state, other) => {
    state.wild += other.wild;
    state.notFinite += other.notFinite;
    const rows = state.rows + other.rows;
    if (other.rows === 0) return state;
    const distance = other.mean - state.mean;
    state.squares += other.squares + distance * distance * ((state.rows * other.rows) / rows);
    state.mean = state.rows === 0 ? other.mean : state.mean + distance * (other.rows / rows);
    state.rows = rows;
    return state;
  },
  write: (writer, state) => {
    writeUnsigned(writer, state.rows * 2 + (state.wild > 0 ? 1 : 0));
    if (state.wild > 0) {
      writeUnsigned(writer, state.wild);
      writeUnsigned(writer, state.notFinite);
    }
    if (state.rows > 0) writeFloat64(writer, state.mean);
    // The squares of one value, the most frequent case in a tile, are zero.
    if (state.rows > 1) writeFloat64(writer, state.squares);
  },
  read: (buffer, cursor) => {
    const first = readUnsigned(buffer, cursor);
    const rows = Math.floor(first / 2);
    const wild = first % 2 === 0 ? 0 : readUnsigned(buffer, cursor);
    const notFinite = wild === 0 ? 0 : readUnsigned(buffer, cursor);
    const mean = rows === 0 ? 0 : readFloat64(buffer, cursor);
    return { rows, mean, squares: rows > 1 ? readFloat64(buffer, cursor) : 0, wild, notFinite };
  },
};
