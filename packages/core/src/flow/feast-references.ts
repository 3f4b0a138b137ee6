import type { ServiceModel, ViewModel, ViewReference } from "../definition/model.ts";
import { parseVersion, printVersion } from "../registry/view-version.ts";
import { asFeastRaises } from "./feast-error.ts";

/** A `view:feature` text, taken apart. */
interface ParsedReference {
  /** With its version, as the text has it. */
  readonly name: string;
  readonly view: string;
  readonly version: number | null;
  readonly feature: string;
}

/**
 * References to features as the SDK of Feast 0.67 takes them, with its errors and in its order of looking: form, views, names that meet,
 * features. `find` gives a view, in one of its versions if a number is named.
 */
export async function resolveAsFeast(
  texts: readonly string[],
  fullFeatureNames: boolean,
  project: string,
  find: (view: string, version: number | null) => Promise<ViewModel | null>,
): Promise<readonly ViewReference[]> {
  if (texts.length === 0) throw asFeastRaises("ASOF_REQUEST_INVALID", "ValueError", "No features specified for retrieval", "features");
  const parsed = texts.map(parseReference);
  const views = new Map<string, ViewModel>();
  for (const { name, view, version } of parsed) {
    const found = views.get(name) ?? (await find(view, version));
    if (found === null) throw version === null ? viewNotFound(view, project) : versionNotFound(view, version, project);
    views.set(name, found);
  }
  refuseCollisions(parsed, fullFeatureNames);
  const references = new Map<string, ViewReference & { readonly features: string[] }>();
  for (const { name, version, feature } of parsed) {
    const view = views.get(name);
    if (view === undefined) continue;
    if (!view.features.some((known) => known.name === feature))
      throw asFeastRaises("ASOF_FEATURE_UNKNOWN", "KeyError", `Feature ${feature} not found in projection ${name}`, `${name}:${feature}`);
    const reference = references.get(name) ?? {
      view,
      name,
      features: [],
      keys: {},
      maxAgeUs: null,
      ...(version === null ? {} : { version }),
    };
    reference.features.push(feature);
    references.set(name, reference);
  }
  return [...references.values()];
}

function parseReference(text: string): ParsedReference {
  const colon = text.indexOf(":");
  if (colon === -1) {
    const expected = "Expected format: '<feature_view>:<feature>' or '<feature_view>@<version>:<feature>'";
    throw asFeastRaises("ASOF_REQUEST_INVALID", "ValueError", `Invalid feature reference '${text}'. ${expected}`, "features");
  }
  const { view, version } = parseVersion(text.slice(0, colon));
  return { name: version === null ? view : text.slice(0, colon), view, version, feature: text.slice(colon + 1) };
}

function viewNotFound(view: string, project: string): Error {
  const message = `Feature view ${view} does not exist in project ${project}`;
  return asFeastRaises("ASOF_FEATURE_UNKNOWN", "FeatureViewNotFoundException", message, view);
}

function versionNotFound(view: string, version: number, project: string): Error {
  const message = `Version v${version} of feature view ${view} does not exist in project ${project}`;
  return asFeastRaises("ASOF_VERSION_UNKNOWN", "FeatureViewVersionNotFound", message, printVersion(view, version));
}

/** What Feast says to `view@v1` where it does not keep versions of online tables apart. */
export function versionsNotServed(view: string, version: number): Error {
  const cure = "Set 'enable_online_feature_view_versioning: true' under 'registry' in feature_store.yaml.";
  const message = `Version-qualified ref '${printVersion(view, version)}' not supported: online versioning is disabled. ${cure}`;
  return asFeastRaises("ASOF_REQUEST_INVALID", "ValueError", message, printVersion(view, version));
}

export function serviceNotFound(service: string, project: string): Error {
  const message = `Feature service ${service} does not exist in project ${project}`;
  return asFeastRaises("ASOF_SERVICE_UNKNOWN", "FeatureServiceNotFoundException", message, service);
}

/** What a service holds, name by name, as Feast looks for names that meet. */
export function refuseServiceCollisions(service: ServiceModel, fullFeatureNames: boolean): void {
  const parsed = service.views.flatMap((use) =>
    (use.features ?? use.view.features.map((f) => f.name)).map((feature) => ({ name: use.name, view: use.name, version: null, feature })),
  );
  refuseCollisions(parsed, fullFeatureNames);
}

function refuseCollisions(parsed: readonly ParsedReference[], fullFeatureNames: boolean): void {
  const seen = new Set<string>();
  const collided = new Set<string>();
  for (const { name, feature } of parsed) {
    const flat = fullFeatureNames ? `${name}__${feature}` : feature;
    if (seen.has(flat)) collided.add(flat);
    seen.add(flat);
  }
  if (collided.size === 0) return;
  const advice = fullFeatureNames
    ? "To resolve this collision, please ensure that the feature views or their own features have different names. If you're intentionally joining the same feature view twice on different sets of entities, please rename one of the feature views with '.with_name'."
    : "To resolve this collision, either use the full feature name by setting 'full_feature_names=True', or ensure that the features in question have different names.";
  const message = `Duplicate features named ${[...collided].join(", ")} found.\n${advice}`;
  throw asFeastRaises("ASOF_NAME_COLLISION", "FeatureNameCollisionError", message, "features");
}
