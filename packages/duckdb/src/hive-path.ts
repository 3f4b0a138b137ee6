/** What Hive calls the partition of rows without a value. */
const nullPartition = "__HIVE_DEFAULT_PARTITION__";

/** The folder of a partition below the output: `country=AT/month=2026-01`, escaped as Hive does. */
export function partitionPath(names: readonly string[], values: readonly (string | null)[]): string {
  return names.map((name, i) => `${escapePart(name)}=${escapeValue(values[i] ?? null)}`).join("/");
}

function escapeValue(value: string | null): string {
  if (value === null) return nullPartition;
  // A text that happens to be a name of the null partition stays a text: DuckDB takes NULL for one, in upper or lower case.
  if (value === nullPartition || /^null$/i.test(value)) return `${percent(value)}${value.slice(1)}`;
  return escapePart(value);
}

/** Percent signs before the code of each character that Hive escapes, and of those no file name may hold or end with. */
function escapePart(text: string): string {
  const escaped = text.replace(/["#%'*/:=?\\{[\]^<>|]|\p{Cc}/gu, percent);
  return escaped.replace(/[. ]$/, percent);
}

function percent(character: string): string {
  const code = character.charCodeAt(0);
  // Readers take an escape for a byte of UTF-8.
  return code > 0x7f ? character : `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
}
