import { unscaledToDecimal } from "../value/decimal.ts";
import type { Value, ValueType } from "../value/type.ts";
import type { Aggregate } from "./algebra.ts";
import { readFloat64, readInteger, readUnsigned, writeFloat64, writeInteger, writeUnsigned } from "./compact-bytes.ts";
import { addExact, type ExactInteger, exactReader } from "./exact-integer.ts";

interface AverageState<Sum> {
  sum: Sum;
  rows: number;
}

/** sum ÷ count in float64; the sum of integers and decimals is exact before the one rounding and the division. */
export function averageOf(argument: ValueType): Aggregate<unknown> {
  const read = exactReader(argument);
  return read === null ? floatAverage : exactAverage(argument, read);
}

function exactAverage(argument: ValueType, read: (value: Value) => ExactInteger): Aggregate<AverageState<ExactInteger>> {
  const toFloat = argument.kind === "decimal" ? (sum: ExactInteger) => Number(unscaledToDecimal(BigInt(sum), argument.scale)) : Number;
  return {
    init: () => ({ sum: 0, rows: 0 }),
    update: (state, value) => add(state, addExact(state.sum, read(value)), 1),
    merge: (state, other) => add(state, addExact(state.sum, other.sum), other.rows),
    finalize: (state) => (state.rows === 0 ? null : toFloat(state.sum) / state.rows),
    write: (writer, state) => {
      writeUnsigned(writer, state.rows);
      writeInteger(writer, state.sum);
    },
    read: (buffer, cursor) => {
      const rows = readUnsigned(buffer, cursor);
      return { sum: readInteger(buffer, cursor), rows };
    },
  };
}

const floatAverage: Aggregate<AverageState<number>> = {
  init: () => ({ sum: 0, rows: 0 }),
  update: (state, value) => add(state, state.sum + Number(value), 1),
  merge: (state, other) => add(state, state.sum + other.sum, other.rows),
  finalize: (state) => (state.rows === 0 ? null : state.sum / state.rows),
  write: (writer, state) => {
    writeUnsigned(writer, state.rows);
    writeFloat64(writer, state.sum);
  },
  read: (buffer, cursor) => {
    const rows = readUnsigned(buffer, cursor);
    return { sum: readFloat64(buffer, cursor), rows };
  },
};

function add<Sum>(state: AverageState<Sum>, sum: Sum, rows: number): AverageState<Sum> {
  state.sum = sum;
  state.rows += rows;
  return state;
}
