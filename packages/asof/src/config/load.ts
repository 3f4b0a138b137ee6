import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AsofError } from "@asof/core";
import { type Environment, systemEnvironment } from "../platform/environment.ts";
import { physicalFolder } from "../platform/folder.ts";
import { type Config, readConfig } from "./config.ts";

export type { Config } from "./config.ts";

/** The name of the file in a repository. */
const configName = "feature_store.yaml";

export interface LoadOptions {
  /** Another file than the repository's, as with `-f`; it goes before the variables. */
  readonly file?: string | undefined;
}

/**
 * Reads the configuration of a repository: the file given, else the base64 text in FEATURE_STORE_YAML_BASE64, else the file that
 * FEAST_FS_YAML_FILE_PATH names, else `feature_store.yaml` in the repository. Paths inside are relative to the repository in each
 * case. ASOF_CONFIG_MISSING, ASOF_CONFIG_INVALID, ASOF_CONFIG_VARIABLE and ASOF_STORE_UNKNOWN say where and what to do.
 */
export async function loadConfig(
  repositoryPath: string,
  environment: Environment = systemEnvironment,
  options: LoadOptions = {},
): Promise<Config> {
  const repository = physicalFolder(repositoryPath);
  const { text, name, path } = await readText(repository, environment, options);
  return readConfig(text, name, { repositoryPath: repository, packageName: await packageName(repository), path }, environment);
}

interface ConfigText {
  readonly text: string;
  /** How messages name it. */
  readonly name: string;
  readonly path: string | null;
}

async function readText(repository: string, environment: Environment, options: LoadOptions): Promise<ConfigText> {
  const encoded = environment.FEATURE_STORE_YAML_BASE64;
  if (options.file === undefined && encoded !== undefined && encoded !== "") {
    return { text: decodeBase64(encoded), name: "FEATURE_STORE_YAML_BASE64", path: null };
  }
  const named = environment.FEAST_FS_YAML_FILE_PATH;
  const isNamed = options.file === undefined && named !== undefined && named !== "";
  const path = resolve(options.file ?? (isNamed ? named : join(repository, configName)));
  try {
    return { text: await readFile(path, "utf8"), name: path === join(repository, configName) ? configName : path, path };
  } catch (cause) {
    throw unreadable(path, isNamed, cause);
  }
}

function unreadable(path: string, isNamed: boolean, cause: unknown): AsofError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const origin = isNamed ? " (named by FEAST_FS_YAML_FILE_PATH)" : "";
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new AsofError("ASOF_CONFIG_MISSING", `There is no ${path}${origin}.`, {
      path,
      cause,
      fix: isNamed ? "Correct or unset the variable." : "Run `asof init NAME` to make a repository, or give its folder with `-c DIR`.",
    });
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AsofError("ASOF_CONFIG_INVALID", `${path}${origin} cannot be read: ${why}.`, {
    path,
    cause,
    fix: "Make it a file that this user may read.",
  });
}

function decodeBase64(text: string): string {
  const packed = text.replaceAll(/\s/g, "");
  if (/^[A-Za-z0-9+/_-]*={0,2}$/.test(packed)) return Buffer.from(packed, "base64").toString("utf8");
  throw new AsofError("ASOF_CONFIG_INVALID", "FEATURE_STORE_YAML_BASE64 is not base64.", {
    path: "FEATURE_STORE_YAML_BASE64",
    fix: "Set it to the output of `base64 -w0 feature_store.yaml`, or unset it.",
  });
}

/** The name in the repository's package.json, if there is one. */
async function packageName(repository: string): Promise<string | null> {
  try {
    const content: unknown = JSON.parse(await readFile(join(repository, "package.json"), "utf8"));
    const name = typeof content === "object" && content !== null && "name" in content ? content.name : null;
    return typeof name === "string" && name !== "" ? name : null;
  } catch {
    // No package.json, or a broken one: npm will say so. The project's name serves as well.
    return null;
  }
}
