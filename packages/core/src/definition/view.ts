import type { Issue } from "../error/error.ts";
import type { ValueType } from "../value/type.ts";
import type { Duration } from "./duration.ts";
import type { ViewModel, ViewReference } from "./model.ts";
import { attachPayload, payloadOf } from "./payload.ts";
import { asRecord, IssueList, readDuration } from "./read.ts";
import type { Nothing, TypeMessage } from "./type-message.ts";
import type { AnyValueType } from "./value-types.ts";

/**
 * A feature view as retrievals see it: its name in results, entity keys, values and request fields, all as resolved
 * JavaScript types. `pick`, `as`, `withKeys` and `maxAge` give another use of the same view.
 */
export interface View<out Name extends string, out Keys, out Values, out Request = Nothing> {
  readonly kind: "view";
  readonly name: Name;
  readonly "~keys": Keys;
  readonly "~values": Values;
  readonly "~request": Request;
  /** Some of the features, in this order. */
  pick<F extends keyof Values & string>(...features: readonly F[]): View<Name, Keys, { readonly [P in F]: Values[P] }, Request>;
  /** Another name in results, for example to use a view twice. */
  as<Alias extends string>(alias: Alias): View<Alias, Keys, Values, Request>;
  /** Reads entity keys from other columns of the spine or the request: `.withKeys({ customer_id: "buyer_id" })`. */
  withKeys<const M extends { readonly [K in keyof Keys]?: string } & { readonly [name: string]: string | undefined }>(
    map: M & { readonly [P in Exclude<keyof M, keyof Keys>]: TypeMessage<`"${P & string}" is not a key of this view`, keyof Keys> },
  ): View<Name, { readonly [K in keyof Keys as K extends keyof M ? (M[K] extends string ? M[K] : K) : K]: Keys[K] }, Values, Request>;
  /** Plain views only: a value older than this reads as null, where the view's ttl is longer or unbounded. */
  maxAge(age: Duration): View<Name, Keys, Values, Request>;
  /**
   * A version of the view by its number, as `asof versions` lists them; called `name@v1` in results. Its features may be others than
   * today's, so that they are untyped unless the second argument says which are read, and of which types.
   */
  version<const N extends number>(number: N): View<`${Name}@v${N}`, Keys, VersionValues, Request>;
  version<const N extends number, const F extends { readonly [feature: string]: AnyValueType }>(
    number: N,
    features: F,
  ): View<`${Name}@v${N}`, Keys, { readonly [P in keyof F]: F[P] extends { readonly "~js": infer Js } ? Js | null : never }, Request>;
}

/** Features of a version of which nothing was said: any names, values of any kind. */
export interface VersionValues {
  readonly [feature: string]: unknown;
}

export interface AnyView {
  readonly kind: "view";
  readonly name: string;
  readonly "~keys": unknown;
  readonly "~values": unknown;
  readonly "~request": unknown;
}

/** One row of a view's features: `ValuesOf<typeof basketActivity>`. */
export type ValuesOf<V extends AnyView> = V["~values"];

/** The runtime form of every {@link View}. */
class ViewHandle implements AnyView {
  readonly kind = "view";
  readonly name: string;
  declare readonly "~keys": unknown;
  declare readonly "~values": unknown;
  declare readonly "~request": unknown;
  readonly #reference: ViewReference;
  readonly #issues: readonly Issue[];

  constructor(reference: ViewReference, issues: readonly Issue[]) {
    this.name = reference.name;
    this.#reference = reference;
    this.#issues = issues;
    attachPayload(this, { of: "definition", model: reference.view, reference, issues });
    Object.freeze(this);
  }

  pick(...features: readonly unknown[]): ViewHandle {
    return this.#derive("pick", (list, path) => {
      const names = features.filter((f): f is string => typeof f === "string");
      if (names.length < features.length || names.length === 0) {
        list.add(
          "ASOF_DEFINITION_INVALID",
          path,
          undefined,
          "pick takes the names of features, at least one.",
          'Write .pick("spend_30d").',
        );
      }
      return { features: Object.freeze(names) };
    });
  }

  as(alias: unknown): ViewHandle {
    return this.#derive("as", (list, path) => {
      if (typeof alias === "string") return { name: alias };
      list.add("ASOF_NAME_INVALID", path, alias, "as takes a name.", 'Write .as("buyer").');
      return {};
    });
  }

  withKeys(map: unknown): ViewHandle {
    return this.#derive("withKeys", (list, path) => {
      const keys: Record<string, string> = { ...this.#reference.keys };
      for (const [key, column] of Object.entries(asRecord(map) ?? { "": map })) {
        if (typeof column === "string" && column !== "" && key !== "") this.#rename(keys, key, column);
        else
          list.add(
            "ASOF_DEFINITION_INVALID",
            path,
            column,
            "withKeys takes key → column.",
            'Write .withKeys({ customer_id: "buyer_id" }).',
          );
      }
      return { keys: Object.freeze(keys) };
    });
  }

  /** A key renamed before is found under its new name, as the types have it. */
  #rename(keys: Record<string, string>, name: string, column: string): void {
    const renamed = Object.entries(this.#reference.keys).find(([, to]) => to === name);
    const key = renamed?.[0] ?? name;
    if (key === column) delete keys[key];
    else keys[key] = column;
  }

  maxAge(age: unknown): ViewHandle {
    return this.#derive("maxAge", (list, path) => {
      const maxAgeUs = readDuration(age, path, list);
      const before = this.#reference.maxAgeUs;
      return { maxAgeUs: maxAgeUs === null || (before !== null && before < maxAgeUs) ? before : maxAgeUs };
    });
  }

  version(number: unknown, features?: unknown): ViewHandle {
    return this.#derive("version", (list, path) => {
      if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0) {
        list.add("ASOF_DEFINITION_INVALID", path, number, "version takes the number of a version.", "Write .version(1) for v1.");
        return {};
      }
      const before = this.#reference;
      if (before.view.form === "request") {
        const message = `"${before.view.name}" is a request view, which has no versions: nothing of it is stored.`;
        list.add("ASOF_DEFINITION_INVALID", path, number, message, "Remove .version(…).");
      }
      const name = `${before.version === undefined ? before.name : withoutVersion(before.name)}@v${number}`;
      if (features === undefined) return { version: number, name };
      const declared = readDeclared(features, path, list);
      return { version: number, name, declared, features: Object.freeze(Object.keys(declared)) };
    });
  }

  #derive(method: string, change: (list: IssueList, path: string) => Partial<ViewReference>): ViewHandle {
    const list = new IssueList();
    const changed = change(list, `feature_views.${this.#reference.view.name}.${method}`);
    return new ViewHandle(Object.freeze({ ...this.#reference, ...changed }), [...this.#issues, ...list.issues]);
  }
}

/** The use of a view that another project owns. */
export function useOfProject(reference: ViewReference, project: string, issues: readonly Issue[]): AnyView {
  return new ViewHandle(Object.freeze({ ...reference, project }), issues);
}

/** A name without the version behind it. */
export function withoutVersion(name: string): string {
  return name.replace(/@v[0-9]+$/, "");
}

function readDeclared(features: unknown, path: string, list: IssueList): Readonly<Record<string, ValueType>> {
  const declared: Record<string, ValueType> = {};
  for (const [name, type] of Object.entries(asRecord(features) ?? { "": features })) {
    const payload = payloadOf(type);
    if (payload?.of === "value" && name !== "") declared[name] = payload.type;
    else {
      const fix = "Write .version(1, { spend_30d: float64() }).";
      list.add("ASOF_DEFINITION_INVALID", `${path}.${name}`, type, "The features of a version are given as name → type.", fix);
    }
  }
  return Object.freeze(declared);
}

/** The user's form of a view just defined. */
export function makeView(model: ViewModel, issues: readonly Issue[]): AnyView {
  const reference: ViewReference = { view: model, name: model.name, features: null, keys: Object.freeze({}), maxAgeUs: null };
  return new ViewHandle(Object.freeze(reference), issues);
}

/** The reference behind a view, or null for anything else. */
export function viewReference(value: unknown): ViewReference | null {
  const payload = payloadOf(value);
  return payload?.of === "definition" ? payload.reference : null;
}
