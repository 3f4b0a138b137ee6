import { existsSync, statSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { AsofError, nearest, type RepositoryModel, repositoryFromSnapshot } from "@asof/core";
import { type FeastObject, type FeastRegistryStore, feastId, pythonOf, type UnsupportedObject } from "@asof/feast";
import { parse, stringify } from "yaml";
import { readConfig } from "../config/config.ts";
import { type Config, loadConfig } from "../config/load.ts";
import { placeOfRegistry } from "../config/read-registry.ts";
import { readYaml } from "../config/read-yaml.ts";
import type { Environment } from "../platform/environment.ts";
import { physicalFolder } from "../platform/folder.ts";
import { checkOutput } from "../store/check-output.ts";
import { openSharedRegistry } from "../store/wiring.ts";
import { printDefinitions } from "./print-definitions.ts";

export interface ImportOptions {
  /** A Feast repository, its yaml, a registry file, or `sqlite:///` and the file of a SQL registry. */
  readonly from: string;
  /** Where the project is written; default the Feast repository itself, else the working folder. */
  readonly out: string | undefined;
  readonly workingFolder: string;
  /** Which project of a registry that holds several. */
  readonly project: string | undefined;
  readonly environment: Environment;
}

export interface ImportedProject {
  readonly project: string;
  readonly folder: string;
  /** The yaml that asof's commands have to be told of; null where they find it. */
  readonly yamlName: string | null;
  /** Files that were written, relative to the folder. */
  readonly written: readonly string[];
  readonly model: RepositoryModel;
  readonly unsupported: readonly UnsupportedObject[];
  /** What the user has to know beside. */
  readonly notes: readonly string[];
}

/**
 * Writes a project of asof's for a Feast registry, which is used in its place: definitions that `plan` shows as no change, a list of what
 * asof keeps and does not run, and a feature_store.yaml where Feast's own cannot be used. Files that are there are never overwritten:
 * ASOF_OUTPUT_FAILED before any is written. The registry is only read.
 */
export async function importFeast(options: ImportOptions): Promise<ImportedProject> {
  const origin = await findOrigin(options);
  await using registry = await openSharedRegistry({ onlineStore: { type: "sqlite", path: "" } }, origin.registry);
  const project = chooseProject(options.project ?? origin.project, await registry.feastObjects(null), options.from);
  const model = repositoryFromSnapshot(await registry.snapshot(project), project);
  const unsupported = await registry.unsupported(project);
  const folder = options.out ?? origin.folder ?? options.workingFolder;
  const { yaml, notes } = await chooseYaml(folder, project, origin, options.environment);
  const files = new Map<string, string>(printDefinitions(model).map((file) => [join("features", file.path), file.text]));
  if (unsupported.length > 0) files.set("UNSUPPORTED.md", await listUnsupported(project, registry, unsupported));
  if (yaml !== null) files.set(yaml.name, yaml.text);
  await writeAll(folder, files, yaml?.appends === true ? yaml.name : null);
  const yamlName = yaml === null || yaml.name === "feature_store.yaml" ? null : yaml.name;
  return { project, folder, yamlName, written: [...files.keys()].sort(), model, unsupported, notes };
}

type SharedRegistry = Extract<Config["registry"], { readonly type: "file" | "sql" }>;

interface Origin {
  readonly registry: SharedRegistry;
  /** The project that the repository's yaml names; null for a bare registry. */
  readonly project: string | null;
  /** The repository; null for a bare registry. */
  readonly folder: string | null;
  readonly yamlPath: string | null;
}

async function findOrigin({ from, workingFolder, environment }: ImportOptions): Promise<Origin> {
  const path = resolve(workingFolder, from);
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(from);
  if (!isUrl && !existsSync(path)) {
    throw new AsofError("ASOF_CONFIG_MISSING", `There is no ${path}.`, {
      path,
      fix: "Give the folder of a Feast repository, its registry file, or sqlite:/// and the file of a SQL registry.",
    });
  }
  const isFolder = !isUrl && statSync(path).isDirectory();
  const yamlPath = isFolder ? join(path, "feature_store.yaml") : /\.ya?ml$/.test(from) ? path : null;
  if (yamlPath !== null) return readOrigin(yamlPath, environment);
  const place = placeOfRegistry(from, workingFolder);
  if (place.type === "elsewhere") throw notFeast(from, `it lies at ${place.scheme}://`);
  if (!existsSync(place.path)) throw notFeast(place.path, "it is not there");
  const type = place.type === "file" ? "file" : "sql";
  const shared = { path: place.path, onlineVersioning: false };
  return {
    registry: type === "file" ? { type, ...shared } : { type, ...shared, migrationsFolder: undefined },
    project: null,
    folder: null,
    yamlPath: null,
  };
}

/** Reads project and registry alone: an online store that asof does not open is no reason to refuse the definitions. */
async function readOrigin(yamlPath: string, environment: Environment): Promise<Origin> {
  const folder = physicalFolder(dirname(yamlPath));
  const text = await readFile(yamlPath, "utf8").catch((cause: unknown) => {
    throw new AsofError("ASOF_CONFIG_MISSING", `There is no ${yamlPath}.`, {
      path: yamlPath,
      cause,
      fix: "Give the folder of a Feast repository.",
    });
  });
  const { content } = readYaml(text, yamlPath, environment);
  const parts = typeof content === "object" && content !== null ? Object.entries(content) : [];
  const kept = Object.fromEntries(parts.filter(([name]) => name === "project" || name === "registry"));
  const { registry, project } = readConfig(stringify(kept), yamlPath, { repositoryPath: folder, packageName: null, path: yamlPath }, {});
  if (registry.type === "memory") throw notFeast(yamlPath, "its registry is memory");
  const shared: SharedRegistry =
    registry.type === "sqlite" ? { type: "sql", path: registry.path, migrationsFolder: undefined, onlineVersioning: false } : registry;
  if (!existsSync(shared.path)) throw notFeast(shared.path, "it is not there; run `feast apply` first");
  return { registry: shared, project, folder, yamlPath: join(folder, basename(yamlPath)) };
}

function notFeast(path: string, why: string): AsofError {
  return new AsofError("ASOF_REGISTRY_UNREADABLE", `${path} is no registry of Feast's that asof can read: ${why}.`, {
    path,
    fix: "Give a Feast repository, a registry file, or sqlite:/// and the file of a SQL registry.",
  });
}

function chooseProject(wanted: string | null, objects: readonly FeastObject[], from: string): string {
  const projects = [...new Set(objects.map((object) => object.project))].filter((name) => name !== "").sort();
  const [only] = projects;
  if (wanted !== null && projects.includes(wanted)) return wanted;
  if (wanted === null && only !== undefined && projects.length === 1) return only;
  if (projects.length === 0) throw notFeast(from, "it holds no project; run `feast apply` first");
  const near = wanted === null ? null : nearest(wanted, projects);
  const found = `the project${projects.length === 1 ? "" : "s"} ${projects.join(", ")}`;
  throw new AsofError("ASOF_OBJECT_UNKNOWN", `${from} holds ${found}${wanted === null ? "" : `, not "${wanted}"`}.`, {
    path: from,
    value: wanted ?? undefined,
    fix: near === null ? "Name one with --project." : `Did you mean "${near}"?`,
  });
}

interface ChosenYaml {
  readonly name: string;
  readonly text: string;
  /** The file is there, and the text is put at its end. */
  readonly appends: boolean;
}

/** The yaml to write, if any: Feast's own is used where asof can open what it names. */
async function chooseYaml(
  folder: string,
  project: string,
  origin: Origin,
  environment: Environment,
): Promise<{ readonly yaml: ChosenYaml | null; readonly notes: readonly string[] }> {
  const { yamlPath } = origin;
  if (yamlPath === null || yamlPath !== join(physicalFolder(folder), "feature_store.yaml"))
    return { yaml: { name: "feature_store.yaml", text: newYaml(folder, project, origin), appends: false }, notes: pathNotes(origin) };
  try {
    const config = await loadConfig(folder, { ...environment, FEATURE_STORE_YAML_BASE64: undefined, FEAST_FS_YAML_FILE_PATH: undefined });
    const lines: string[] = [];
    const notes: string[] = [];
    if (config.repository !== project) {
      lines.push("# What Feast applied is managed by the repository named like the project.", `repository: ${project}`);
      notes.push("`repository` was added to feature_store.yaml; Feast reads past it.");
    }
    if (config.onlineStore.type !== "sqlite" && !("online_store" in (await readParts(yamlPath)))) {
      lines.push("# Feast's own default, which asof has to be told.", "online_store:", "  type: sqlite", "  path: data/online.db");
      notes.push("`online_store` was added to feature_store.yaml with Feast's default; for Feast nothing changes.");
    }
    if (lines.length === 0) return { yaml: null, notes };
    const text = `\n# Written by asof import.\n${lines.join("\n")}\n`;
    return { yaml: { name: "feature_store.yaml", text, appends: true }, notes };
  } catch (error) {
    if (!(error instanceof AsofError)) throw error;
    const name = "feature_store.asof.yaml";
    const note = `feature_store.yaml names what this version does not open (${error.code}); use ${name}: \`asof --feature-store-yaml ${name} plan\`. ${error.message}`;
    const parts = await openableParts(yamlPath, folder, environment);
    return { yaml: { name, text: newYaml(folder, project, origin, parts), appends: false }, notes: [note] };
  }
}

function pathNotes(origin: Origin): readonly string[] {
  return origin.folder === null
    ? ["Relative paths of sources are taken from the project's folder. Write the project into the Feast repository, or correct the paths."]
    : [`Relative paths of sources are taken from the project's folder, and Feast takes them from ${origin.folder}.`];
}

/** Parts of Feast's yaml beside the registry that asof takes as they are; variables stay what they are called. */
async function openableParts(yamlPath: string, folder: string, environment: Environment): Promise<Readonly<Record<string, unknown>>> {
  // Feast's default is not asof's.
  const parts = Object.entries({ online_store: "sqlite", ...(await readParts(yamlPath)) });
  const isOpened = ([name, value]: readonly [string, unknown]): boolean => {
    if (!carriedParts.includes(name)) return false;
    try {
      const text = stringify({ project: "any", [name]: value });
      readConfig(text, yamlPath, { repositoryPath: folder, packageName: null, path: yamlPath }, environment);
      return true;
    } catch (error) {
      if (error instanceof AsofError) return false;
      throw error;
    }
  };
  return Object.fromEntries(parts.filter(isOpened));
}

/** The yaml as it is written. */
async function readParts(yamlPath: string): Promise<object> {
  const content: unknown = parse(await readFile(yamlPath, "utf8"));
  return typeof content === "object" && content !== null ? content : {};
}

const carriedParts: readonly string[] = ["online_store", "offline_store", "materialization", "feast_compatibility"];

function newYaml(folder: string, project: string, { registry }: Origin, parts: Readonly<Record<string, unknown>> = {}): string {
  const path = relative(folder, registry.path);
  const versioning = registry.onlineVersioning ? { enable_online_feature_view_versioning: true } : {};
  const file = registry.onlineVersioning ? { path, ...versioning } : path;
  const place = registry.type === "file" ? file : { registry_type: "sql", path: `sqlite:///${path}`, ...versioning };
  const head = "# Written by asof import. The registry is Feast's own, in its place: Feast and asof both go on using it.\n";
  return `${head}${stringify({ project, provider: "local", repository: project, registry: place, ...parts, entity_key_serialization_version: 3 })}`;
}

async function listUnsupported(project: string, registry: FeastRegistryStore, unsupported: readonly UnsupportedObject[]): Promise<string> {
  const objects = new Map((await registry.feastObjects(project)).map((object) => [feastId(object), object]));
  const parts = unsupported.map((item) => {
    const object = objects.get(feastId({ ...item, project }));
    const python = object === undefined ? null : pythonOf(object);
    const code = python === null ? "" : `\n\`\`\`python\n${python.trimEnd()}\n\`\`\`\n`;
    return `## ${item.kind.replaceAll("_", " ")} \`${item.name}\`\n\nNot run by asof: ${item.why}. ${item.fix}\n${code}`;
  });
  const head = `# What asof keeps and does not run\n\nObjects of Feast's project \`${project}\` that stay in the registry byte for byte, also when asof writes it.\n`;
  return `${head}\n${parts.join("\n")}`;
}

/** Writes all files or none; `appended` is added to instead of made. */
async function writeAll(folder: string, files: ReadonlyMap<string, string>, appended: string | null): Promise<void> {
  const occupied = [...files.keys()].filter((name) => name !== appended && existsSync(join(folder, name)));
  if (occupied.length > 0) {
    throw new AsofError(
      "ASOF_OUTPUT_FAILED",
      `${occupied.join(", ")} ${occupied.length === 1 ? "is" : "are"} there already; nothing was written.`,
      {
        path: folder,
        value: occupied.join(", "),
        fix: "Move them away, or give another folder with --out.",
      },
    );
  }
  checkOutput(folder, { kind: "folder", makesFolders: true });
  const made: string[] = [];
  try {
    for (const [name, text] of files) {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      if (name !== appended) made.push(path);
      await writeFile(path, text, { flag: name === appended ? "a" : "wx" });
    }
  } catch (cause) {
    for (const path of made) await rm(path, { force: true });
    throw new AsofError(
      "ASOF_OUTPUT_FAILED",
      `The project could not be written into ${folder}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      {
        path: basename(folder),
        fix: "See that the folder can be written and the disk has room.",
        cause,
      },
    );
  }
}
