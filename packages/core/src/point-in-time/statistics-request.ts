import type { PlainViewModel, WindowedViewModel } from "../definition/model.ts";
import type { Json } from "../value/json.ts";
import type { History } from "./join-plan.ts";

/** Whose values are described. */
export interface StatisticsRequest {
  readonly view: PlainViewModel | WindowedViewModel;
  readonly history: History;
  /** Event times `[startUs, endUs)`; null = from the beginning. A source without event time is read whole. */
  readonly startUs: number | null;
  readonly endUs: number;
  /**
   * `all`: every row is counted. `sample`: of more than `exactRowsMax` rows only a sample is, which costs a fraction; every figure is then the
   * sample's. What a materialization computes must cost little beside it.
   */
  readonly count: "all" | "sample";
  /** See {@link statisticsLimits}; for tests. */
  readonly limits?: Partial<StatisticsLimits> | undefined;
}

export interface StatisticsLimits {
  /** Up to so many rows every figure is exact; of more, a sample of about so many gives quantiles, histogram and top values. */
  readonly exactRowsMax: number;
  /** So many keys of a windowed view are valued at most; of more, a sample. */
  readonly keysMax: number;
}

/**
 * What bounds memory and time: a sample of 100,000 rows fits in any memory limit and tells a percentile to a third of a percent; 20,000
 * keys tell it to a percent, and valuing a key costs a look at its whole window.
 */
export const statisticsLimits: StatisticsLimits = { exactRowsMax: 100_000, keysMax: 20_000 };

/** Figures of all features of a view over one interval. */
export interface ViewStatistics {
  /**
   * `rows`: the rows of the interval, of a plain view. `values_at_end`: the values at the interval's end of the keys that had an event in
   * it, of a windowed view, whose value changes with time though no row comes.
   */
  readonly basis: "rows" | "values_at_end";
  /** Rows, or keys, that were there. */
  readonly rows: number;
  readonly features: Readonly<Record<string, FeatureStatistics>>;
}

/**
 * Figures of one feature, exact but for what `sampleRows` says. Which there are depends on its type; all but the first five are of values that are neither null nor NaN nor
 * infinite, and null where there are none. Values are in the form of `valueToJson`, int64 as text.
 */
export interface FeatureStatistics {
  /** As users write it. */
  readonly type: string;
  /** Rows that were counted: all, or a sample of rows or keys where it is less than {@link ViewStatistics.rows}. */
  readonly count: number;
  /** Of those counted, as all other figures. */
  readonly nulls: number;
  /** Of floats, counted apart. */
  readonly apart?: { readonly nan: number; readonly positiveInfinity: number; readonly negativeInfinity: number };
  /** Rows that quantiles, histogram and top values were taken from: all that were counted, or a sample of them. */
  readonly sampleRows: number;
  /** Different values. Exact while `sampleRows` is `count`, else an estimate, usually within a tenth. */
  readonly distinct?: number;
  /** Text by code points, cut to 256 of them. */
  readonly min?: Json;
  readonly max?: Json;
  readonly mean?: Json;
  /** With n − 1; null for fewer than two values. */
  readonly stddev?: Json;
  /** The smallest value that so many percent of the values do not exceed: always a value that occurs. */
  readonly quantiles?: Readonly<Record<QuantileName, Json>> | null | undefined;
  /** The most frequent values, at most ten, then by value; where there are more than ten, only those that occur twice. */
  readonly top?: readonly TopValue[] | undefined;
  readonly histogram?: Histogram | null | undefined;
  /** Characters of text, bytes, elements of lists, sets and maps. */
  readonly length?: { readonly min: number; readonly max: number; readonly mean: number } | null | undefined;
}

export const quantilePercents = [1, 5, 25, 50, 75, 95, 99] as const;

export type QuantileName = `p${(typeof quantilePercents)[number]}`;

export interface TopValue {
  /** Text is cut to 256 code points. */
  readonly value: Json;
  readonly count: number;
}

/** Bin i holds `edges[i] ≤ value < edges[i + 1]`, the last one also its upper edge; the edges run from min to max. */
export interface Histogram {
  readonly edges: readonly Json[];
  readonly counts: readonly number[];
}
