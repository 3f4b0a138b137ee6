import type { EntityModel } from "../definition/model.ts";
import type { RequestPlan, StoredUse } from "../plan/request-plan.ts";
import type { Value } from "../value/type.ts";
import type { EchoedColumn } from "./feast-answer.ts";
import { asFeastRaises, printPythonList } from "./feast-error.ts";
import { readKeyAsFeast } from "./feast-key.ts";
import type { EntityRow } from "./online.ts";

/** Entities of a request column by column, as Feast takes them: join keys, or request fields, and their values. */
export type EntityColumns = Readonly<Record<string, readonly unknown[]>>;

/** A request's rows as asof reads them, and the keys that Feast's answer begins with. */
export interface ReadEntities {
  readonly rows: readonly EntityRow[];
  readonly echoed: readonly EchoedColumn[];
}

/**
 * Reads entity columns as the SDK of Feast 0.67 does: join keys of any entity are echoed, an entity's name stands for its key, other columns
 * are passed over, values become what their key's type wants. A view of whose keys only some are given is asked for keys that nothing has. Its
 * errors are Feast's.
 */
export function readEntitiesAsFeast(plan: RequestPlan, entities: readonly EntityModel[], columns: EntityColumns): ReadEntities {
  const count = rowCountOf(columns);
  const joinKeys = joinKeysOf(plan, entities);
  const fields = new Set(plan.requestFields.map((field) => field.name));
  const keys = new Map<string, readonly Value[]>();
  const requested = new Map<string, readonly unknown[]>();
  for (const [name, values] of Object.entries(columns)) {
    const key = joinKeys.names.has(name) ? name : joinKeys.byEntity.get(name);
    if (fields.has(name)) requested.set(name, values);
    else if (key !== undefined) keys.set(key, readKeys(plan, key, values));
  }
  refuseMissingFields([...fields], requested);
  for (const use of plan.stored) refuseUnusableKeys(use, joinKeys.names, keys);
  const rows = Array.from({ length: count }, (_, row): EntityRow => {
    const known = plan.keyColumns.map(({ column }): [string, unknown] => [column, keys.get(column)?.[row] ?? null]);
    const given = [...requested].map(([name, values]): [string, unknown] => [name, values[row] ?? null]);
    return Object.fromEntries([...known, ...given]);
  });
  return { rows, echoed: [...keys].map(([name, values]) => ({ name, values })) };
}

function rowCountOf(columns: EntityColumns): number {
  const lengths = new Set(Object.values(columns).map((values) => values.length));
  if (lengths.size > 1)
    throw asFeastRaises("ASOF_REQUEST_INVALID", "ValueError", "All entity rows must have the same columns.", "entities");
  for (const length of lengths) return length;
  throw asFeastRaises("ASOF_REQUEST_INVALID", "KeyError", "pop from an empty set", "entities");
}

/** Every name that Feast takes for a key: join keys of all entities of the project, and columns that a use renames them to. */
function joinKeysOf(
  plan: RequestPlan,
  entities: readonly EntityModel[],
): { names: ReadonlySet<string>; byEntity: ReadonlyMap<string, string> } {
  const names = new Set(entities.flatMap((entity) => entity.keys.map((key) => key.name)));
  for (const { column } of plan.keyColumns) names.add(column);
  const single = entities.flatMap((entity): [string, string][] => {
    const [key] = entity.keys;
    return key !== undefined && entity.keys.length === 1 ? [[entity.name, key.name]] : [];
  });
  return { names, byEntity: new Map(single) };
}

function readKeys(plan: RequestPlan, column: string, values: readonly unknown[]): readonly Value[] {
  const type = plan.keyColumns.find((key) => key.column === column)?.type;
  return values.map((value, row) => {
    const path = `entities.${column}[${row}]`;
    return type === undefined ? readUntyped(value) : readKeyAsFeast(type, value, path);
  });
}

/** A key that no view uses is echoed as it came. */
function readUntyped(value: unknown): Value {
  return typeof value === "boolean" || typeof value === "number" || typeof value === "bigint" || typeof value === "string" ? value : null;
}

function refuseMissingFields(fields: readonly string[], given: ReadonlyMap<string, unknown>): void {
  const missing = fields.filter((field) => !given.has(field));
  if (missing.length === 0) return;
  const message = `Required request data source features ${printPythonList(missing)} not found in the entity rows, but required by feature views`;
  throw asFeastRaises("ASOF_REQUEST_INVALID", "RequestDataNotFoundInEntityRowsException", message, "entities");
}

/** Feast looks at each view that is read: none of its keys given, or one of them null. */
function refuseUnusableKeys(use: StoredUse, joinKeys: ReadonlySet<string>, given: ReadonlyMap<string, readonly Value[]>): void {
  if (use.keys.length === 0) return;
  const columns = new Map(use.keys.map(({ key, column }) => [key, given.get(column)]));
  if ([...columns.values()].every((values) => values === undefined || values.length === 0)) {
    const sorted = [...joinKeys].sort();
    const missing = printPythonList(sorted.filter((name) => columns.get(name) === undefined));
    const empty = printPythonList(sorted.filter((name) => (columns.get(name) ?? []).length === 0));
    const message = `Missing join key values for keys: ${missing}. No values provided for keys: ${empty}. Provided join_key_values: ${printPythonList([...given.keys()])}`;
    throw asFeastRaises("ASOF_REQUEST_INVALID", "KeyError", message, "entities");
  }
  if ([...columns.values()].some((values) => values?.includes(null)))
    throw asFeastRaises("ASOF_REQUEST_INVALID", "TypeError", "attribute name must be string, not 'NoneType'", "entities");
}
