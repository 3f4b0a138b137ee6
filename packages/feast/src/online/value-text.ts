import type { Value, ValueType } from "@asof/core";

/** What Feast writes beside a value for searching: a text, and a number where the table has a column for it. */
export interface SearchForms {
  readonly text: string | null;
  readonly number: number | null;
}

const none: SearchForms = { text: null, number: null };

/** Makes the function that gives these forms of values of a type: of texts, numbers and booleans, as Python's `str()` prints them. */
export function compileValueText(type: ValueType): (value: Value) => SearchForms {
  switch (type.kind) {
    case "string":
      return (value) => (value === null ? none : { text: String(value), number: null });
    case "int32":
    case "int64":
      return (value) => (value === null ? none : { text: String(value), number: Number(value) });
    case "float32":
    case "float64":
      return (value) => (value === null ? none : { text: printPythonFloat(Number(value)), number: Number(value) });
    case "bool":
      return (value) => (value === null ? none : value === true ? { text: "True", number: 1 } : { text: "False", number: 0 });
    default:
      return () => none;
  }
}

/** Python's shortest form: its digits are JavaScript's, its exponents begin at 1e16 and below 1e-4 and have two digits. */
export function printPythonFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa = "0", power = "0"] = Math.abs(value).toExponential().split("e");
  const exponent = Number(power);
  if (value !== 0 && (exponent < -4 || exponent >= 16))
    return `${sign}${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  const digits = mantissa.replace(".", "");
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}
