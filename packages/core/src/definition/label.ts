import type { Derived } from "./aggregates.ts";
import type { Duration } from "./duration.ts";
import type { AnyEntity, KeysOf } from "./entity.ts";
import type { Check } from "./feature-view.ts";
import type { LabelModel, PlainViewModel } from "./model.ts";
import { makeHandle } from "./payload.ts";
import { IssueList, readName } from "./read.ts";
import { readLabel } from "./read-label.ts";
import type { Source } from "./source.ts";
import type { AnyValueType, MetaOptions } from "./value-types.ts";

export interface LabelOptions<E, C> extends MetaOptions {
  /** What the label is about. Left out or empty: one row for all. */
  readonly entities?: E;
  /** Needs an event time. With a created time, what was learned after a label was final does not count. */
  readonly source: Source<string, C>;
  /** How long after a row's time its label is final: `"30d"`. */
  readonly delay: Duration;
  /**
   * How far before the end of the delay a row of the source may lie. Null or left out = unbounded, so that a state that did not change
   * during the delay is the label; shorter than the delay = only what happened after the row's time.
   */
  readonly ttl?: Duration | null;
}

/** A label as retrievals see it: its columns as resolved JavaScript types. No feature view: it is refused where features are used. */
export interface Label<out Name extends string, out Keys, out Values> {
  readonly kind: "label";
  readonly name: Name;
  readonly "~keys": Keys;
  readonly "~values": Values;
}

export interface AnyLabel {
  readonly kind: "label";
  readonly name: string;
  readonly "~keys": unknown;
  readonly "~values": unknown;
}

/**
 * Declares what is to be predicted: for a row at t the columns as they are known at t + delay, and never otherwise later. Asked for beside
 * features by `getHistoricalFeatures({ …, labels: [churned] })`; null where t + delay is later than the source is known.
 *
 * ```ts
 * label("churn", { entities: [customer], source: cancellations, delay: "30d" }, { churned: bool() });
 * ```
 */
export function label<
  Name extends string,
  C,
  F extends { readonly [name: string]: AnyValueType | Derived<unknown, C> },
  const E extends readonly AnyEntity[] = readonly [],
>(
  name: Name,
  options: LabelOptions<E, C>,
  columns: F & Check<F, C>,
): Label<Name, KeysOf<E>, { readonly [K in keyof F]: F[K]["~js"] | null }>;
export function label(name: unknown, options: unknown, columns: unknown): AnyLabel {
  const list = new IssueList();
  const model = readLabel(readName(name, "labels", list), options, columns, list);
  return makeHandle({ kind: "label", name: model.name }, { of: "definition", model, reference: null, issues: list.issues });
}

/** The plain view that a label is read by, at a later time. */
export function viewOfLabel({ name, entities, source, ttlUs, features, meta }: LabelModel): PlainViewModel {
  return { kind: "view", form: "plain", name, entities, source, ttlUs, features, meta };
}
