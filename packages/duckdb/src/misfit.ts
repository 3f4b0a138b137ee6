/** What becomes of a value that has no place in its declared type. */
export type Misfit = "fail" | "null";

/** Takes the value where the condition holds; null stays null, anything else is a misfit. */
export function keepOnly(condition: string, sql: string, value: string, misfit: Misfit): string {
  const otherwise = misfit === "null" ? "NULL" : `error('a value does not fit the declared type: ' || CAST(${sql} AS VARCHAR))`;
  return `CASE WHEN ${sql} IS NULL THEN NULL WHEN ${condition} THEN ${value} ELSE ${otherwise} END`;
}
