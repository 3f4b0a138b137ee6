import { didYouMean } from "../definition/read.ts";
import { AsofError } from "../error/error.ts";
import { normalizeValue } from "../value/normalize.ts";
import { compareText } from "../value/order.ts";
import type { ValueType } from "../value/type.ts";
import type { EntityKey } from "./erase-key.ts";
import type { RegistryView } from "./registry-view.ts";

/**
 * The types of the parts of a key: those of one entity, or of several whose keys together are what is given. ASOF_OBJECT_UNKNOWN where
 * no registered entities have just these keys.
 */
export function entityKeyTypes(registry: RegistryView, given: readonly string[]): ReadonlyMap<string, ValueType> {
  const types = new Map<string, ValueType>();
  for (const entity of registry.models.entities.values()) {
    if (!entity.keys.every((key) => given.includes(key.name))) continue;
    for (const { name, type } of entity.keys) if (!types.has(name)) types.set(name, type);
  }
  const unknown = given.filter((name) => !types.has(name));
  if (given.length > 0 && unknown.length === 0) return types;
  const known = [...registry.models.entities.values()].map((e) => `${e.name} (${e.keys.map((k) => k.name).join(", ")})`);
  const names = [...registry.models.entities.values()].flatMap((e) => e.keys.map((k) => k.name));
  const what = given.length === 0 ? "No key is given." : `No registered entity has the key ${given.join(", ")}.`;
  throw new AsofError("ASOF_OBJECT_UNKNOWN", `${what} Entities: ${known.sort().join("; ") || "none"}.`, {
    path: unknown.join(", ") || "entity",
    fix: `${didYouMean(unknown[0] ?? "", names)}Give all key parts of an entity by name, for example customer_id=900.`,
  });
}

/** An entity key in the types of the registered entities, its parts sorted by name. ASOF_VALUE_INVALID names a part of another type. */
export function resolveEntityKey(registry: RegistryView, entity: Readonly<Record<string, unknown>>): EntityKey {
  const names = Object.keys(entity).sort(compareText);
  const types = entityKeyTypes(registry, names);
  const values = names.map((name) => normalizeValue(types.get(name) ?? { kind: "string" }, false, entity[name], `entity.${name}`));
  return { names, values };
}
