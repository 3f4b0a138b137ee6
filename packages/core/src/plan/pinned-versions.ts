import type { Issue } from "../error/error.ts";
import { referencesOf } from "../registry/references.ts";
import { generationOf, versionOf } from "../registry/view-state.ts";
import { decodeViewState } from "../registry/view-state-codec.ts";
import type { RecordKind, RegistryChange } from "../store/registry.ts";
import type { Json } from "../value/json.ts";
import { printObject } from "./plan.ts";
import type { Registered } from "./registered.ts";

/** An object that may refer to versions of views: a service, or a request view. */
export interface VersionUser {
  readonly project: string;
  readonly kind: RecordKind;
  readonly name: string;
  readonly spec: Json;
}

/** Who refers to which version of which view of one project by number: view → version → users. */
export type PinnedVersions = ReadonlyMap<string, ReadonlyMap<number, readonly VersionUser[]>>;

/** Looks through objects of any project for references to versions of one project's views. */
export function pinnedVersions(users: Iterable<VersionUser>, project: string): PinnedVersions {
  const pinned = new Map<string, Map<number, VersionUser[]>>();
  for (const user of users) {
    const { views, foreign } = referencesOf(user.kind, user.name, user.spec);
    for (const { view, version } of user.project === project ? views : foreign.filter((use) => use.project === project)) {
      if (version === null) continue;
      const versions = pinned.get(view) ?? new Map<number, VersionUser[]>();
      pinned.set(view, versions.set(version, [...(versions.get(version) ?? []), user]));
    }
  }
  return pinned;
}

/** The users of one version, as messages name them. */
export function printUsers(users: readonly VersionUser[]): string {
  const print = (user: VersionUser): string =>
    `${printObject(user.kind === "feature_service" ? "feature_service" : "feature_view", user.name)} of project "${user.project}"`;
  return users.map(print).join(", ");
}

/** References of objects to be written to versions that are not kept when the plan's changes are made. */
export function refuseUnkept(registered: Registered, changes: readonly RegistryChange[], users: readonly VersionUser[]): readonly Issue[] {
  const keptAfterwards = (view: string): readonly number[] => {
    const change = changes.find((c) => c.op === "put" && c.project === registered.project && c.kind === "view_state" && c.name === view);
    const state = change?.op === "put" ? decodeViewState(change.spec, view) : registered.viewState(view)?.state;
    return state?.keptGenerations ?? [];
  };
  return [...pinnedVersions(users, registered.project)].flatMap(([view, versions]) => {
    const kept = keptAfterwards(view);
    return [...versions]
      .filter(([version]) => !kept.includes(generationOf(version)))
      .map(
        ([version, by]): Issue => ({
          code: "ASOF_VERSION_UNKNOWN",
          path: `feature_view.${view}`,
          value: version,
          message: `${printUsers(by)} refers to version v${version} of feature view "${view}", which is not kept. There are: ${kept.map((g) => `v${versionOf(g)}`).join(", ") || "none"}.`,
          fix: "Refer to a version that `asof versions` lists, or to the view without a version.",
        }),
      );
  });
}
