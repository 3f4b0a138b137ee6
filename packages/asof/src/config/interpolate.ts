import { type Document, isScalar, type Scalar, visit } from "yaml";
import type { Environment } from "../platform/environment.ts";

/** A variable that is not set, or a `${` that cannot be read, and where it stands. */
export interface InterpolationFault {
  /** Name of the variable; null for a malformed reference. */
  readonly variable: string | null;
  readonly offset: number;
  readonly path: readonly (string | number)[];
}

/** `$$`, `${NAME}`, `${NAME:-default}`, `$NAME`, or a `${` that is none of them. */
const reference = /\$\$|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}|\$([A-Za-z_]\w*)|\$\{/g;

/**
 * Replaces `${NAME}`, `$NAME` and `${NAME:-default}` (used when the variable is not set or empty) in every value of a document;
 * `$$` stands for a dollar sign. Values are replaced after the YAML was read, so what a variable holds is a value and never
 * structure; without quotes it still becomes a number, a boolean or null as if it had been written there. Returns the offsets of
 * the scalars that hold a variable's content, which never appears in messages, and the faults.
 */
export function interpolate(
  document: Document,
  environment: Environment,
): { readonly replaced: ReadonlySet<number>; readonly faults: readonly InterpolationFault[] } {
  const replaced = new Set<number>();
  const faults: InterpolationFault[] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === "key" || typeof node.value !== "string" || !node.value.includes("$")) return;
      const offset = node.range?.[0] ?? 0;
      const path = pathOf([...ancestors, node]);
      const text = node.value.replaceAll(
        reference,
        (match, braced: string | undefined, fallback: string | undefined, bare: string | undefined) => {
          if (match === "$$") return "$";
          const variable = braced ?? bare;
          if (variable === undefined) faults.push({ variable: null, offset, path });
          else {
            replaced.add(offset);
            const value = environment[variable];
            if (value !== undefined && (value !== "" || fallback === undefined)) return value;
            if (fallback !== undefined) return fallback;
            faults.push({ variable, offset, path });
          }
          return match;
        },
      );
      node.value = node.type === "PLAIN" && replaced.has(offset) ? readPlain(text) : text;
    },
  });
  return { replaced, faults };
}

/** The value of an unquoted scalar in YAML's core schema. */
function readPlain(text: string): unknown {
  if (/^(?:~|null|Null|NULL|)$/.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  if (/^[-+]?[0-9]+$/.test(text)) return Number(text);
  return /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(text) ? Number(text) : text;
}

/** Keys and indexes that lead to a node, from its ancestors as `visit` gives them. */
function pathOf(nodes: readonly unknown[]): readonly (string | number)[] {
  const path: (string | number)[] = [];
  for (const [i, node] of nodes.entries()) {
    const child = nodes[i + 1];
    if (isPair(node) && isScalar(node.key)) path.push(String((node.key as Scalar).value));
    if (isSequence(node)) path.push(node.items.indexOf(child));
  }
  return path;
}

function isPair(node: unknown): node is { readonly key: unknown } {
  return typeof node === "object" && node !== null && "key" in node && "value" in node;
}

function isSequence(node: unknown): node is { readonly items: readonly unknown[] } {
  return typeof node === "object" && node !== null && "items" in node && Array.isArray(node.items) && !node.items.some(isPair);
}
