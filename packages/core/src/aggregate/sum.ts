import { AsofError } from "../error/error.ts";
import { fitsPrecision, unscaledToDecimal } from "../value/decimal.ts";
import type { Value, ValueType } from "../value/type.ts";
import type { Aggregate } from "./algebra.ts";
import { readByte, readFloat64, readInteger, writeFloat64, writeInteger } from "./compact-bytes.ts";
import { addExact, type ExactInteger, exactReader } from "./exact-integer.ts";

/** Integers and decimals exactly, whatever the sizes in between; floats as float64 additions. */
export function sumOf(argument: ValueType): Aggregate<unknown> {
  const read = exactReader(argument);
  return read === null ? floatSum : exactSum(argument, read);
}

function exactSum(argument: ValueType, read: (value: Value) => ExactInteger): Aggregate<ExactInteger | null> {
  return {
    init: () => null,
    update: (sum, value) => addExact(sum ?? 0, read(value)),
    merge: (sum, other) => (other === null ? sum : addExact(sum ?? 0, other)),
    finalize: (sum) =>
      sum === null ? null : argument.kind === "decimal" ? decimalResult(sum, argument.scale) : integerResult(sum, argument),
    write: (writer, sum) => {
      writer.writeByte(sum === null ? 0 : 1);
      if (sum !== null) writeInteger(writer, sum);
    },
    read: (buffer, cursor) => (readByte(buffer, cursor) === 0 ? null : readInteger(buffer, cursor)),
  };
}

/** Rounding depends on the order of additions, within the bound of the equality of floats. */
const floatSum: Aggregate<number | null> = {
  init: () => null,
  update: (sum, value) => (sum ?? 0) + Number(value),
  merge: (sum, other) => (other === null ? sum : (sum ?? 0) + other),
  finalize: (sum) => sum,
  write: (writer, sum) => {
    writer.writeByte(sum === null ? 0 : 1);
    if (sum !== null) writeFloat64(writer, sum);
  },
  read: (buffer, cursor) => (readByte(buffer, cursor) === 0 ? null : readFloat64(buffer, cursor)),
};

function integerResult(sum: ExactInteger, argument: ValueType): Value {
  if (BigInt.asIntN(64, BigInt(sum)) !== BigInt(sum)) {
    throw new AsofError("ASOF_SUM_OVERFLOW", `The sum ${sum} leaves the range of int64.`, {
      value: sum,
      fix: "Cast the argument to float64 or to a decimal, or shorten the window.",
    });
  }
  if (argument.kind === "int64" && argument.as === "bigint") return BigInt(sum);
  if (typeof sum === "number") return sum;
  throw new AsofError("ASOF_VALUE_INVALID", `The sum ${sum} is beyond ±(2^53 - 1) and cannot be a number.`, {
    value: sum,
    fix: 'Declare the column int64() without { as: "number" }, so that its sum is a bigint.',
  });
}

function decimalResult(sum: ExactInteger, scale: number): Value {
  const unscaled = BigInt(sum);
  if (fitsPrecision(unscaled, 38)) return unscaledToDecimal(unscaled, scale);
  throw new AsofError("ASOF_SUM_OVERFLOW", `The sum ${unscaledToDecimal(unscaled, scale)} has more than 38 digits.`, {
    value: sum,
    fix: "Cast the argument to float64, or shorten the window.",
  });
}
