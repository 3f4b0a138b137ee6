import { AsofError, type Value, type ValueType } from "@asof/core";

/** A sum in the type of its feature: floats as IEEE adds them, integers and decimals exactly; ASOF_SUM_OVERFLOW outside int64. */
export function sum(type: ValueType, values: readonly Value[]): Value {
  if (type.kind === "decimal") return formatDecimal(exactTotal(values), type.scale);
  if (type.kind !== "int64") return total(values);
  const exact = exactTotal(values);
  if (exact !== BigInt.asIntN(64, exact)) throw new AsofError("ASOF_SUM_OVERFLOW", `The sum ${exact} leaves the range of int64.`);
  return type.as === "bigint" ? exact : Number(exact);
}

/** The sum as float64, rounded once where the values are integers or decimals. */
export function total(values: readonly Value[]): number {
  if (values.every((v) => typeof v === "bigint" || Number.isSafeInteger(v))) return Number(exactTotal(values));
  const scale = typeof values[0] === "string" ? (values[0].split(".")[1]?.length ?? 0) : null;
  if (scale !== null) return Number(formatDecimal(exactTotal(values), scale));
  return values.reduce<number>((all, v) => all + Number(v), 0);
}

/** The count itself; ASOF_DISTINCT_BOUND above the bound. */
export function bounded(count: number, bound: number): number {
  if (count > bound) throw new AsofError("ASOF_DISTINCT_BOUND", `${count} distinct values exceed the bound of ${bound}.`);
  return count;
}

/** Of whole numbers, or of decimals of one scale without their point. */
function exactTotal(values: readonly Value[]): bigint {
  return values.reduce<bigint>((exact, v) => exact + BigInt(String(v).replace(".", "")), 0n);
}

function formatDecimal(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, point)}${scale === 0 ? "" : `.${digits.slice(point)}`}`;
}
