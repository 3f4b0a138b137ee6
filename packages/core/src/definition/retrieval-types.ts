import type { RecordBatch } from "../value/record-batch.ts";
import type { ValueType } from "../value/type.ts";
import type { InstantLiteral } from "./expr-types.ts";
import type { AnyLabel } from "./label.ts";
import type { AnyService, Service } from "./service.ts";
import type { Merge, NoExtra, Nothing, TypeMessage } from "./type-message.ts";
import type { AnyValueType } from "./value-types.ts";
import type { AnyView } from "./view.ts";

/** A list of views as if it were a service. */
export type ServiceOf<V extends readonly AnyView[]> = Service<
  "",
  V extends readonly [] ? Nothing : { readonly [K in keyof Merge<V[number]["~keys"]>]: Merge<V[number]["~keys"]>[K] },
  { readonly [I in V[number] as I["name"]]: I["~values"] },
  V extends readonly [] ? Nothing : { readonly [K in keyof Merge<V[number]["~request"]>]: Merge<V[number]["~request"]>[K] }
>;

/** What is asked for: the service, else the views. */
export type Selected<S extends AnyService, V extends readonly AnyView[]> = [S] extends [never] ? ServiceOf<V> : S;

/** One entity row: keys and request fields. */
export type Wanted<S extends AnyService> = S["~wanted"];

/** Columns of a flat row: `feature`, or `view__feature` with full names. */
export type FlatFeatures<Rows, Full> = Full extends true
  ? Merge<{ [N in keyof Rows & string]: { [F in keyof Rows[N] & string as `${N}__${F}`]: Rows[N][F] } }[keyof Rows & string]>
  : Merge<Rows[keyof Rows]>;

/** Feature → view, of all views together; `never` as soon as two views share a feature. Linear in the number of features. */
type Owners<Rows> = Merge<{ [N in keyof Rows]: { [F in keyof Rows[N]]: N } }[keyof Rows]>;

/**
 * `Normal`, unless flat names collide: then a sentence per collision. The sentences are quadratic, therefore only made when there
 * is one; they are written out here because an alias would be printed instead of them.
 */
export type UnlessColliding<Rows, Full, Normal> = Full extends true
  ? Normal
  : [Owners<Rows>] extends [never]
    ? {
        [N in keyof Rows & string]: {
          [O in Exclude<keyof Rows, N>]: TypeMessage<`${N}:${keyof Rows[N] &
            keyof Rows[O] &
            string} has the name of another view's feature: set fullFeatureNames: true, or .pick() others`>;
        }[Exclude<keyof Rows, N>];
      }[keyof Rows & string]
    : Normal;

/**
 * What became of one feature of one row. INCOMPLETE: the store cannot cut the value exactly at t (see "Read time" in the docs);
 * a windowed value is then given as an approximation, a plain one is null.
 */
export type FeatureStatus = "PRESENT" | "NULL_VALUE" | "NOT_FOUND" | "OUTSIDE_MAX_AGE" | "INCOMPLETE";

/** How current knowledge counts: `"created"` also demands that a row was known by t, inside windows too. Default `"event"`. */
export type Knowledge = "event" | "created";

/** The result of an online request: one element per entity row, in the order given. */
export interface OnlineFeatures<out Rows extends readonly unknown[]> {
  /** View → feature → value. */
  readonly rows: Rows;
  /** In the shape of `rows`: PRESENT, NULL_VALUE, NOT_FOUND, OUTSIDE_MAX_AGE or INCOMPLETE. */
  readonly statuses: { readonly [I in keyof Rows]: { readonly [V in keyof Rows[I]]: { readonly [F in keyof Rows[I][V]]: FeatureStatus } } };
  /** The t of this read, UTC µs. */
  readonly asOfUs: number;
  /** Per row and stored view: event time (UTC µs) of the stored row or of the newest event folded; null where there is none. */
  readonly eventTimes: readonly Readonly<Record<string, number | null>>[];
  /** How many of the stored values that were read are INCOMPLETE. */
  readonly incompleteCount: number;
}

/**
 * How a training set lies in a folder. The path is one where it ends with a slash, and with any of the first three. It appears with all
 * of its files or not at all.
 */
export interface WriteOptions<Column extends string = string> {
  /** At most so many rows in a file. */
  readonly rowsPerFile?: number;
  /** Files of about so many bytes. */
  readonly bytesPerFile?: number;
  /**
   * Columns whose values name folders (`country=AT/month=2026-01`, as Hive does) and which the files leave out. `year`, `month` and
   * `day` are made from the as-of time where no column has that name.
   */
  readonly partitionBy?: readonly (Column | "year" | "month" | "day")[];
  /** Replaces what asof wrote into the folder before. Other files stay. Default: a folder that is not empty is refused. */
  readonly overwrite?: boolean;
}

/** What was written. */
export interface Written {
  readonly rows: number;
  readonly files: number;
}

/**
 * A training set whose rows have the type `Row`; `Table` is the package's form of an Arrow table. Computed when it is returned,
 * held by the engine until disposed (`await using`, or `close()`), readable several times. Rows come in spine order.
 */
export interface TrainingSet<out Row, out Table> extends AsyncDisposable {
  /** Spine columns, then features. */
  readonly columns: readonly { readonly name: string; readonly type: ValueType }[];
  readonly report: {
    readonly spineRows: number;
    /** Per view: source rows without event time, which never match. */
    readonly rowsWithoutEventTime: Readonly<Record<string, number>>;
    /** Per view whose source has a created time: rows whose value was known only after t; `knowledge: "created"` excludes them. */
    readonly knownOnlyLater: Readonly<Record<string, number>>;
    /**
     * Per label: up to when its source is known (UTC µs), rows whose label is not final then, and rows whose label comes from a source
     * row not after their time, which a feature could have seen.
     */
    readonly labels: Readonly<
      Record<string, { readonly knownUntilUs: number | null; readonly immature: number; readonly notAfterRow: number }>
    >;
    /** Spine rows left out by `immature: "drop"`. */
    readonly droppedRows: number;
    /** Registered views that are defined otherwise in this program: a model trained on this set is not answered with these values until they are applied. */
    readonly notApplied: readonly string[];
  };
  /** Streams the rows. */
  rows(): AsyncIterable<Row>;
  /** Streams column batches; each is valid until the next is asked for. */
  batches(): AsyncIterable<RecordBatch>;
  /** The whole set in memory. */
  arrow(): Promise<Table>;
  /** Writes a Parquet file (zstd), or with options a folder of them; spine columns in their own units. Whole or not at all. Records lineage. */
  writeParquet(path: string, options?: WriteOptions<keyof Row & string>): Promise<Written>;
  /** Writes a CSV file with a header, or with options a folder of them. Whole or not at all. Records lineage. */
  writeCsv(path: string, options?: WriteOptions<keyof Row & string>): Promise<Written>;
  /** The statements that computed it, for people. */
  toSql(): Promise<string>;
  close(): Promise<void>;
}

/** A half-open interval: `start` belongs to it, `end` does not. */
export interface Interval {
  readonly start: InstantLiteral;
  readonly end: InstantLiteral;
}

/** Spines without row types: a path to a Parquet or CSV file, or a query. */
export type SpineReference = string | { readonly sql: string };

/** Keys, request fields and the as-of time of a typed spine; other columns pass through. */
export type SpineColumns<S extends AnyService, Time extends string> = Wanted<S> & { readonly [K in Time]: InstantLiteral };

/**
 * A row of a training set: the spine's columns, then the features by flat name. `SpineRow` is the row of a typed spine; `never`
 * for a path or query, whose further columns are `Columns`.
 */
export type TrainingRow<S extends AnyService, SpineRow, Columns, Time extends string, Full> = Wanted<S> & {
  readonly [K in Time]: number;
} & ([SpineRow] extends [never]
    ? { readonly [K in keyof Columns]: Columns[K] extends { readonly "~js": infer Js } ? Js | null : never }
    : Omit<SpineRow, Time | keyof Wanted<S>>) &
  FlatFeatures<S["~rows"], Full>;

/** Columns of labels: by their own names, or `label__column` with full names. */
export type LabelColumns<L extends readonly AnyLabel[], Full> = L extends readonly []
  ? Nothing
  : FlatFeatures<{ readonly [I in L[number] as I["name"]]: I["~values"] }, Full>;

/**
 * The typed retrieval methods of a feature store. Each takes exactly one of `service` and `features` (checked at run time). One
 * signature, no overloads: a mistake is then reported where it stands.
 */
export interface TypedRetrieval<Table> {
  /** Features as of `at` (default: now) for entity rows of keys and request fields, view by view. */
  getOnlineFeatures<
    S extends AnyService = never,
    const V extends readonly AnyView[] = readonly [],
    const E extends readonly Wanted<Selected<S, V>>[] = readonly [],
  >(query: {
    readonly service?: S;
    readonly features?: V;
    readonly entities: E & { readonly [I in keyof E]: NoExtra<E[I], Wanted<Selected<S, V>>> };
    readonly at?: InstantLiteral;
  }): Promise<OnlineFeatures<{ readonly [I in keyof E]: Selected<S, V>["~rows"] }>>;

  /**
   * One row per spine row, in its order, with the features as they were at its time. `timeColumn` (default
   * `"event_timestamp"`) names the as-of time; `spineColumns` types the further columns of a spine given by path or query.
   *
   * Instead of a `spine`, `between` makes a row for every change of what a read sees in `[start, end)`, and `latestAsOf` one row for
   * every key known at that instant; both sorted by key and time. Exactly one of the three is given (checked at run time).
   */
  getHistoricalFeatures<
    S extends AnyService = never,
    const V extends readonly AnyView[] = readonly [],
    Full extends boolean = false,
    Time extends string = "event_timestamp",
    Columns extends { readonly [name: string]: AnyValueType } = Nothing,
    SpineRow extends { readonly [K in keyof SpineColumns<Selected<S, V>, Time>]: SpineColumns<Selected<S, V>, Time>[K] } = never,
    const L extends readonly AnyLabel[] = readonly [],
  >(query: {
    readonly service?: S;
    readonly features?: V;
    readonly spine?: UnlessColliding<Selected<S, V>["~rows"], Full, SpineReference | readonly SpineRow[]>;
    readonly between?: UnlessColliding<Selected<S, V>["~rows"], Full, Interval>;
    readonly latestAsOf?: UnlessColliding<Selected<S, V>["~rows"], Full, InstantLiteral>;
    readonly spineColumns?: Columns;
    readonly timeColumn?: Time;
    readonly fullFeatureNames?: Full;
    readonly knowledge?: Knowledge;
    /** What is to be predicted: columns of their own, as they are known a delay after each row's time. */
    readonly labels?: L;
    /**
     * Rows whose label is not final yet: `"keep"` (default) gives null, `"drop"` leaves them out and counts them, `"error"` fails with
     * ASOF_LABELS_IMMATURE.
     */
    readonly immature?: "keep" | "drop" | "error";
    /** Up to when the sources of the labels are known; default: as far as their newest row tells. Never beyond now. */
    readonly labelsKnownUntil?: InstantLiteral;
    /** Ends the work with ASOF_INTERRUPTED. */
    readonly signal?: AbortSignal;
    /** Called now and then with a fraction in [0, 1], or null where the engine cannot tell. */
    readonly onProgress?: (fraction: number | null, phase: string) => void;
  }): Promise<
    TrainingSet<
      {
        readonly [K in keyof (TrainingRow<Selected<S, V>, SpineRow, Columns, Time, Full> & LabelColumns<L, Full>)]: (TrainingRow<
          Selected<S, V>,
          SpineRow,
          Columns,
          Time,
          Full
        > &
          LabelColumns<L, Full>)[K];
      },
      Table
    >
  >;
}
