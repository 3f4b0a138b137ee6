import type { PlainViewModel, RequestViewModel, ServiceModel, ViewModel, ViewReference, WindowedViewModel } from "../definition/model.ts";
import { didYouMean } from "../definition/read.ts";
import { AsofError } from "../error/error.ts";
import { encodeDefinition } from "../registry/encode-definition.ts";
import { parseVersion, printVersion } from "../registry/view-version.ts";
import { printType, sameType } from "../value/type.ts";
import { type RegistryView, storedView } from "./registry-view.ts";
import type { ServedRegistry, ServedView } from "./served.ts";

/**
 * Replaces the views of references by the definitions that these mean in one registry version: a version by its number means that
 * version, no version means the active one, in training and in serving alike. A definition that is not registered (changed and not
 * applied yet) stays as it is. References that mean what they hold are returned as they are.
 *
 * `serving`: a feature that the active version lacks and the registered definition has is left in, to be answered as NOT_FOUND; in
 * training it is refused, so that no training set is filled with nulls unnoticed. ASOF_VERSION_UNKNOWN, ASOF_FEATURE_UNKNOWN; ASOF_NOT_APPLIED
 * for a feature that is of another type than its reference declares.
 */
export function resolveVersions<A extends ServiceModel | readonly ViewReference[]>(
  asked: A,
  registry: ServedRegistry,
  purpose: "training" | "serving",
): A;
export function resolveVersions(
  asked: ServiceModel | readonly ViewReference[],
  registry: ServedRegistry,
  purpose: "training" | "serving",
): ServiceModel | readonly ViewReference[] {
  const resolve = (reference: ViewReference): ViewReference => resolveReference(reference, registry, purpose, []);
  if (!isService(asked)) return mapChanged(asked, resolve);
  const views = mapChanged(asked.views, resolve);
  return views === asked.views ? asked : { ...asked, views };
}

function isService(asked: ServiceModel | readonly ViewReference[]): asked is ServiceModel {
  return !Array.isArray(asked);
}

/** The same list where nothing changes. */
function mapChanged(list: readonly ViewReference[], map: (reference: ViewReference) => ViewReference): readonly ViewReference[] {
  const mapped = list.map(map);
  return mapped.every((reference, i) => reference === list[i]) ? list : mapped;
}

function resolveReference(
  reference: ViewReference,
  registry: ServedRegistry,
  purpose: "training" | "serving",
  above: readonly string[],
): ViewReference {
  const { view, version, project } = reference;
  if (project !== undefined) return resolveForeign(reference, project, registry, purpose);
  if (version !== undefined) return resolveNumber(reference, version, registry);
  if (view.form !== "request") {
    const resolved = resolveActive(reference, view, registry, purpose);
    // Serving reads the active version, whatever the definitions say.
    const read = purpose === "serving" ? registry.views.get(view.name)?.model : resolved.view;
    if (reference.declared !== undefined && read !== undefined) refuseOtherTypes(reference, reference.declared, read);
    return resolved;
  }
  // A circle is refused where the request is planned, with its path.
  if (above.includes(view.name)) return reference;
  const inputs = mapChanged(view.inputs, (input) => resolveReference(input, registry, purpose, [...above, view.name]));
  const resolved: RequestViewModel = { ...view, inputs };
  return inputs === view.inputs ? reference : { ...reference, view: resolved };
}

/** Projects whose views are asked for, also by request views. */
export function projectsOf(asked: ServiceModel | readonly ViewReference[]): readonly string[] {
  const projects = new Set<string>();
  const seen = new Set<unknown>();
  const visit = (reference: ViewReference): void => {
    if (reference.project !== undefined) projects.add(reference.project);
    if (reference.view.form !== "request" || seen.has(reference.view)) return;
    seen.add(reference.view);
    reference.view.inputs.forEach(visit);
  };
  (isService(asked) ? asked.views : asked).forEach(visit);
  return [...projects];
}

/** What its owner has registered counts, whatever the definitions say that were imported. */
function resolveForeign(
  reference: ViewReference,
  project: string,
  registry: ServedRegistry,
  purpose: "training" | "serving",
): ViewReference {
  const { name } = reference.view;
  const owner = registry.others?.get(project);
  const registered = owner?.models.views.get(name);
  const active = owner?.views.get(name);
  if (owner === undefined || registered === undefined || active === undefined || registered.form === "request") {
    throw new AsofError("ASOF_FEATURE_UNKNOWN", `No stored feature view "${name}" is registered in project "${project}".`, {
      path: `${project}/${name}`,
      value: name,
      fix: `Fix the project or the view, or apply the definitions of "${project}" to this registry.`,
    });
  }
  if (registered.shared !== true && registered.shared?.includes(registry.project) !== true) {
    const by = registered.meta.owner === undefined ? "" : ` by its owner, ${registered.meta.owner},`;
    throw new AsofError("ASOF_NOT_SHARED", `View "${project}/${name}" is not shared${by} with project "${registry.project}".`, {
      path: `${project}/${name}`,
      value: name,
      fix: `Let the owner declare it with shared: true or shared: ["${registry.project}"], and apply it.`,
    });
  }
  if (reference.version !== undefined) return resolveNumber(reference, reference.version, owner);
  const known = reference.view.features.length > 0 ? reference.view : registered;
  const asked = reference.features ?? known.features.map((f) => f.name);
  const added = registered.features.filter((f) => asked.includes(f.name) && !active.model.features.some((a) => a.name === f.name));
  if (purpose === "training" && added.length > 0) refuseAdded(name, added[0]?.name ?? "", active, owner);
  const view = added.length === 0 ? active.model : { ...active.model, features: [...active.model.features, ...added] };
  return { ...reference, view, features: asked };
}

function resolveNumber(reference: ViewReference, version: number, registry: ServedRegistry): ViewReference {
  const { name } = reference.view;
  const found = keptVersion(registry, name, version);
  for (const [feature, type] of Object.entries(reference.declared ?? {})) {
    const has = found.model.features.find((f) => f.name === feature)?.type;
    if (has === undefined || sameType(has, type)) continue;
    throw new AsofError(
      "ASOF_COLUMN_TYPE",
      `Feature "${printVersion(name, version)}:${feature}" is ${printType(has)}, and it is asked for as ${printType(type)}.`,
      { path: `${printVersion(name, version)}:${feature}`, fix: `Declare it as ${printType(has)} in .version(${version}, …).` },
    );
  }
  return { ...reference, view: found.model };
}

/** A program that was compiled for other types would take one value for another. */
function refuseOtherTypes({ view, features }: ViewReference, declared: NonNullable<ViewReference["declared"]>, read: ViewModel): void {
  for (const [feature, type] of Object.entries(declared)) {
    if (features !== null && !features.includes(feature)) continue;
    const has = read.features.find((f) => f.name === feature)?.type;
    if (has === undefined || sameType(has, type)) continue;
    throw new AsofError(
      "ASOF_NOT_APPLIED",
      `Feature "${view.name}:${feature}" is ${printType(type)} in the definitions of this program, and ${printType(has)} in the version that is read.`,
      {
        path: `${view.name}:${feature}`,
        value: printType(has),
        fix: `Run the program that fits the registry; or \`asof apply\` these definitions, materialize, and \`asof activate ${view.name}\`.`,
      },
    );
  }
}

/** A version that is kept; ASOF_VERSION_UNKNOWN otherwise, ASOF_FEATURE_UNKNOWN where there is no such view. */
export function keptVersion(registry: ServedRegistry, view: string, version: number): ServedView {
  const versions = registry.versions.get(view);
  const found = versions?.get(version);
  if (found !== undefined) return found;
  if (versions === undefined) {
    const isRequest = registry.models.views.get(view)?.form === "request";
    throw new AsofError(
      "ASOF_FEATURE_UNKNOWN",
      isRequest
        ? `"${view}" is a request view, which has no versions: nothing of it is stored.`
        : `No stored feature view "${view}" is registered.`,
      {
        path: view,
        value: view,
        fix: isRequest ? "Leave the version out." : `${didYouMean(view, registry.versions.keys())}Fix the name, or run \`asof apply\`.`,
      },
    );
  }
  const kept = [...versions.keys()].map((number) => `v${number}`).join(", ");
  throw new AsofError("ASOF_VERSION_UNKNOWN", `Feature view "${view}" has no version v${version}. Kept are: ${kept}.`, {
    path: printVersion(view, version),
    value: version,
    fix: "See `asof versions`; a version that was dropped cannot be read any more.",
  });
}

/** What a text means: `view` its active version, `view@v1` that one. ASOF_FEATURE_UNKNOWN, ASOF_VERSION_UNKNOWN. */
export function servedVersion(registry: RegistryView, text: string): ServedView {
  const { view, version } = parseVersion(text);
  const active = registry.views.get(storedView(registry, view).name);
  if (version !== null) return keptVersion(registry, view, version);
  if (active !== undefined) return active;
  throw new AsofError("ASOF_NOT_APPLIED", `Feature view "${view}" has no state in the registry.`, { path: view, fix: "Run `asof apply`." });
}

function resolveActive(
  reference: ViewReference,
  defined: PlainViewModel | WindowedViewModel,
  registry: ServedRegistry,
  purpose: "training" | "serving",
): ViewReference {
  const active = registry.views.get(defined.name);
  const registered = registry.models.views.get(defined.name);
  if (active === undefined || registered === undefined || active.model === registered) return reference;
  const meaning = encodeDefinition(defined).dataFingerprint;
  if (meaning === encodeDefinition(active.model).dataFingerprint) return reference;
  if (purpose === "training" && meaning !== encodeDefinition(registered).dataFingerprint) return reference;
  const asked = reference.features ?? defined.features.map((f) => f.name);
  const added = defined.features.filter((f) => asked.includes(f.name) && !active.model.features.some((a) => a.name === f.name));
  if (purpose === "training" && added.length > 0) refuseAdded(defined.name, added[0]?.name ?? "", active, registry);
  const view = { ...active.model, features: [...active.model.features, ...added] };
  return { ...reference, view, features: asked };
}

function refuseAdded(view: string, feature: string, active: ServedView, registry: ServedRegistry): never {
  const newest = [...(registry.versions.get(view)?.values() ?? [])].find((v) => v.model === registry.models.views.get(view));
  const number = newest?.version ?? 0;
  throw new AsofError(
    "ASOF_FEATURE_UNKNOWN",
    `Feature "${view}:${feature}" came with version v${number}; the active one is v${active.version}, which does not have it.`,
    {
      path: `${view}:${feature}`,
      value: feature,
      fix: `Ask for ${printVersion(view, number)}, or \`asof activate ${view}\` when it is materialized.`,
    },
  );
}
