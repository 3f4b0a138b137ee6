/**
 * A misuse as a sentence: what the compiler prints where a type does not fit. `Known` lists the choices; they never stand in
 * the sentence, because a union there would print one sentence per choice.
 */
export interface TypeMessage<M extends string, Known = never> {
  readonly __typeError: M;
  readonly __known?: Known;
}

/** No members: an entity-less view's keys, a view without request fields. */
// biome-ignore lint/complexity/noBannedTypes: the empty object type is meant, as the neutral element of intersections.
export type Nothing = {};

/** Union to intersection, in one step for any number of members. */
export type Merge<U> = (U extends unknown ? (u: U) => void : never) extends (u: infer I) => void ? I : never;

/** An intersection printed as one object. */
export type Simplify<T> = { readonly [K in keyof T]: T[K] };

/** Accepts no keys of `T` beyond those of `W`; works for variables too, where excess-property checks do not look. */
export type NoExtra<T, W> = { readonly [P in Exclude<keyof T, keyof W>]: TypeMessage<`"${P & string}" is not expected here`, keyof W> };
