import type { ColumnModel, EntityModel } from "./model.ts";
import { makeHandle } from "./payload.ts";
import { asRecord, IssueList, OptionReader, readName } from "./read.ts";
import { readColumns } from "./read-columns.ts";
import type { Merge, Nothing, TypeMessage } from "./type-message.ts";
import type { AnyKeyType, AnyNotNull, AnyValueType, MetaOptions, TagText } from "./value-types.ts";

/** The thing described, with the typed values that identify one. */
export interface Entity<out Name extends string, out Keys> {
  readonly kind: "entity";
  readonly name: Name;
  readonly "~keys": Keys;
}

export interface AnyEntity {
  readonly kind: "entity";
  readonly name: string;
  readonly "~keys": unknown;
}

/** Key columns of several entities together. */
export type KeysOf<E extends readonly AnyEntity[]> = E extends readonly []
  ? Nothing
  : { readonly [K in keyof Merge<E[number]["~keys"]>]: Merge<E[number]["~keys"]>[K] };

export interface EntityOptions<K> extends MetaOptions {
  /** Key columns, at least one; their order is part of the stored key. Never null; not floats or lists. */
  readonly key: K & KeyCheck<K>;
}

/** Nothing, or a message for each key of a wrong type. */
type KeyCheck<K> = { readonly [P in keyof K as K[P] extends AnyKeyType ? never : P]: KeyVerdict<K[P]> };

type KeyVerdict<T> = T extends AnyNotNull
  ? TypeMessage<`a key cannot be ${TagText<T["~tag"]>}: that has no exact form`>
  : TypeMessage<"a key is never null: remove nullable(…)">;

/**
 * Declares an entity. `entity("customer", { key: { customer_id: int64() } })`. Faults are reported by `validateRepository`,
 * all at once.
 */
export function entity<Name extends string, K extends { readonly [name: string]: AnyValueType }>(
  name: Name,
  options: EntityOptions<K>,
): Entity<Name, { readonly [P in keyof K]: K[P]["~js"] }>;
export function entity(name: unknown, options: unknown): AnyEntity {
  const list = new IssueList();
  const ownName = readName(name, "entities", list);
  const path = `entities.${ownName}`;
  const reader = new OptionReader(options, path, list, ["key"]);
  const keys = readKeys(reader, list);
  const model: EntityModel = Object.freeze({ kind: "entity", name: ownName, keys, meta: reader.meta() });
  return makeHandle({ kind: "entity", name: model.name }, { of: "definition", model, reference: null, issues: list.issues });
}

function readKeys(reader: OptionReader, list: IssueList): readonly ColumnModel[] {
  const path = `${reader.path}.key`;
  if (asRecord(reader.value("key")) === null) {
    list.add("ASOF_DEFINITION_INVALID", path, reader.value("key"), "An entity needs a key.", "Write key: { customer_id: int64() }.");
    return [];
  }
  return readColumns(reader.value("key"), path, list);
}
