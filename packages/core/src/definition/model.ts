import type { Issue } from "../error/error.ts";
import type { ExpressionNode } from "../expression/node.ts";
import type { Value, ValueType } from "../value/type.ts";

/**
 * Definitions as plain frozen data: what the typed builders make and everything else (registry, plan, compilers, flows)
 * works on. No functions except a request view's `compute`, which is kept beside its source text.
 */

/** Owner, description and tags: the metadata part of every object and feature. */
export interface Meta {
  readonly owner?: string;
  readonly description?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface ColumnModel {
  readonly name: string;
  readonly type: ValueType;
  readonly nullable: boolean;
  readonly meta: Meta;
}

export interface EntityModel {
  readonly kind: "entity";
  readonly name: string;
  /** In declaration order; at least one. */
  readonly keys: readonly ColumnModel[];
  readonly meta: Meta;
}

/** A stream side of a batch source: declared now, consumed by `stream`. */
export interface StreamModel {
  readonly type: "kafka";
  readonly topic: string;
  readonly options: Readonly<Record<string, string>>;
}

interface TableSourceBase {
  readonly kind: "source";
  readonly name: string;
  /** Logical column of the event time; null makes the source a static dimension, visible at every t. */
  readonly eventTime: string | null;
  readonly createdTime: string | null;
  /** Logical column that identifies an event; windowed views fold an event once. */
  readonly eventId: string | null;
  /** Declared value columns: not the keys, not event time, created time or event id unless the user lists them. */
  readonly columns: readonly ColumnModel[];
  /** Logical name → physical name, where they differ (keys and times included). */
  readonly mapping: Readonly<Record<string, string>>;
  readonly stream: StreamModel | null;
  readonly meta: Meta;
}

export interface FileSourceModel extends TableSourceBase {
  readonly type: "parquet" | "csv";
  /** Files, globs or both; relative paths are relative to the repository. */
  readonly paths: readonly string[];
  /** Hive partition folders (`day=2024-01-01/…`) become columns. */
  readonly hive: boolean;
  /** CSV only. */
  readonly csv: CsvFormat | null;
}

/** How the bytes of a CSV file are taken apart: as declared, never guessed from the first lines. */
export interface CsvFormat {
  readonly delimiter: string;
  readonly header: boolean;
  readonly nullText: string;
  /** The character around a value that holds delimiters or line breaks; empty = none. */
  readonly quote: string;
  /** The character before a quote that is part of the value. */
  readonly escape: string;
}

export interface SqlSourceModel extends TableSourceBase {
  readonly type: "sql";
  /** A SELECT in the offline engine's dialect. */
  readonly query: string;
}

/** Rows that applications push. Their history is the offline log, joined with `batch` rows before the handover. */
export interface PushSourceModel extends TableSourceBase {
  readonly type: "push";
  readonly batch: FileSourceModel | SqlSourceModel | null;
}

export type SourceModel = FileSourceModel | SqlSourceModel | PushSourceModel;

/** Functions of windowed aggregates. */
export type AggregateFunction =
  | { readonly fn: "count" }
  | { readonly fn: "sum" | "avg" | "min" | "max" | "first" | "last" }
  | { readonly fn: "variance" | "stddev"; readonly population: boolean }
  | { readonly fn: "firstN" | "lastN"; readonly n: number }
  /** Exact up to `bound` distinct values per fold (default 10,000); above it an error. */
  | { readonly fn: "distinctCount"; readonly bound: number };

export interface AggregateModel {
  readonly function: AggregateFunction;
  /** The argument; null only for count of rows. */
  readonly argument: ExpressionNode | null;
  /** Null = lifetime. */
  readonly windowUs: number | null;
  /** The hop in use: the rule's, or the view's choice; null for lifetime. */
  readonly hopUs: number | null;
  readonly where: ExpressionNode | null;
}

/** One feature of a view. `type` is the type of its values. */
export type FeatureModel = {
  readonly name: string;
  readonly type: ValueType;
  readonly nullable: boolean;
  readonly meta: Meta;
} & (
  | { readonly kind: "column" }
  | { readonly kind: "derived"; readonly expression: ExpressionNode }
  | { readonly kind: "aggregate"; readonly aggregate: AggregateModel }
  | { readonly kind: "computed" }
);

/** A view over a source whose features are columns and derived expressions: joined as of t. */
export interface PlainViewModel {
  readonly kind: "view";
  readonly form: "plain";
  readonly name: string;
  readonly entities: readonly EntityModel[];
  readonly source: SourceModel;
  /** Which other projects of the registry may use it: all, or those named; absent = none. */
  readonly shared?: true | readonly string[];
  /** Null = unbounded. */
  readonly ttlUs: number | null;
  readonly features: readonly FeatureModel[];
  readonly meta: Meta;
}

/** A view whose features are windowed or lifetime aggregates of a source's events. */
export interface WindowedViewModel {
  readonly kind: "view";
  readonly form: "windowed";
  readonly name: string;
  readonly entities: readonly EntityModel[];
  readonly source: SourceModel;
  /** As of a plain view. */
  readonly shared?: true | readonly string[];
  /** How far back reads stay exact after later events arrived; default 120 s. */
  readonly separableUs: number;
  readonly features: readonly FeatureModel[];
  readonly meta: Meta;
}

/** A synchronous function over view features, request fields and t. */
export interface RequestViewModel {
  readonly kind: "view";
  readonly form: "request";
  readonly name: string;
  readonly inputs: readonly ViewReference[];
  readonly request: readonly ColumnModel[];
  readonly features: readonly FeatureModel[];
  readonly onError: "throw" | "null";
  /** The function's text: part of the data fingerprint. */
  readonly source: string;
  /** Absent when the model was read back from the registry instead of a definition file. */
  readonly compute?: (inputs: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  readonly meta: Meta;
}

export type ViewModel = PlainViewModel | WindowedViewModel | RequestViewModel;

/** A view as a service or request view uses it: a choice of features, another name, renamed keys, an age limit. */
export interface ViewReference {
  readonly view: ViewModel;
  /** The name in results: the view's own or its alias. */
  readonly name: string;
  /** Null = all features. */
  readonly features: readonly string[] | null;
  /** Entity key → spine or request column, only where they differ. */
  readonly keys: Readonly<Record<string, string>>;
  /** Plain views only: tightens ttl for this use. */
  readonly maxAgeUs: number | null;
  /** A version of the view by its number, counted from 0; absent = the active one. `view` is then any definition of that view. */
  readonly version?: number;
  /** The project that owns the view; absent = the one that refers to it. `view` is then what its owner said when it was imported, or nothing. */
  readonly project?: string;
  /** What the user says of the types of a version's features; checked when the version is looked up. */
  readonly declared?: Readonly<Record<string, ValueType>>;
}

export interface ServiceModel {
  readonly kind: "service";
  readonly name: string;
  readonly views: readonly ViewReference[];
  readonly meta: Meta;
}

/** What is to be predicted: columns of a source as they are known a delay after a row's time. Never a feature. */
export interface LabelModel {
  readonly kind: "label";
  readonly name: string;
  readonly entities: readonly EntityModel[];
  readonly source: SourceModel;
  /** After it a value is final: what comes or is corrected later does not count. */
  readonly delayUs: number;
  /** How far before the end of the delay a row may lie; null = unbounded. */
  readonly ttlUs: number | null;
  /** The label columns: plain and derived. */
  readonly features: readonly FeatureModel[];
  readonly meta: Meta;
}

export type ObjectModel = EntityModel | SourceModel | ViewModel | LabelModel | ServiceModel;

/** Everything one repository defines. */
export interface RepositoryModel {
  readonly project: string;
  readonly entities: readonly EntityModel[];
  readonly sources: readonly SourceModel[];
  readonly views: readonly ViewModel[];
  readonly services: readonly ServiceModel[];
  /** Left out = none. */
  readonly labels?: readonly LabelModel[];
  /** Faults found while the objects were built; `validateRepository` returns them with its own. */
  readonly issues?: readonly Issue[];
}

/** A value with the name of its column. */
export interface NamedValue {
  readonly name: string;
  readonly value: Value;
}
