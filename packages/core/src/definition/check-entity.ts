import { isEntityKey, printType } from "../value/type.ts";
import { checkColumnName, checkUnique } from "./check-names.ts";
import type { EntityModel } from "./model.ts";
import type { IssueList } from "./read.ts";

/** Checks an entity's keys: at least one, of types with an exact key form, never null. */
export function checkEntity(entity: EntityModel, list: IssueList): void {
  const path = `entities.${entity.name}.key`;
  if (entity.keys.length === 0) {
    list.add(
      "ASOF_DEFINITION_INVALID",
      path,
      undefined,
      "An entity needs at least one key column.",
      "Write key: { customer_id: int64() }.",
    );
  }
  const names = entity.keys.map((key) => key.name);
  checkUnique(names, "key columns", path, list);
  for (const key of entity.keys) {
    checkColumnName(key.name, "a key column", `${path}.${key.name}`, list);
    if (key.nullable) {
      list.add(
        "ASOF_COLUMN_TYPE",
        `${path}.${key.name}`,
        undefined,
        `Key "${key.name}" is nullable; keys never are.`,
        "Remove nullable(…).",
      );
    }
    if (isEntityKey(key.type)) continue;
    const message = `Key "${key.name}" is ${printType(key.type)}, which has no exact form as a key.`;
    list.add(
      "ASOF_COLUMN_TYPE",
      `${path}.${key.name}`,
      printType(key.type),
      message,
      "Use an integer, string, uuid or another exact scalar.",
    );
  }
}
