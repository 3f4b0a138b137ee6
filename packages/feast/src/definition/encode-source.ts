import type { Meta, SourceModel } from "@asof/core";
import { Message } from "../wire/message.ts";
import { dataSource, fileOptions, kafkaOptions, sourceMeta, sourceType, streamFormat } from "./fields.ts";
import { writeMicroseconds } from "./times.ts";

const classes = {
  file: "feast.infra.offline_stores.file_source.FileSource",
  push: "feast.data_source.PushSource",
  kafka: "feast.data_source.KafkaSource",
} as const;

/** Owner, description and tags into three fields. */
export function setMeta(
  message: Message,
  fields: { readonly owner: number; readonly description: number; readonly tags: number },
  meta: Meta,
  ownTags: Readonly<Record<string, string>> = {},
): void {
  message.setText(fields.owner, meta.owner ?? "");
  message.setText(fields.description, meta.description ?? "");
  message.setMap(fields.tags, { ...meta.tags, ...ownTags });
}

/** Feast's sources for one of asof's: the one that holds its rows, and the stream beside it. */
export interface EncodedSource {
  /** `FileSource` or `PushSource`, under the source's name. */
  readonly main: Message;
  /** `KafkaSource`; null where the source has no stream. */
  readonly kafka: Message | null;
}

/**
 * A source as Feast's objects, over those that Feast has: what asof does not know of them stays. Where Feast has no such source (CSV, a
 * query), the place is one that says so: Feast then knows the source and cannot read its rows.
 *
 * @param base the object of the source's name that Feast has, null for a new one.
 * @param kafkaBase the Kafka source over it that Feast has.
 */
export function encodeSource(source: SourceModel, base: Uint8Array | null, kafkaBase: Uint8Array | null): EncodedSource {
  const main = new Message(base ?? undefined);
  main.setText(dataSource.name, source.name);
  main.setText(dataSource.timestampField, source.eventTime ?? "");
  main.setText(
    dataSource.createdTimestampColumn,
    source.type === "push" ? main.text(dataSource.createdTimestampColumn) : (source.createdTime ?? ""),
  );
  setMeta(main, dataSource, source.meta);
  if (source.type === "push") encodePush(main, source);
  else encodeFile(main, source);
  return { main, kafka: source.stream === null || source.type === "push" ? null : encodeKafka(source, main, kafkaBase) };
}

type PushSource = Extract<SourceModel, { readonly type: "push" }>;
type BatchSource = Exclude<SourceModel, PushSource>;

function encodePush(main: Message, source: PushSource): void {
  main.setNumber(dataSource.type, sourceType.push);
  main.setText(dataSource.classType, classes.push);
  if (source.batch !== null)
    main.setMessage(dataSource.batchSource, embed(encodeSource(source.batch, main.bytes(dataSource.batchSource), null).main));
}

function encodeFile(main: Message, source: BatchSource): void {
  main.setNumber(dataSource.type, sourceType.file);
  main.setText(dataSource.classType, classes.file);
  const options = main.message(dataSource.fileOptions) ?? new Message();
  options.setText(fileOptions.uri, source.type === "sql" ? `asof:sql:${source.name}` : (source.paths[0] ?? ""));
  main.setMessage(dataSource.fileOptions, options);
  // A mapping of asof's replaces Feast's for the same column; Feast's others are of columns that asof does not read.
  const ours = Object.entries(source.mapping).map(([logical, physical]) => [physical, logical] as const);
  const others = Object.entries(main.map(dataSource.fieldMapping)).filter(([, logical]) => !knows(source, logical));
  main.setMap(dataSource.fieldMapping, Object.fromEntries([...others, ...ours]));
}

function knows(source: SourceModel, logical: string): boolean {
  return (
    [source.eventTime, source.createdTime, source.eventId].includes(logical) || source.columns.some((column) => column.name === logical)
  );
}

function encodeKafka(source: BatchSource, batch: Message, base: Uint8Array | null): Message {
  const kafka = new Message(base ?? undefined);
  if (base === null) kafka.setText(dataSource.name, `${source.name}_stream`);
  kafka.setNumber(dataSource.type, sourceType.kafka);
  kafka.setText(dataSource.classType, classes.kafka);
  kafka.setText(dataSource.timestampField, source.eventTime ?? "");
  const options = kafka.message(dataSource.kafkaOptions) ?? new Message();
  options.setText(kafkaOptions.topic, source.stream?.topic ?? "");
  const servers = source.stream?.options["bootstrap.servers"];
  if (servers !== undefined) options.setText(kafkaOptions.bootstrapServers, servers);
  if (!options.has(kafkaOptions.messageFormat)) options.setMessage(kafkaOptions.messageFormat, anyJson());
  kafka.setMessage(dataSource.kafkaOptions, options);
  kafka.setMessage(dataSource.batchSource, embed(batch));
  return kafka;
}

/** Feast cannot read a stream back that has no format: JSON without a schema. */
function anyJson(): Message {
  const format = new Message();
  format.setMessage(streamFormat.json, new Message());
  return format;
}

/** A source as it stands inside another object: without its project, as Feast writes it. */
export function embed(source: Message): Message {
  const copy = new Message(source.encode());
  copy.remove(dataSource.project);
  return copy;
}

/** Names the project and stamps the times of a source as Feast does. */
export function finishSource(message: Message, project: string, nowUs: number): Uint8Array {
  message.setText(dataSource.project, project);
  const meta = message.message(dataSource.meta) ?? new Message();
  if (!meta.has(sourceMeta.created)) meta.setMessage(sourceMeta.created, writeMicroseconds(nowUs));
  meta.setMessage(sourceMeta.lastUpdated, writeMicroseconds(nowUs));
  message.setMessage(dataSource.meta, meta);
  return message.encode();
}
