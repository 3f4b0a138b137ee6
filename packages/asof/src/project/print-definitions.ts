import {
  AsofError,
  type ColumnModel,
  type EntityModel,
  type FeatureModel,
  formatDuration,
  type Meta,
  type PlainViewModel,
  type RepositoryModel,
  type ServiceModel,
  type SourceModel,
  type ValueType,
  type ViewReference,
} from "@asof/core";

/** One file of definitions. */
export interface DefinitionFile {
  /** Relative to the folder of definitions. */
  readonly path: string;
  readonly text: string;
}

/**
 * Definitions as TypeScript: entities in one file, each source with the views that read it in another, services in a last one. What the
 * files define is what was given, name by name and in every detail, so that `plan` shows no change. Only what a Feast registry can hold
 * is printed: plain views over Parquet and push sources, and services over them.
 */
export function printDefinitions(model: RepositoryModel): readonly DefinitionFile[] {
  const names = new Names(model);
  const groups = groupSources(model.sources);
  const services = model.services.length === 0 ? [] : [printServices(model, names)];
  const entities = model.entities.length === 0 ? [] : [printEntities(model.entities, names)];
  return [...entities, ...groups.map((group) => printGroup(group, model, names)), ...services];
}

/** What the objects are called in TypeScript, and the files they stand in. */
class Names {
  readonly #constants = new Map<string, string>();
  readonly #files = new Map<string, string>();

  constructor(model: RepositoryModel) {
    const taken = new Set<string>(reservedNames);
    const name = (kind: string, object: { readonly name: string }, suffix: string): void => {
      const base = camelCase(object.name);
      let constant = taken.has(base) ? `${base}${suffix}` : base;
      for (let i = 2; taken.has(constant); i++) constant = `${base}${suffix}${i}`;
      taken.add(constant);
      this.#constants.set(`${kind} ${object.name}`, constant);
    };
    for (const view of model.views) name("view", view, "View");
    for (const entity of model.entities) name("entity", entity, "Entity");
    for (const source of model.sources) name("source", source, "Source");
    for (const service of model.services) name("service", service, "Service");
    const paths = new Set(["entities.ts", "services.ts"]);
    for (const [first, ...others] of groupSources(model.sources)) {
      if (first === undefined) continue;
      const base = kebabCase(first.name);
      let path = `${base}.ts`;
      for (let i = 2; paths.has(path); i++) path = `${base}-${i}.ts`;
      paths.add(path);
      for (const source of [first, ...others]) this.#files.set(source.name, path);
    }
  }

  of(kind: "entity" | "source" | "view" | "service", name: string): string {
    return this.#constants.get(`${kind} ${name}`) ?? camelCase(name);
  }

  fileOf(source: string): string {
    return this.#files.get(source) ?? "sources.ts";
  }
}

/** Words that a constant cannot be called: those of the language, and what the files import. */
const reservedNames = (
  "break case catch class const continue debugger default delete do else enum export extends false finally for function if import in " +
  "instanceof new null return super switch this throw true try typeof var void while with yield let static await async of " +
  "entity parquet push kafka featureView featureService nullable bool int32 int64 float32 float64 string bytes timestamp date decimal uuid " +
  "list set map struct json vector arguments eval undefined"
).split(" ");

function camelCase(name: string): string {
  const words = name.split(/(?:[^\p{ID_Continue}$]|_)+/u).filter((word) => word !== "");
  const joined = words.map((word, i) => (i === 0 ? lowerFirst(word) : word.charAt(0).toUpperCase() + word.slice(1))).join("");
  return /^[\p{ID_Start}$_]/u.test(joined) ? joined : `_${joined}`;
}

function lowerFirst(word: string): string {
  return word === word.toUpperCase() ? word.toLowerCase() : word.charAt(0).toLowerCase() + word.slice(1);
}

function kebabCase(name: string): string {
  const text = name
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1-$2")
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .toLowerCase()
    .slice(0, 60);
  return text === "" ? "source" : text;
}

/** A push source stands with its batch side, and with other push sources over the same. */
function groupSources(sources: readonly SourceModel[]): readonly (readonly SourceModel[])[] {
  const groups = new Map<string, SourceModel[]>();
  const ordered = [...sources].sort((a, b) => Number(a.type === "push") - Number(b.type === "push"));
  for (const source of ordered) {
    const key = source.type === "push" && source.batch !== null ? source.batch.name : source.name;
    groups.set(key, [...(groups.get(key) ?? []), source]);
  }
  return [...groups.values()];
}

function printEntities(entities: readonly EntityModel[], names: Names): DefinitionFile {
  const uses = new Imports();
  const texts = entities.map((entity) => {
    const keys = object(columnMembers(entity.keys, uses));
    return `export const ${names.of("entity", entity.name)} = ${uses.asof("entity")}(${quote(entity.name)}, ${object([`key: ${keys}`, ...metaOptions(entity.meta)])});\n`;
  });
  return { path: "entities.ts", text: `${uses.print()}\n${texts.join("\n")}` };
}

function printGroup(sources: readonly SourceModel[], model: RepositoryModel, names: Names): DefinitionFile {
  const uses = new Imports();
  const path = names.fileOf(sources[0]?.name ?? "");
  const own = new Set(sources.map((source) => source.name));
  const views = model.views.filter((view): view is PlainViewModel => view.form === "plain" && own.has(view.source.name));
  const texts = [
    ...sources.map((source) => printSource(source, names, uses)),
    ...views.map((view) => {
      for (const entity of view.entities) uses.local("./entities.ts", names.of("entity", entity.name));
      return printView(view, names, uses);
    }),
  ];
  return { path, text: `${uses.print()}\n${texts.join("\n")}` };
}

function printSource(source: SourceModel, names: Names, uses: Imports): string {
  const head = `export const ${names.of("source", source.name)} = `;
  if (source.type === "push") {
    const table = source.batch === null ? tableOptions(source, uses) : [`batch: ${names.of("source", source.batch.name)}`];
    return `${head}${uses.asof("push")}(${quote(source.name)}, ${object([...table, ...metaOptions(source.meta)])});\n`;
  }
  if (source.type !== "parquet") throw unprintable(`Source "${source.name}" is of type ${source.type}`);
  const path = source.paths.length === 1 ? quote(source.paths[0] ?? "") : `[${source.paths.map(quote).join(", ")}]`;
  const options = [`path: ${path}`, ...tableOptions(source, uses), ...(source.hive ? ["hive: true"] : []), ...metaOptions(source.meta)];
  return `${head}${uses.asof("parquet")}(${quote(source.name)}, ${object(options)});\n`;
}

function tableOptions(source: SourceModel, uses: Imports): readonly string[] {
  const named = (option: "eventTime" | "createdTime" | "eventId"): readonly string[] =>
    source[option] === null ? [] : [`${option}: ${quote(source[option])}`];
  const mapping = Object.entries(source.mapping).map(([logical, physical]) => `${key(logical)}: ${quote(physical)}`);
  return [
    ...named("eventTime"),
    ...named("createdTime"),
    ...named("eventId"),
    `columns: ${printColumns(source.columns, uses)}`,
    ...(mapping.length === 0 ? [] : [`mapping: ${object(mapping)}`]),
    ...(source.stream === null ? [] : [`stream: ${printStream(source.stream, uses)}`]),
  ];
}

function printStream(stream: NonNullable<SourceModel["stream"]>, uses: Imports): string {
  const options = Object.entries(stream.options).map(([name, value]) => `${key(name)}: ${quote(value)}`);
  return `${uses.asof("kafka")}(${object([`topic: ${quote(stream.topic)}`, ...(options.length === 0 ? [] : [`options: ${object(options)}`])])})`;
}

function printView(view: PlainViewModel, names: Names, uses: Imports): string {
  const options = [
    ...(view.entities.length === 0 ? [] : [`entities: [${view.entities.map((e) => names.of("entity", e.name)).join(", ")}]`]),
    `source: ${names.of("source", view.source.name)}`,
    ...(view.ttlUs === null ? [] : [`ttl: ${quote(formatDuration(view.ttlUs))}`]),
    ...metaOptions(view.meta),
  ];
  const features = view.features.map((feature) => `${key(feature.name)}: ${printFeature(feature, uses)}`);
  return `export const ${names.of("view", view.name)} = ${uses.asof("featureView")}(${quote(view.name)}, ${object(options)}, ${lines(features)});\n`;
}

function printFeature(feature: FeatureModel, uses: Imports): string {
  if (feature.kind !== "column") throw unprintable(`Feature "${feature.name}" is ${feature.kind}`);
  return printType(feature.type, uses, metaOptions(feature.meta));
}

function printServices(model: RepositoryModel, names: Names): DefinitionFile {
  const uses = new Imports();
  const texts = model.services.map((service) => {
    const views = service.views.map((reference) => printReference(reference, names, uses));
    const meta = metaOptions(service.meta);
    const options = meta.length === 0 ? "" : `, ${object(meta)}`;
    return `export const ${names.of("service", service.name)} = ${uses.asof("featureService")}(${quote(service.name)}, ${listed(views)}${options});\n`;
  });
  return { path: "services.ts", text: `${uses.print()}\n${texts.join("\n")}` };
}

function printReference(reference: ServiceModel["views"][number], names: Names, uses: Imports): string {
  const { view } = reference;
  if (view.form === "request") throw unprintable(`View "${view.name}" is computed by a function`);
  const constant = names.of("view", view.name);
  uses.local(`./${names.fileOf(view.source.name)}`, constant);
  return `${constant}${printChoice(reference)}`;
}

function printChoice(reference: ViewReference): string {
  const keys = Object.entries(reference.keys).map(([name, column]) => `${key(name)}: ${quote(column)}`);
  return [
    reference.features === null ? "" : `.pick(${reference.features.map(quote).join(", ")})`,
    reference.name === reference.view.name ? "" : `.as(${quote(reference.name)})`,
    keys.length === 0 ? "" : `.withKeys(${object(keys)})`,
  ].join("");
}

function printColumns(columns: readonly ColumnModel[], uses: Imports): string {
  return lines(columnMembers(columns, uses));
}

function columnMembers(columns: readonly ColumnModel[], uses: Imports): readonly string[] {
  return columns.map((column) => {
    const type = printType(column.type, uses, metaOptions(column.meta));
    return `${key(column.name)}: ${column.nullable ? `${uses.asof("nullable")}(${type})` : type}`;
  });
}

function printType(type: ValueType, uses: Imports, options: readonly string[] = []): string {
  const call = (args: readonly string[], more: readonly string[] = []): string => {
    const all = [...more, ...options];
    return `${uses.asof(type.kind)}(${[...args, ...(all.length === 0 ? [] : [object(all)])].join(", ")})`;
  };
  switch (type.kind) {
    case "int64":
      return call([], type.as === "number" ? ['as: "number"'] : []);
    case "timestamp":
      return call([], type.precision === undefined ? [] : [`precision: ${quote(type.precision)}`]);
    case "decimal":
      return call([String(type.precision), String(type.scale)]);
    case "vector":
      return call([String(type.length)]);
    case "list":
    case "set":
      return call([printType(type.of, uses)]);
    case "map":
      return call([printType(type.key, uses), printType(type.value, uses)]);
    case "struct": {
      const fields = type.fields.map((field) => {
        const text = printType(field.type, uses);
        return `${key(field.name)}: ${field.nullable ? `${uses.asof("nullable")}(${text})` : text}`;
      });
      return call([object(fields)]);
    }
    default:
      return call([]);
  }
}

function metaOptions(meta: Meta): readonly string[] {
  const tags = Object.entries(meta.tags ?? {}).map(([name, value]) => `${key(name)}: ${quote(value)}`);
  return [
    ...(meta.owner === undefined ? [] : [`owner: ${quote(meta.owner)}`]),
    ...(meta.description === undefined ? [] : [`description: ${quote(meta.description)}`]),
    ...(tags.length === 0 ? [] : [`tags: ${object(tags)}`]),
  ];
}

/** What a file imports, gathered while it is printed. */
class Imports {
  readonly #asof = new Set<string>();
  readonly #local = new Map<string, Set<string>>();

  asof(name: string): string {
    this.#asof.add(name);
    return name;
  }

  local(path: string, name: string): void {
    this.#local.set(path, (this.#local.get(path) ?? new Set()).add(name));
  }

  print(): string {
    const from = (names: ReadonlySet<string>, path: string): string => `import { ${[...names].sort().join(", ")} } from ${quote(path)};\n`;
    const local = [...this.#local].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, names]) => from(names, path));
    return [from(this.#asof, "asof"), ...local].join("");
  }
}

const lineWidth = 100;

/** Members on one line where they fit. */
function object(members: readonly string[]): string {
  const line = `{ ${members.join(", ")} }`;
  return line.length <= lineWidth && !line.includes("\n") ? line : lines(members);
}

function lines(members: readonly string[]): string {
  if (members.length === 0) return "{}";
  return `{\n${members.map((member) => `  ${member.replaceAll("\n", "\n  ")},\n`).join("")}}`;
}

function listed(members: readonly string[]): string {
  const line = `[${members.join(", ")}]`;
  return line.length <= lineWidth ? line : `[\n${members.map((member) => `  ${member},\n`).join("")}]`;
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name);
}

function quote(text: string): string {
  // JSON's escapes are JavaScript's; line separators are legal in both by now.
  return JSON.stringify(text);
}

function unprintable(what: string): AsofError {
  return new AsofError("ASOF_DEFINITION_INVALID", `${what}, which an import from Feast never holds.`, {
    fix: "Report this with the registry.",
  });
}
