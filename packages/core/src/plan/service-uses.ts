import { referencesOf } from "../registry/references.ts";
import type { Json } from "../value/json.ts";
import { compareText } from "../value/order.ts";

/** Specs of views and services, as they are or as they shall be. */
export interface UserSpecs {
  readonly views: ReadonlyMap<string, Json>;
  readonly services: ReadonlyMap<string, Json>;
}

/**
 * Which features each service reads without naming a version, also through request views: service → view → features, null = all. What
 * a version's number refers to does not change with the view.
 */
export type ServiceUses = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string> | null>>;

export function serviceUses(specs: UserSpecs): ServiceUses {
  const uses = new Map<string, Map<string, Set<string> | null>>();
  for (const [service, spec] of specs.services) {
    const views = new Map<string, Set<string> | null>();
    for (const { view, features, version } of referencesOf("feature_service", service, spec).views)
      if (version === null) addUse(specs, views, view, features);
    uses.set(service, views);
  }
  return uses;
}

function addUse(specs: UserSpecs, views: Map<string, Set<string> | null>, view: string, features: readonly string[] | null): void {
  const isKnown = views.has(view);
  const known = views.get(view);
  views.set(view, features === null || (isKnown && known === null) ? null : new Set([...(known ?? []), ...features]));
  // The inputs of a request view do not depend on which outputs are asked for; once is enough, which also ends circles.
  if (isKnown) return;
  const spec = specs.views.get(view);
  if (spec === undefined) return;
  for (const input of referencesOf("feature_view", view, spec).views)
    if (input.version === null) addUse(specs, views, input.view, input.features);
}

/** Services that read one of the features of a view; `features` null = any. In code-point order. */
export function servicesReading(uses: ServiceUses, view: string, features: readonly string[] | null): readonly string[] {
  const reading = [...uses].filter(([, views]) => {
    if (!views.has(view)) return false;
    const read = views.get(view) ?? null;
    return features === null || read === null ? features === null || features.length > 0 : features.some((f) => read.has(f));
  });
  return reading.map(([service]) => service).sort(compareText);
}
