import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { readGolden } from "./golden.test.support.ts";

const root = join(import.meta.dirname, "..");
const binaries = join(root, "../../node_modules/.bin");

/** Runs buf as `npm run` would, with the project's plugins on PATH. */
function buf(...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(join(binaries, "buf"), args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH ?? ""}` },
    shell: process.platform === "win32",
  });
  assert.equal(status, 0, `buf ${args.join(" ")}: ${error?.message ?? ""}${stdout}${stderr}`);
  return stdout;
}

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

test("the committed code is what buf makes of the protos", () => {
  const folder = mkdtempSync(join(tmpdir(), "asof-protos-"));
  try {
    for (const template of ["buf.gen.yaml", "buf.gen.types.yaml"]) buf("generate", "--template", template, "--output", folder);
    const [made, committed] = [join(folder, "src/generated"), join(root, "src/generated")];
    assert.deepEqual(filesOf(made), filesOf(committed), "run the commands of docs/decisions/0011-feast-protos.md");
    for (const file of filesOf(made))
      assert.equal(readFileSync(join(committed, file), "utf8"), readFileSync(join(made, file), "utf8"), file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** `FileDescriptorSet` as JSON, as far as it is compared. */
interface Descriptor {
  readonly name: string;
  readonly nestedType?: readonly Descriptor[];
  readonly enumType?: readonly EnumDescriptor[];
  readonly field?: readonly FieldDescriptor[];
  readonly oneofDecl?: readonly { readonly name: string }[];
  readonly options?: { readonly mapEntry?: boolean };
}
interface EnumDescriptor {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number?: number }[];
}
interface FieldDescriptor {
  readonly name: string;
  readonly number: number;
  readonly label: string;
  readonly type: string;
  readonly typeName?: string;
  readonly oneofIndex?: number;
}
interface FileDescriptor {
  readonly name: string;
  readonly package?: string;
  readonly dependency?: readonly string[];
  readonly messageType?: readonly Descriptor[];
  readonly enumType?: readonly EnumDescriptor[];
  readonly service?: readonly {
    readonly name: string;
    readonly method: readonly { name: string; inputType: string; outputType: string }[];
  }[];
}

interface Facts {
  readonly package?: string;
  readonly imports?: readonly string[];
  readonly messages?: Readonly<Record<string, Readonly<Record<string, readonly (string | number)[]>>>>;
  readonly enums?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly services?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

const full = (scope: string, name: string): string => (scope === "" ? name : `${scope}.${name}`);

/** The facts of a file, in the form of the golden ones. */
function factsOf(file: FileDescriptor): Facts {
  const scope = file.package ?? "";
  const messages: Record<string, Record<string, (string | number)[]>> = {};
  const enums: Record<string, Record<string, number>> = {};
  const visitEnum = (parent: string, { name, value }: EnumDescriptor): void => {
    enums[full(parent, name)] = Object.fromEntries(value.map((each) => [each.name, each.number ?? 0]));
  };
  const visit = (parent: string, message: Descriptor): void => {
    if (message.options?.mapEntry === true) return;
    const name = full(parent, message.name);
    messages[name] = Object.fromEntries((message.field ?? []).map((field) => [field.name, fieldFacts(name, message, field)]));
    for (const nested of message.nestedType ?? []) visit(name, nested);
    for (const nested of message.enumType ?? []) visitEnum(name, nested);
  };
  for (const message of file.messageType ?? []) visit(scope, message);
  for (const each of file.enumType ?? []) visitEnum(scope, each);
  const services = Object.fromEntries(
    (file.service ?? []).map(({ name, method }) => [
      full(scope, name),
      Object.fromEntries(method.map((m) => [m.name, [m.inputType.slice(1), m.outputType.slice(1)]])),
    ]),
  );
  return { package: scope, imports: [...(file.dependency ?? [])].sort(), messages, enums, services };
}

function fieldFacts(message: string, { nestedType = [], oneofDecl = [] }: Descriptor, field: FieldDescriptor): (string | number)[] {
  const plain = ({ type, typeName }: FieldDescriptor): string => typeName?.slice(1) ?? type.replace("TYPE_", "").toLowerCase();
  const entry = nestedType.find(({ name, options }) => options?.mapEntry === true && field.typeName === `.${message}.${name}`);
  const [key, value] = entry?.field ?? [];
  const type =
    key !== undefined && value !== undefined
      ? `map<${plain(key)},${plain(value)}>`
      : `${field.label === "LABEL_REPEATED" ? "repeated " : ""}${plain(field)}`;
  const oneof = field.oneofIndex === undefined ? undefined : oneofDecl[field.oneofIndex]?.name;
  return oneof === undefined ? [field.number, type] : [field.number, type, `oneof ${oneof}`];
}

test("the protos hold every message, field, enum and RPC of Feast, and nothing else", () => {
  const golden = readGolden<Readonly<Record<string, Facts>>>("proto_fields.json");
  const { file }: { file: readonly FileDescriptor[] } = JSON.parse(buf("build", "--exclude-source-info", "-o", "-#format=json"));
  const own = file.filter(({ name }) => name.startsWith("feast/"));
  assert.deepEqual(own.map(({ name }) => name).sort(), Object.keys(golden).sort());
  assert.equal(own.length, 34);
  for (const descriptor of own) {
    const facts = golden[descriptor.name] ?? {};
    assert.deepEqual(
      factsOf(descriptor),
      {
        package: facts.package ?? "",
        imports: [...(facts.imports ?? [])].sort(),
        messages: facts.messages ?? {},
        enums: facts.enums ?? {},
        services: facts.services ?? {},
      },
      descriptor.name,
    );
  }
});
