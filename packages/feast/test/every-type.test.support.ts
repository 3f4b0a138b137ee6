import { isOrderable, type ValueType } from "@asof/core";
import { everyType } from "@asof/testkit";

/** A type with all times cut to the seconds that Feast keeps. */
function inSeconds(type: ValueType): ValueType {
  switch (type.kind) {
    case "timestamp":
      return { kind: "timestamp", precision: "s" };
    case "list":
    case "set":
      return { ...type, of: inSeconds(type.of) };
    case "map":
      return { ...type, key: inSeconds(type.key), value: inSeconds(type.value) };
    case "struct":
      return { ...type, fields: type.fields.map((field) => ({ ...field, type: inSeconds(field.type) })) };
    default:
      return type;
  }
}

export const list = (of: ValueType): ValueType => ({ kind: "list", of });
export const map = (key: ValueType, value: ValueType): ValueType => ({ kind: "map", key, value });
const mapKeys: readonly ValueType[] = (["string", "int32", "bool", "uuid", "date", "timestamp"] as const).map((kind) => ({ kind }));

/** Every type, and every way in which Feast has types within types. */
export const storedTypes: readonly ValueType[] = [
  ...everyType,
  ...mapKeys.map((key) => map(key, { kind: "int64", as: "bigint" })),
  ...everyType.map(list),
  ...everyType.filter(isOrderable).map((of): ValueType => ({ kind: "set", of })),
].map(inSeconds);
