import { IssueList, readName } from "./read.ts";
import { readRequestView } from "./read-request-view.ts";
import type { Merge, NoExtra, Nothing, Simplify } from "./type-message.ts";
import type { AnyValueType, MetaOptions } from "./value-types.ts";
import { type AnyView, makeView, type View } from "./view.ts";

interface Fields {
  readonly [name: string]: AnyValueType;
}

export interface RequestViewOptions<V, R> extends MetaOptions {
  /** Views whose features the function reads, under their names (or aliases). */
  readonly inputs?: V;
  /** Fields that each request (or spine row) brings along. `nullable(…)` ones may be null. */
  readonly request?: R;
  /** What a throwing function does: fail the request or retrieval (default), or give null for all outputs of the row. */
  readonly onError?: "throw" | "null";
}

/** What `compute` gets: the features of each input, the request's fields, and the instant (UTC µs) of the request or spine row. */
export type ComputeInput<V extends readonly AnyView[], R> = Simplify<
  { readonly [I in V[number] as I["name"]]: I["~values"] } & {
    readonly request: { readonly [K in keyof R]: R[K] extends { readonly "~js": infer Js } ? Js : never };
    readonly t: number;
  }
>;

/** Request fields that the inputs need, themselves being request views. */
type InputRequest<V extends readonly AnyView[]> = V extends readonly [] ? Nothing : Merge<V[number]["~request"]>;

/**
 * Declares features that a synchronous function computes at request time from other features, request fields and t. The same
 * function runs on training rows and on requests.
 */
export function requestView<
  Name extends string,
  F extends Fields,
  O extends { readonly [K in keyof F]: F[K]["~js"] | null },
  const V extends readonly AnyView[] = readonly [],
  R extends Fields = Nothing,
>(
  name: Name,
  options: RequestViewOptions<V, R>,
  features: F,
  compute: (input: ComputeInput<V, R>) => O & NoExtra<O, F>,
): View<
  Name,
  V extends readonly [] ? Nothing : { readonly [K in keyof Merge<V[number]["~keys"]>]: Merge<V[number]["~keys"]>[K] },
  { readonly [K in keyof F]: F[K]["~js"] | null },
  {
    readonly [K in keyof R | keyof InputRequest<V>]: K extends keyof R
      ? R[K]["~js"]
      : K extends keyof InputRequest<V>
        ? InputRequest<V>[K]
        : never;
  }
>;
export function requestView(name: unknown, options: unknown, features: unknown, compute: unknown): AnyView {
  const list = new IssueList();
  return makeView(readRequestView(readName(name, "feature_views", list), options, features, compute, list), list.issues);
}
