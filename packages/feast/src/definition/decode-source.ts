import type { ColumnModel, FileSourceModel, Meta, SourceModel, SqlSourceModel, StreamModel } from "@asof/core";
import { Message } from "../wire/message.ts";
import { dataSource, fileFormat, fileOptions, kafkaOptions, sourceType } from "./fields.ts";
import { Unsupported } from "./unsupported.ts";

/** Names of Feast's types of sources that asof does not read, for messages. */
const typeNames: Readonly<Record<number, string>> = {
  2: "BigQuery",
  4: "Kinesis",
  5: "Redshift",
  6: "a Python class",
  8: "Snowflake",
  10: "Trino",
  11: "Spark",
  12: "Athena",
  13: "Iceberg",
};

/** Owner, description and tags as they stand in three fields. */
export function readMeta(message: Message, fields: { readonly owner: number; readonly description: number; readonly tags: number }): Meta {
  const [owner, description, tags] = [message.text(fields.owner), message.text(fields.description), message.map(fields.tags)];
  return {
    ...(owner === "" ? {} : { owner }),
    ...(description === "" ? {} : { description }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
  };
}

/** What a file source is before its columns are known: Feast's sources have none, only the views over them. */
export interface SourceShape {
  readonly columns: readonly ColumnModel[];
  /** Keys of the views that read it: names that a mapping may rename beside columns and times. */
  readonly keys: ReadonlySet<string>;
  readonly stream: StreamModel | null;
}

/** A Feast `FileSource` of Parquet as a source. Throws {@link Unsupported} for other sources. */
export function decodeFileSource(message: Message, before: SourceModel | undefined, shape: SourceShape): FileSourceModel {
  refuseOthers(message);
  const options = message.message(dataSource.fileOptions);
  const uri = options?.text(fileOptions.uri) ?? "";
  const known = before !== undefined && before.type !== "push" && before.type !== "sql" ? before : null;
  const samePlace = known !== null && uri === known.paths[0];
  const times = timesOf(message, known);
  const names = new Set<string | null>([
    ...shape.columns.map((c) => c.name),
    ...shape.keys,
    times.eventTime,
    times.createdTime,
    times.eventId,
  ]);
  return {
    kind: "source",
    type: samePlace ? known.type : "parquet",
    name: message.text(dataSource.name),
    paths: samePlace ? known.paths : [uri],
    hive: samePlace ? known.hive : false,
    csv: samePlace ? known.csv : null,
    ...times,
    columns: shape.columns,
    // Feast writes physical → logical, and may rename columns that nobody reads.
    mapping: Object.fromEntries(
      Object.entries(message.map(dataSource.fieldMapping))
        .filter(([physical, logical]) => physical !== logical && names.has(logical))
        .map(([physical, logical]) => [logical, physical]),
    ),
    stream: shape.stream ?? known?.stream ?? null,
    meta: readMeta(message, dataSource),
  };
}

function timesOf(message: Message, known: SourceModel | null) {
  const [eventTime, createdTime] = [message.text(dataSource.timestampField), message.text(dataSource.createdTimestampColumn)];
  return {
    eventTime: eventTime === "" ? null : eventTime,
    createdTime: createdTime === "" ? null : createdTime,
    eventId: known?.eventId ?? null,
  };
}

function refuseOthers(message: Message): void {
  const type = message.number(dataSource.type);
  if (type !== sourceType.file) {
    const name = typeNames[type] ?? (type === sourceType.request ? "the request" : `of a type (${type}) that this version does not know`);
    throw new Unsupported(
      `its rows come from ${name}`,
      type === sourceType.request
        ? "Declare its fields as the `request` of a requestView."
        : "Export the rows as Parquet and declare them with parquet(…). It stays in the registry as it is.",
    );
  }
  const options = message.message(dataSource.fileOptions);
  if (options?.message(fileOptions.fileFormat)?.has(fileFormat.delta) === true) {
    throw new Unsupported("its files are a Delta table", "Export the rows as Parquet. It stays in the registry as it is.");
  }
}

/** The stream side that Feast's `KafkaSource` says. */
export function decodeKafka(message: Message): StreamModel {
  const options = message.message(dataSource.kafkaOptions);
  const servers = options?.text(kafkaOptions.bootstrapServers) ?? "";
  return {
    type: "kafka",
    topic: options?.text(kafkaOptions.topic) ?? "",
    options: servers === "" ? {} : { "bootstrap.servers": servers },
  };
}

/** A `PushSource`: with a batch side it takes columns and times from there. */
export function decodePushSource(
  message: Message,
  batch: FileSourceModel | SqlSourceModel | null,
  before: SourceModel | undefined,
  shape: SourceShape,
): SourceModel {
  const base = { kind: "source", type: "push", name: message.text(dataSource.name), meta: readMeta(message, dataSource) } as const;
  const stream = before?.stream ?? null;
  if (batch !== null) {
    const { eventTime, createdTime, eventId, columns } = batch;
    return { ...base, eventTime, createdTime, eventId, columns, mapping: {}, stream, batch };
  }
  return { ...base, ...timesOf(message, before ?? null), columns: shape.columns, mapping: before?.mapping ?? {}, stream, batch: null };
}

/** The batch source that a Kafka source is the stream of; null for sources of other types. */
export function feastStreamOf(bytes: Uint8Array): { readonly batch: string } | null {
  const message = new Message(bytes);
  if (message.number(dataSource.type) !== sourceType.kafka) return null;
  return { batch: message.message(dataSource.batchSource)?.text(dataSource.name) ?? "" };
}
