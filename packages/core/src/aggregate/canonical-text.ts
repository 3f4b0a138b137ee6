/**
 * One text for equal plain data, whatever the order of its members, for fingerprints. The JavaScript form of int64 does not matter:
 * `as` of types is left out, and a bigint reads as the number does.
 */
export function canonicalText(data: unknown): string {
  if (data instanceof Uint8Array) return `x${Buffer.from(data).toString("hex")}`;
  if (Array.isArray(data)) return `[${data.map(canonicalText).join(",")}]`;
  if (typeof data !== "object" || data === null) return typeof data === "string" ? JSON.stringify(data) : String(data);
  const members = Object.entries(data).filter(([name, value]) => value !== undefined && !(name === "as" && "kind" in data));
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${JSON.stringify(name)}:${canonicalText(value)}`)
    .join(",")}}`;
}
