import type { ServiceModel } from "./model.ts";
import { makeHandle } from "./payload.ts";
import { IssueList, OptionReader, readName } from "./read.ts";
import { readReferences } from "./read-references.ts";
import type { Merge, Nothing, TypeMessage } from "./type-message.ts";
import type { MetaOptions } from "./value-types.ts";
import type { AnyView } from "./view.ts";

/** The features that one model uses. `Rows`: view → feature → value. */
export interface Service<out Name extends string, out Keys, out Rows, out Request = Nothing> {
  readonly kind: "service";
  readonly name: Name;
  readonly "~keys": Keys;
  readonly "~rows": Rows;
  readonly "~request": Request;
  /** One entity row: keys and request fields. */
  readonly "~wanted": { readonly [K in keyof (Keys & Request)]: (Keys & Request)[K] };
}

export interface AnyService {
  readonly kind: "service";
  readonly name: string;
  readonly "~keys": unknown;
  readonly "~rows": unknown;
  readonly "~request": unknown;
  readonly "~wanted": unknown;
}

/** Nothing, or a message where a view name occurs twice. Linear: a name met twice maps to a union of positions. */
type Unique<V extends readonly AnyView[]> = number extends V["length"]
  ? unknown
  : [Repeated<Positions<V>>] extends [never]
    ? unknown
    : TypeMessage<"a view name occurs twice in this service: give one an .as(alias)", Repeated<Positions<V>>>;

type Positions<V extends readonly AnyView[]> = { [I in keyof V & `${number}` as V[I]["name"]]: I };

/** Names whose value is a union. */
type Repeated<P> = { [N in keyof P]: IsUnion<P[N]> extends true ? N : never }[keyof P];

type IsUnion<T, U = T> = T extends unknown ? ([U] extends [T] ? false : true) : never;

/** Declares the list of views (or picks of views) that one model uses. Its order is the order of results. */
export function featureService<Name extends string, const V extends readonly AnyView[]>(
  name: Name & Unique<V>,
  views: V,
  options?: MetaOptions,
): Service<
  Name,
  V extends readonly [] ? Nothing : { readonly [K in keyof Merge<V[number]["~keys"]>]: Merge<V[number]["~keys"]>[K] },
  { readonly [I in V[number] as I["name"]]: I["~values"] },
  V extends readonly [] ? Nothing : { readonly [K in keyof Merge<V[number]["~request"]>]: Merge<V[number]["~request"]>[K] }
>;
export function featureService(name: unknown, views: unknown, options?: unknown): AnyService {
  const list = new IssueList();
  const ownName = readName(name, "feature_services", list);
  const path = `feature_services.${ownName}`;
  const reader = new OptionReader(options, path, list, []);
  const references = readReferences(views, `${path}.views`, list);
  if (Array.isArray(views) && views.length === 0) {
    list.add(
      "ASOF_DEFINITION_INVALID",
      `${path}.views`,
      undefined,
      "A service needs at least one view.",
      "List the views that the model uses.",
    );
  }
  const model: ServiceModel = Object.freeze({ kind: "service", name: ownName, views: references, meta: reader.meta() });
  return makeHandle({ kind: "service", name: model.name }, { of: "definition", model, reference: null, issues: list.issues });
}
