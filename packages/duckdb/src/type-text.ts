/** A field of a struct as DESCRIBE prints it. */
export interface EngineField {
  readonly name: string;
  readonly type: string;
}

/** The fields of `STRUCT(a INTEGER, "b c" DECIMAL(2,1)[])`. */
export function fieldsOf(type: string): readonly EngineField[] {
  return partsOf(type).map((part) => {
    const quoted = /^"((?:[^"]|"")*)" /.exec(part);
    if (quoted !== null) return { name: (quoted[1] ?? "").replaceAll('""', '"'), type: part.slice(quoted[0].length) };
    const space = part.indexOf(" ");
    return { name: part.slice(0, space), type: part.slice(space + 1) };
  });
}

/** Key and value type of `MAP(VARCHAR, DOUBLE)`. */
export function mapPartsOf(type: string): { readonly key: string; readonly value: string } {
  const [key = "VARCHAR", value = "VARCHAR"] = partsOf(type);
  return { key, value };
}

/** Element type of `BIGINT[]` or `BIGINT[3]`. */
export function elementOf(type: string): string {
  return type.slice(0, type.lastIndexOf("["));
}

/** The length of `FLOAT[3]`; null for lists. */
export function arrayLengthOf(type: string): number | null {
  const length = /\[(\d+)\]$/.exec(type)?.[1];
  return length === undefined ? null : Number(length);
}

/** Precision and scale of `DECIMAL(p,s)`. */
export function decimalOf(type: string): { readonly precision: number; readonly scale: number } {
  const match = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type);
  return { precision: Number(match?.[1] ?? 18), scale: Number(match?.[2] ?? 3) };
}

/** What stands between the outer parentheses, cut at the commas that stand in no inner parentheses or quotes. */
function partsOf(type: string): readonly string[] {
  const parts: string[] = [];
  const end = type.length - 1;
  let from = type.indexOf("(") + 1;
  let depth = 0;
  let quote: string | null = null;
  for (let at = from; at < end; at++) {
    const character = type[at] ?? "";
    if (quote !== null) {
      // A doubled quote closes and opens again, which comes to the same.
      if (character === quote) quote = null;
    } else if (character === '"' || character === "'") quote = character;
    else if (character === "(") depth++;
    else if (character === ")") depth--;
    else if (character === "," && depth === 0) {
      parts.push(type.slice(from, at).trim());
      from = at + 1;
    }
  }
  parts.push(type.slice(from, end).trim());
  return parts;
}
