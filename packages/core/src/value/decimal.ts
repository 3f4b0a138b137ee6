/** A decimal's digits without the point: `"-12.50"` of scale 2 is `-1250n`. The text must be in normal form. */
export function decimalToUnscaled(decimal: string): bigint {
  const point = decimal.indexOf(".");
  return BigInt(point < 0 ? decimal : decimal.slice(0, point) + decimal.slice(point + 1));
}

/** The normal form of an unscaled decimal: exactly `scale` digits after the point, no sign on zero. */
export function unscaledToDecimal(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Whether an unscaled decimal has at most `precision` digits. */
export function fitsPrecision(unscaled: bigint, precision: number): boolean {
  const bound = 10n ** BigInt(precision);
  return unscaled < bound && unscaled > -bound;
}

/**
 * The unscaled value of a number written as text (`"12.5"`, `"-3"`, `"1.5e-7"`), exactly: null where the text is no number, or has
 * non-zero digits beyond `scale`, or so large an exponent that no precision holds it.
 */
export function parseUnscaled(text: string, scale: number): bigint | null {
  const match = /^([+-]?)([0-9]+)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+(?=.)/, "");
  if (digits === "0") return 0n;
  const shift = scale + Number(exponent) - fraction.length;
  if (shift > 100) return null;
  const padded = shift >= 0 ? digits + "0".repeat(shift) : digits.slice(0, shift);
  if (shift < 0 && /[1-9]/.test(digits.slice(shift))) return null;
  const magnitude = BigInt(padded === "" ? "0" : padded);
  return sign === "-" ? -magnitude : magnitude;
}
