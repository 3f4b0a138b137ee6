import { z } from "zod";
import { configSchema, storeSchemas, unusedKeys } from "./schema.ts";

/** One key of feature_store.yaml as documentation shows it. */
export interface ConfigKey {
  /** `online_store.path`; the type of store it belongs to stands in `store`. */
  readonly key: string;
  readonly store: string | null;
  /** `text`, `whole number`, or the choices. */
  readonly type: string;
  readonly default: string | null;
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** Every key that is read, in the order of the schema: the page of keys is made of this, so that it cannot fall behind. */
export function configKeys(): readonly ConfigKey[] {
  const skipped = new Set<string>([...unusedKeys, ...Object.keys(storeSchemas)]);
  const top = keysOf("", null, configSchema).filter(({ key }) => !skipped.has(key));
  const stores = Object.entries(storeSchemas).flatMap(([role, types]) =>
    Object.entries(types).flatMap(([type, schema]) => keysOf(`${role}.`, type, schema)),
  );
  return [...top, ...stores];
}

function keysOf(prefix: string, store: string | null, schema: z.ZodType): readonly ConfigKey[] {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  return propertiesOf(prefix, store, json);
}

function propertiesOf(prefix: string, store: string | null, json: JsonSchema): readonly ConfigKey[] {
  return Object.entries(json.properties ?? {}).flatMap(([name, property]) =>
    property.properties !== undefined
      ? propertiesOf(`${prefix}${name}.`, store, property)
      : [
          {
            key: prefix + name,
            store,
            type: typeOf(property),
            default: property.default === undefined ? null : JSON.stringify(property.default),
          },
        ],
  );
}

/** Words for JSON Schema's types; a size or duration is text with a form of its own. */
const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  boolean: "true or false",
  array: "list",
};

function typeOf(property: JsonSchema): string {
  if (property.enum !== undefined) return property.enum.map((choice) => JSON.stringify(choice)).join(", ");
  if (property.anyOf !== undefined) return property.anyOf.map(typeOf).join(" or ");
  const types = typeof property.type === "string" ? [property.type] : (property.type ?? []);
  return types.map((type) => typeNames[type] ?? type).join(" or ") || "text";
}
