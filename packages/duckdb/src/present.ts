import type { ValueType } from "@asof/core";
import { fileTypeOf, storageTypeOf } from "./column-types.ts";
import { quoteName } from "./quote.ts";

/** A stored value as files hold it: instants as TIMESTAMPTZ, maps as MAP, json as JSON; also within other types. */
export function presentValue(sql: string, type: ValueType): string {
  return present(sql, type, 0);
}

/** `depth` keeps the names of lambda parameters apart. */
function present(sql: string, type: ValueType, depth: number): string {
  if (storageTypeOf(type) === fileTypeOf(type)) return sql;
  const item = `p${depth}`;
  switch (type.kind) {
    case "timestamp":
      return `make_timestamptz(${sql})`;
    case "list":
    case "set":
      // The type is named, because a list that is empty throughout has none of its own.
      return `CAST(list_transform(${sql}, lambda ${item}: ${present(item, type.of, depth + 1)}) AS ${fileTypeOf(type)})`;
    case "map": {
      const [key, value] = [present(`${item}."key"`, type.key, depth + 1), present(`${item}."value"`, type.value, depth + 1)];
      const pairs = `list_transform(${sql}, lambda ${item}: struct_pack("key" := ${key}, "value" := ${value}))`;
      return `CASE WHEN ${sql} IS NOT NULL THEN CAST(map_from_entries(${pairs}) AS ${fileTypeOf(type)}) END`;
    }
    case "struct": {
      const fields = type.fields.map(({ name, type: of }) => `${quoteName(name)} := ${present(`(${sql}).${quoteName(name)}`, of, depth)}`);
      return `CASE WHEN ${sql} IS NOT NULL THEN CAST(struct_pack(${fields.join(", ")}) AS ${fileTypeOf(type)}) END`;
    }
    default:
      return `CAST(${sql} AS ${fileTypeOf(type)})`;
  }
}
