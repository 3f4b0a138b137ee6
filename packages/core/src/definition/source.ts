import type { RowOf } from "./expr-types.ts";
import type { SourceModel } from "./model.ts";
import { makeHandle } from "./payload.ts";
import { asRecord, IssueList, readMetaFaults, readName } from "./read.ts";
import { readFileSource, readPushSource, readSqlSource } from "./read-source.ts";
import { rowOfColumns } from "./row.ts";
import type { Nothing } from "./type-message.ts";
import type { AnyValueType, MetaOptions } from "./value-types.ts";

/** Where rows come from. `row` is its row as expressions see it, for aggregates shared by several views: `sum(baskets.row.spend)`. */
export interface Source<out Name extends string, out C> {
  readonly kind: "source";
  readonly name: Name;
  readonly row: RowOf<C>;
  readonly "~columns": C;
}

export interface AnySource {
  readonly kind: "source";
  readonly name: string;
  readonly row: unknown;
  readonly "~columns": unknown;
}

/** Declared columns: name → type. */
export interface Columns {
  readonly [name: string]: AnyValueType;
}

/** A stream side, declared now and consumed by `asof stream`. */
export interface Stream {
  readonly kind: "stream";
}

interface TableOptions<C> extends MetaOptions {
  /** Value columns by logical name. Keys and times need not be listed; list them to use them in expressions. */
  readonly columns: C;
  /** Column of the event time. Without it the source is a static dimension: its rows are visible at every t. */
  readonly eventTime?: string;
  /** Column of the time at which a row became known. It decides between rows of one event time. */
  readonly createdTime?: string;
  /** Column that identifies an event; windowed views count an event once. */
  readonly eventId?: string;
  /** Logical name → name in the data, where they differ. */
  readonly mapping?: Readonly<Record<string, string>>;
  readonly stream?: Stream;
}

export interface ParquetOptions<C> extends TableOptions<C> {
  /** A file, a glob, or a list of them, relative to the repository. */
  readonly path: string | readonly string[];
  /** Whether partition folders (`day=2024-01-01/…`) are columns. Default false. */
  readonly hive?: boolean;
}

export interface CsvOptions<C> extends ParquetOptions<C> {
  /** Default `","`. */
  readonly delimiter?: string;
  /** Whether the first line names the columns. Default true. */
  readonly header?: boolean;
  /** The text that means null. Default empty. */
  readonly nullText?: string;
  /** The character around values that hold delimiters or line breaks. Default `"\""`; empty = there is none. */
  readonly quote?: string;
  /** The character before a quote within a quoted value. Default the quote itself, doubled as in RFC 4180. */
  readonly escape?: string;
}

export interface SqlOptions<C> extends TableOptions<C> {
  /** A SELECT in the offline engine's dialect; the engine runs it anew for each job. */
  readonly query: string;
}

/** Either `columns` and times of its own, or a `batch` side that gives them. */
export interface PushSourceOptions<C> extends Omit<TableOptions<C>, "columns"> {
  readonly columns?: C;
  /** The history before the first push. */
  readonly batch?: Source<string, C>;
}

/** Parquet files. */
export function parquet<Name extends string, C extends Columns>(name: Name, options: ParquetOptions<C>): Source<Name, C>;
export function parquet(name: unknown, options: unknown): AnySource {
  const list = new IssueList();
  return makeSource(readFileSource("parquet", readName(name, "sources", list), options, list), list);
}

/** CSV files. */
export function csv<Name extends string, C extends Columns>(name: Name, options: CsvOptions<C>): Source<Name, C>;
export function csv(name: unknown, options: unknown): AnySource {
  const list = new IssueList();
  return makeSource(readFileSource("csv", readName(name, "sources", list), options, list), list);
}

/** A query that the offline engine runs. */
export function sql<Name extends string, C extends Columns>(name: Name, options: SqlOptions<C>): Source<Name, C>;
export function sql(name: unknown, options: unknown): AnySource {
  const list = new IssueList();
  return makeSource(readSqlSource(readName(name, "sources", list), options, list), list);
}

/** Rows that applications push, with or without a batch history. */
export function push<Name extends string, C extends Columns = Nothing>(name: Name, options: PushSourceOptions<C>): Source<Name, C>;
export function push(name: unknown, options: unknown): AnySource {
  const list = new IssueList();
  return makeSource(readPushSource(readName(name, "sources", list), options, list), list);
}

export interface KafkaOptions {
  readonly topic: string;
  /** Passed to the consumer as they are. No secrets: they belong in `feature_store.yaml`. */
  readonly options?: Readonly<Record<string, string>>;
}

/** A Kafka topic as the stream side of a source. */
export function kafka(options: KafkaOptions): Stream;
export function kafka(options: unknown): Stream {
  const record = asRecord(options) ?? {};
  const topic = record.topic;
  const { faults } = readMetaFaults(options, ["topic", "options"]);
  const valid = typeof topic === "string" && topic !== "";
  const wrong = {
    code: "ASOF_DEFINITION_INVALID",
    value: topic,
    message: "A Kafka stream needs a topic.",
    fix: 'Write kafka({ topic: "baskets" }).',
  } as const;
  const texts = Object.entries(asRecord(record.options) ?? {}).map(([k, v]): [string, string] => [k, String(v)]);
  const model = Object.freeze({ type: "kafka", topic: valid ? topic : "", options: Object.freeze(Object.fromEntries(texts)) } as const);
  return makeHandle({ kind: "stream" }, { of: "stream", model, faults: valid ? faults : [...faults, wrong] });
}

function makeSource(model: SourceModel, list: IssueList): AnySource {
  const row: unknown = rowOfColumns(model.columns, model.name);
  return makeHandle({ kind: "source", name: model.name, row }, { of: "definition", model, reference: null, issues: list.issues });
}
