import type { Aggregate, Feature } from "./aggregates.ts";
import type { Duration } from "./duration.ts";
import type { AnyEntity, KeysOf } from "./entity.ts";
import { IssueList, readName } from "./read.ts";
import { readFeatureView } from "./read-view.ts";
import type { Source } from "./source.ts";
import type { Nothing, TypeMessage } from "./type-message.ts";
import type { AnyValueType, MetaOptions, TagText } from "./value-types.ts";
import { type AnyView, makeView, type View } from "./view.ts";

export interface ViewOptions<E, C> extends MetaOptions {
  /** What the features describe. Left out or empty: one row for all (an entity-less view). */
  readonly entities?: E;
  readonly source: Source<string, C>;
  /** Plain views: values older than this read as null. Null or left out = unbounded. */
  readonly ttl?: Duration | null;
  /** Windowed views: another hop for all windows of the view; each is then a multiple of it. */
  readonly hop?: Duration;
  /** Other projects of the registry that may use the view: all (`true`), or those named. Default none. */
  readonly shared?: boolean | readonly string[];
  /** Windowed views: how far back an online read stays exact although later events have arrived. Default `"120s"`. */
  readonly separable?: Duration;
}

/** Names of plain features that the source lacks or has in another type. */
type Wrong<F, C> = {
  [K in keyof F]: F[K] extends AnyValueType
    ? K extends keyof C
      ? C[K] extends { readonly "~tag": F[K]["~tag"] }
        ? never
        : K
      : K
    : never;
}[keyof F];

/** What is wrong with one plain feature. */
type Verdict<K, F, C> = K extends keyof C & keyof F
  ? C[K] extends { readonly "~tag": infer Have }
    ? F[K] extends { readonly "~tag": infer Want }
      ? TypeMessage<`feature "${K & string}" is ${TagText<Want>}, but the source's column is ${TagText<Have, "another">}`>
      : never
    : never
  : TypeMessage<`the source has no column "${K & string}"`, keyof C>;

/** Whether a view has aggregates beside plain features. */
type IsMixed<F extends { readonly [name: string]: { readonly kind: string } }> = "aggregate" extends F[keyof F]["kind"]
  ? [F[keyof F]["kind"]] extends ["aggregate"]
    ? false
    : true
  : false;

/** Nothing, or a message for each wrong feature: only these are looked at, which keeps large repositories fast. */
export type Check<F extends { readonly [name: string]: { readonly kind: string } }, C> = [Wrong<F, C>] extends [never]
  ? IsMixed<F> extends true
    ? {
        readonly [K in keyof F]: F[K] extends Aggregate<unknown, C>
          ? unknown
          : TypeMessage<"a view has either aggregates or plain features: split it in two">;
      }
    : unknown
  : { readonly [K in Wrong<F, C>]: Verdict<K, F, C> };

/**
 * Declares features of one entity from one source. Features are the third argument, so that columns complete and check in
 * place: types read the column of the same name, `derive` computes from a row, aggregates fold rows of a window. A view has
 * either aggregates or the others.
 *
 * ```ts
 * featureView("basket_activity", { entities: [customer], source: baskets }, {
 *   spend_30d: sum("spend", { window: "30d" }),
 * });
 * ```
 */
export function featureView<
  Name extends string,
  C,
  F extends { readonly [name: string]: Feature<C> },
  const E extends readonly AnyEntity[] = readonly [],
>(
  name: Name,
  options: ViewOptions<E, C>,
  features: F & Check<F, C>,
): View<Name, KeysOf<E>, { readonly [K in keyof F]: F[K]["~js"] | null }, Nothing>;
export function featureView(name: unknown, options: unknown, features: unknown): AnyView {
  const list = new IssueList();
  return makeView(readFeatureView(readName(name, "feature_views", list), options, features, list), list.issues);
}
