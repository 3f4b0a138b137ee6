import type { Aggregate } from "./algebra.ts";
import { readFloat64, readUnsigned, writeFloat64, writeUnsigned } from "./compact-bytes.ts";

/** Count, mean and sum of squared distances from the mean: Welford's update, Chan's merge. No large squares are subtracted. */
interface Moments {
  rows: number;
  mean: number;
  squares: number;
}

/** Variance or its square root; null where the divisor (rows, or rows − 1 of a sample) is not positive. */
export function momentsOf(fn: "variance" | "stddev", population: boolean): Aggregate<Moments> {
  const lost = population ? 0 : 1;
  return {
    ...moments,
    finalize: ({ rows, squares }) => {
      if (rows - lost <= 0) return null;
      const variance = squares / (rows - lost);
      return fn === "stddev" ? Math.sqrt(variance) : variance;
    },
  };
}

const moments: Omit<Aggregate<Moments>, "finalize"> = {
  init: () => ({ rows: 0, mean: 0, squares: 0 }),
  update: (state, value) => {
    const x = Number(value);
    const distance = x - state.mean;
    state.rows += 1;
    state.mean += distance / state.rows;
    state.squares += distance * (x - state.mean);
    return state;
  },
  merge: (state, other) => {
    if (other.rows === 0) return state;
    if (state.rows === 0) return { ...other };
    const rows = state.rows + other.rows;
    const distance = other.mean - state.mean;
    state.squares += other.squares + distance * distance * ((state.rows * other.rows) / rows);
    state.mean += distance * (other.rows / rows);
    state.rows = rows;
    return state;
  },
  write: (writer, state) => {
    writeUnsigned(writer, state.rows);
    if (state.rows === 0) return;
    writeFloat64(writer, state.mean);
    if (hasSquares(state.rows, state.mean)) writeFloat64(writer, state.squares);
  },
  read: (buffer, cursor) => {
    const rows = readUnsigned(buffer, cursor);
    if (rows === 0) return { rows, mean: 0, squares: 0 };
    const mean = readFloat64(buffer, cursor);
    return { rows, mean, squares: hasSquares(rows, mean) ? readFloat64(buffer, cursor) : 0 };
  },
};

/** The squares of one finite value, the most frequent case in a tile, are zero and not written. */
function hasSquares(rows: number, mean: number): boolean {
  return rows > 1 || !Number.isFinite(mean);
}
