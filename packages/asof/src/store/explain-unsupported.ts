import { AsofError, type ErrorCode, type RegistryStore } from "@asof/core";
import type { FeastRegistryStore } from "@asof/feast";

const unknown: ReadonlySet<ErrorCode> = new Set(["ASOF_FEATURE_UNKNOWN", "ASOF_SERVICE_UNKNOWN", "ASOF_OBJECT_UNKNOWN"]);

/**
 * The error itself, or a better one: where a name is "not registered" that Feast has an object of, one that asof keeps and does not run,
 * why it does not and what to do.
 */
export async function explainUnsupported(registry: RegistryStore, project: string, error: unknown): Promise<unknown> {
  if (!(error instanceof AsofError) || !unknown.has(error.code) || !isShared(registry)) return error;
  const found = (await registry.unsupported(project)).find(({ name }) => name === error.value);
  if (found === undefined) return error;
  const { kind, name, why, fix } = found;
  const what = kind.replaceAll("_", " ");
  return new AsofError(error.code, `Feast's ${what} "${name}" is in the registry, and asof does not run it: ${why}.`, {
    path: error.path ?? name,
    value: name,
    fix,
    cause: error,
  });
}

function isShared(registry: RegistryStore): registry is FeastRegistryStore {
  return "unsupported" in registry;
}
