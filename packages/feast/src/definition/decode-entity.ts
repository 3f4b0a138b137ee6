import type { EntityModel, ValueType } from "@asof/core";
import { Message } from "../wire/message.ts";
import { readMeta } from "./decode-source.ts";
import { feastNumberOf, typeOfNumber } from "./feature-type.ts";
import { asofTags, dummyEntity, entityFields, entitySpec } from "./fields.ts";
import { Unsupported } from "./unsupported.ts";

/** The spec of a Feast `Entity`. */
export function readEntitySpec(bytes: Uint8Array): Message {
  return new Message(bytes).message(entityFields.spec) ?? new Message();
}

/** Whether an entity is only there because Feast's has one key and every view needs one: no entity of asof's by itself. */
export function isAuxiliaryEntity(spec: Message): boolean {
  return spec.text(entitySpec.name) === dummyEntity.name || spec.map(entitySpec.tags)[asofTags.partOf] !== undefined;
}

/**
 * A Feast entity. The type of its key is the one that views have for it, else its own, else text: Feast fills in the type of an entity
 * that was declared without one only in the views.
 */
export function decodeEntity(spec: Message, typeInViews: number | undefined, before: EntityModel | undefined): EntityModel {
  const [name, key] = [spec.text(entitySpec.name), spec.text(entitySpec.joinKey) || spec.text(entitySpec.name)];
  const meta = readMeta(spec, entitySpec);
  const number = typeInViews ?? spec.number(entitySpec.valueType);
  const [first] = before?.keys ?? [];
  if (before !== undefined && first?.name === key && (number === 0 || feastNumberOf(first.type) === number)) return { ...before, meta };
  const type: ValueType | null = number === 0 ? { kind: "string" } : typeOfNumber(number);
  if (type === null) {
    throw new Unsupported(
      `its key is of Feast's type ${number}, which has no exact form`,
      "Give it a key of integers, text, bytes or time.",
    );
  }
  return { kind: "entity", name, keys: [{ name: key, type, nullable: false, meta: {} }], meta };
}
