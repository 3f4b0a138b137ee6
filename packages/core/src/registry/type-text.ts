import { AsofError } from "../error/error.ts";
import { printType, type ValueType } from "../value/type.ts";

/** Collects what is not data while definitions are encoded: the JavaScript form of each int64. */
export interface Encoding {
  /** Whether types keep their JavaScript form; without it two definitions that store the same values are written alike. */
  readonly exact: boolean;
  /** `bigint` or `number` for each int64 met, in order. */
  readonly forms: string[];
}

/** A type as text: {@link printType}, with `int64:number` for the number form where the encoding is exact. */
export function encodeType(type: ValueType, encoding: Encoding): string {
  if (type.kind === "list") return `list(${encodeType(type.of, encoding)})`;
  if (type.kind !== "int64") return printType(type);
  encoding.forms.push(type.as);
  return encoding.exact && type.as === "number" ? "int64:number" : "int64";
}

const plainKinds = ["bool", "int32", "float32", "float64", "string", "bytes", "timestamp", "date", "uuid"] as const;

/** Reads what {@link encodeType} wrote. */
export function decodeType(text: string): ValueType {
  const list = /^list\((.*)\)$/.exec(text);
  if (list?.[1] !== undefined) return { kind: "list", of: decodeType(list[1]) };
  const decimal = /^decimal\((\d+), (\d+)\)$/.exec(text);
  if (decimal !== null) return { kind: "decimal", precision: Number(decimal[1]), scale: Number(decimal[2]) };
  if (text === "int64") return { kind: "int64", as: "bigint" };
  if (text === "int64:number") return { kind: "int64", as: "number" };
  const kind = plainKinds.find((k) => k === text);
  if (kind !== undefined) return { kind };
  throw new AsofError("ASOF_REGISTRY_FAILED", `The registry holds the type ${JSON.stringify(text)}, which this version does not know.`, {
    value: text,
    fix: "Update asof, or apply the definitions again.",
  });
}
