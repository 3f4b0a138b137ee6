import { AsofError } from "../error/error.ts";
import { printType, printTypeBy, type StructField, structType, type ValueType } from "../value/type.ts";

/** Collects what is not data while definitions are encoded: the JavaScript form of each int64. */
export interface Encoding {
  /** Whether types keep their JavaScript form; without it two definitions that store the same values are written alike. */
  readonly exact: boolean;
  /** `bigint` or `number` for each int64 met, in order. */
  readonly forms: string[];
}

/** A type as text: {@link printType}, with `int64:number` for the number form where the encoding is exact. */
export function encodeType(type: ValueType, encoding: Encoding): string {
  return printTypeBy(type, (scalar) => {
    if (scalar.kind !== "int64") return printType(scalar);
    encoding.forms.push(scalar.as);
    return encoding.exact && scalar.as === "number" ? "int64:number" : "int64";
  });
}

const plainKinds = ["bool", "int32", "float32", "float64", "string", "bytes", "timestamp", "date", "uuid", "json"] as const;

/** How deep the types of a registry may nest: far beyond any use, and before the stack ends. */
const depthMax = 100;

/** Reads what {@link encodeType} wrote. */
export function decodeType(text: string): ValueType {
  const reader = new TypeReader(text);
  const type = reader.readType(0);
  return reader.isAtEnd() ? type : unknownType(text);
}

function unknownType(text: string): never {
  throw new AsofError("ASOF_REGISTRY_FAILED", `The registry holds the type ${JSON.stringify(text)}, which this version does not know.`, {
    value: text,
    fix: "Update asof, or apply the definitions again.",
  });
}

/** Reads a type from left to right. */
class TypeReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  readType(depth: number): ValueType {
    if (depth > depthMax) return unknownType(this.#text);
    const word = this.#take(/int64:number|[a-z0-9]+/y);
    if (word === "int64") return { kind: "int64", as: "bigint" };
    if (word === "int64:number") return { kind: "int64", as: "number" };
    if (word === "timestamp" && this.#accept("(")) return this.#closed({ kind: "timestamp", precision: this.#precision() });
    const kind = plainKinds.find((k) => k === word);
    if (kind !== undefined) return { kind };
    this.#expect("(");
    return this.#closed(this.#readArguments(word, depth + 1));
  }

  #readArguments(word: string, depth: number): ValueType {
    switch (word) {
      case "decimal": {
        const precision = this.#number();
        this.#expect(", ");
        return { kind: "decimal", precision, scale: this.#number() };
      }
      case "vector":
        return { kind: "vector", length: this.#number() };
      case "list":
        return { kind: "list", of: this.readType(depth) };
      case "set":
        return { kind: "set", of: this.readType(depth) };
      case "map": {
        const key = this.readType(depth);
        this.#expect(", ");
        return { kind: "map", key, value: this.readType(depth) };
      }
      case "struct":
        return structType(this.#readFields(depth));
      default:
        return unknownType(this.#text);
    }
  }

  #readFields(depth: number): readonly StructField[] {
    const fields: StructField[] = [];
    this.#expect("{ ");
    do {
      const name = this.#readName();
      this.#expect(": ");
      const nullable = this.#accept("nullable(");
      const type = this.readType(depth);
      fields.push({ name, type: nullable ? this.#closed(type) : type, nullable });
    } while (this.#accept(", "));
    this.#expect(" }");
    return fields;
  }

  #readName(): string {
    const name = this.#take(/[A-Za-z_$][\w$]*|"(?:[^"\\]|\\.)*"/y);
    if (!name.startsWith('"')) return name;
    const read: unknown = JSON.parse(name);
    return String(read);
  }

  #precision(): "s" {
    this.#expect("s");
    return "s";
  }

  #number(): number {
    return Number(this.#take(/[0-9]+/y));
  }

  #closed(type: ValueType): ValueType {
    this.#expect(")");
    return type;
  }

  #accept(part: string): boolean {
    if (!this.#text.startsWith(part, this.#at)) return false;
    this.#at += part.length;
    return true;
  }

  #expect(part: string): void {
    if (!this.#accept(part)) unknownType(this.#text);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return unknownType(this.#text);
    this.#at += found.length;
    return found;
  }
}
