import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { compareText, dateToDays, equalValues, fieldOf, isValueList, isValueMap, printType, type Value, type ValueType } from "@asof/core";
import { anyValue, chance, FeastProcess, seededRandom } from "@asof/testkit";
import { asofRegistryField, compileFeastValueReader, compileFeastValueWriter, FeastRegistryFile, feastTypeOf } from "../src/index.ts";
import { storedTypes } from "./every-type.test.support.ts";
import { fromHex, hex, readGoldenBytes } from "./golden.test.support.ts";

let feast: FeastProcess;
let folder: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "asof-feast-values-"));
  feast = await FeastProcess.start(folder);
});

after(async () => {
  await feast[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Reads each value by Feast's own message class and shows it, with what the SDK makes of it and the bytes that Feast writes of it. */
const program = `
import struct
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import feast_value_type_to_python_type

def scalar(x):
    if isinstance(x, bool): return x
    if isinstance(x, int): return str(x)
    if isinstance(x, float): return "nan" if x != x else struct.pack(">d", x).hex()
    if isinstance(x, bytes): return x.hex()
    return x

def entries(m):
    return [[k, show(m.val[k])] for k in sorted(m.val)]

def show(v):
    field = v.WhichOneof("val")
    if field is None: return None
    x = getattr(v, field)
    if field in ("map_val", "struct_val"): return [field, entries(x)]
    if field in ("map_list_val", "struct_list_val"): return [field, [entries(m) for m in x.val]]
    if field in ("list_val", "set_val"): return [field, [show(e) for e in x.val]]
    if field == "scalar_map_val":
        return [field, [[e.key.WhichOneof("key"), scalar(getattr(e.key, e.key.WhichOneof("key"))), show(e.value)] for e in x.val]]
    if field.endswith("_list_val") or field.endswith("_set_val"): return [field, [scalar(e) for e in x.val]]
    return [field, scalar(x)]

out = []
for text in given:
    value = Value.FromString(bytes.fromhex(text))
    out.append([show(value), feast_value_type_to_python_type(value) is None, value.SerializeToString().hex()])
reply(out)
`;

const memberOf = (type: ValueType): string => {
  const name = feastTypeOf(type);
  return name === "VALUE_LIST" ? "list_val" : `${name.toLowerCase()}_val`;
};

/** What the program shows of a value, made of the value itself. */
function shown(type: ValueType, value: Value): unknown {
  if (value === null) return null;
  if (type.kind === "list" && isValueList(value)) return [...shownList(type, value)];
  if (type.kind === "set" || type.kind === "vector") {
    const element: ValueType = type.kind === "set" ? type.of : { kind: "float32" };
    return [memberOf(type), isValueList(value) ? value.map((each) => shownScalar(element, each)) : []];
  }
  if (type.kind === "map" && type.key.kind !== "string" && isValueMap(value))
    return [
      memberOf(type),
      [...value].map(([key, mapped]) => [
        `${feastTypeOf(type.key).toLowerCase()}_key`,
        shownScalar(type.key, key),
        shown(type.value, mapped),
      ]),
    ];
  if (type.kind === "map" || type.kind === "struct") return [memberOf(type), shownEntries(type, value)];
  return [memberOf(type), shownScalar(type, value)];
}

function shownList(type: ValueType & { readonly kind: "list" }, value: readonly Value[]): readonly [string, unknown] {
  const { of } = type;
  const isTime = of.kind === "timestamp" || of.kind === "date";
  if (memberOf(type) === "list_val" || (value.includes(null) && !isTime)) return ["list_val", value.map((each) => shown(of, each))];
  if (of.kind === "map" || of.kind === "struct") return [memberOf(type), value.map((each) => shownEntries(of, each))];
  return [memberOf(type), value.map((each) => (each === null ? "-9223372036854775808" : shownScalar(of, each)))];
}

function shownEntries(type: ValueType, value: Value): unknown {
  if (type.kind === "struct")
    return type.fields
      .toSorted((a, b) => compareText(a.name, b.name))
      .map((field) => [field.name, shown(field.type, fieldOf(value, field.name))]);
  if (type.kind !== "map" || !isValueMap(value)) return null;
  return [...value].toSorted(([a], [b]) => compareText(String(a), String(b))).map(([key, mapped]) => [key, shown(type.value, mapped)]);
}

function shownScalar(type: ValueType, value: Value): unknown {
  switch (type.kind) {
    case "bool":
      return value;
    case "timestamp":
      return String(Number(value) / 1_000_000);
    case "date":
      return String((dateToDays(String(value)) ?? 0) * 86_400);
    case "float32":
    case "float64": {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleBE(Number(value));
      return Number.isNaN(value) ? "nan" : bytes.toString("hex");
    }
    case "bytes":
      return value instanceof Uint8Array ? hex(value) : null;
    default:
      return String(value);
  }
}

test("Feast's own message classes read every value as it is, and what they write of it is read back", async () => {
  const cases = storedTypes.flatMap((type) => {
    const write = compileFeastValueWriter(type);
    return Array.from({ length: 25 }, (_, seed) => {
      const random = seededRandom(`feast ${printType(type)} ${seed}`);
      const value = chance(random, 0.05) ? null : anyValue(random, type);
      return { type, value, bytes: hex(write(value)), title: `${printType(type)}, seed ${seed}` };
    });
  });
  const answers = (await feast.run(
    program,
    cases.map(({ bytes }) => bytes),
  )) as readonly (readonly [unknown, boolean, string])[];
  assert.equal(answers.length, cases.length);
  for (const [i, { type, value, title }] of cases.entries()) {
    const [seen, isNone, rewritten] = answers[i] ?? [undefined, false, ""];
    assert.deepEqual(seen, shown(type, value), title);
    // A JSON null is None to the SDK as well.
    if (type.kind !== "json") assert.equal(isNone, value === null, `${title}: None in the SDK`);
    assert.ok(equalValues(type, compileFeastValueReader(type)(fromHex(rewritten)), value), `${title}: written by Feast`);
  }
});

test("Feast keeps what asof puts beside its objects when it rewrites a registry", async () => {
  const file = FeastRegistryFile.decode(readGoldenBytes("registry.pb"));
  file.setField(asofRegistryField, [Buffer.from("one record"), Buffer.from("another")]);
  const rewritten = await feast.run(
    `
from feast.protos.feast.core.Registry_pb2 import Registry
registry = Registry.FromString(bytes.fromhex(given))
entity = registry.entities.add()
entity.spec.name = "added"
entity.spec.project = "compat"
reply(registry.SerializeToString().hex())
`,
    hex(file.encode()),
  );
  const after = FeastRegistryFile.decode(fromHex(String(rewritten)));
  assert.deepEqual(
    after.getField(asofRegistryField).map((bytes) => Buffer.from(bytes).toString()),
    ["one record", "another"],
  );
  assert.ok(after.get("entity", "compat", "added") !== null);
});
