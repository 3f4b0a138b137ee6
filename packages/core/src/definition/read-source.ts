import type { ColumnModel, CsvFormat, FileSourceModel, PushSourceModel, SourceModel, SqlSourceModel, StreamModel } from "./model.ts";
import { payloadOf } from "./payload.ts";
import { asRecord, type IssueList, OptionReader } from "./read.ts";
import { describe, readColumns } from "./read-columns.ts";

const tableOptions = ["columns", "eventTime", "createdTime", "eventId", "mapping", "stream"] as const;

/** Reads the options of `parquet` and `csv`. */
export function readFileSource(type: "parquet" | "csv", name: string, options: unknown, list: IssueList): FileSourceModel {
  const csvOptions = type === "csv" ? ["delimiter", "header", "nullText", "quote", "escape"] : [];
  const reader = new OptionReader(options, `sources.${name}`, list, ["path", "hive", ...csvOptions, ...tableOptions]);
  return Object.freeze({
    ...readTable(name, reader, list),
    type,
    paths: readPaths(reader, list),
    hive: reader.flag("hive", false),
    csv: type === "csv" ? readCsvFormat(reader, list) : null,
  });
}

export function readSqlSource(name: string, options: unknown, list: IssueList): SqlSourceModel {
  const reader = new OptionReader(options, `sources.${name}`, list, ["query", ...tableOptions]);
  if (reader.value("query") === undefined) {
    list.add("ASOF_DEFINITION_INVALID", `${reader.path}.query`, undefined, "A sql source needs a query.", 'Write query: "SELECT …".');
  }
  return Object.freeze({ ...readTable(name, reader, list), type: "sql", query: reader.text("query") ?? "" });
}

/** Columns and times come from `batch` when there is one: a push carries every column of its source. */
export function readPushSource(name: string, options: unknown, list: IssueList): PushSourceModel {
  const reader = new OptionReader(options, `sources.${name}`, list, ["batch", ...tableOptions]);
  const batch = readBatch(reader, list);
  if (batch === null) return Object.freeze({ ...readTable(name, reader, list), type: "push", batch });
  for (const option of ["columns", "eventTime", "createdTime", "eventId", "mapping"]) {
    if (reader.value(option) === undefined) continue;
    const fix = `Remove ${option}, or the batch side.`;
    list.add(
      "ASOF_DEFINITION_INVALID",
      `${reader.path}.${option}`,
      option,
      `A push source with a batch side takes its ${option} from it.`,
      fix,
    );
  }
  const { eventTime, createdTime, eventId, columns } = batch;
  const shared = { eventTime, createdTime, eventId, columns, mapping: Object.freeze({}) };
  return Object.freeze({ kind: "source", name, ...shared, stream: readStream(reader, list), meta: reader.meta(), type: "push", batch });
}

function readBatch(reader: OptionReader, list: IssueList): FileSourceModel | SqlSourceModel | null {
  const value = reader.value("batch");
  if (value === undefined) return null;
  const payload = payloadOf(value);
  list.inherit(value);
  const model = payload?.of === "definition" && payload.model.kind === "source" ? payload.model : null;
  if (model !== null && model.type !== "push") return model;
  const message = `The batch side is ${describe(value)}, not a parquet, csv or sql source.`;
  list.add("ASOF_DEFINITION_INVALID", `${reader.path}.batch`, undefined, message, 'Write batch: parquet("clicks_history", { … }).');
  return null;
}

type Table = Omit<SourceModel, "type" | "paths" | "hive" | "csv" | "query" | "batch">;

function readTable(name: string, reader: OptionReader, list: IssueList): Table {
  const columns = readDeclaredColumns(reader, list);
  return {
    kind: "source",
    name,
    eventTime: reader.text("eventTime"),
    createdTime: reader.text("createdTime"),
    eventId: reader.text("eventId"),
    columns,
    mapping: readMapping(reader, list),
    stream: readStream(reader, list),
    meta: reader.meta(),
  };
}

function readDeclaredColumns(reader: OptionReader, list: IssueList): readonly ColumnModel[] {
  const path = `${reader.path}.columns`;
  if (reader.value("columns") !== undefined) return readColumns(reader.value("columns"), path, list);
  list.add("ASOF_DEFINITION_INVALID", path, undefined, "A source declares its columns.", "Write columns: { spend: float64(), … }.");
  return [];
}

function readMapping(reader: OptionReader, list: IssueList): Readonly<Record<string, string>> {
  const value = reader.value("mapping");
  if (value === undefined) return Object.freeze({});
  const mapping: Record<string, string> = {};
  for (const [logical, physical] of Object.entries(asRecord(value) ?? { mapping: value })) {
    if (typeof physical === "string" && physical !== "" && asRecord(value) !== null) {
      if (physical !== logical) mapping[logical] = physical;
      continue;
    }
    const fix = 'Write mapping: { spend: "SPEND_USD" }: logical name → the name in the files.';
    list.add("ASOF_DEFINITION_INVALID", `${reader.path}.mapping`, physical, "A mapping holds names of columns.", fix);
  }
  return Object.freeze(mapping);
}

function readStream(reader: OptionReader, list: IssueList): StreamModel | null {
  const value = reader.value("stream");
  if (value === undefined) return null;
  const payload = payloadOf(value);
  if (payload?.of === "stream") {
    list.addFaults(`${reader.path}.stream`, payload.faults);
    return payload.model;
  }
  const message = `The stream side is ${describe(value)}, not a stream.`;
  list.add("ASOF_DEFINITION_INVALID", `${reader.path}.stream`, undefined, message, 'Write stream: kafka({ topic: "…" }).');
  return null;
}

function readPaths(reader: OptionReader, list: IssueList): readonly string[] {
  const value = reader.value("path");
  const paths: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = paths.filter((p): p is string => typeof p === "string" && p !== "");
  if (texts.length === paths.length && texts.length > 0) return Object.freeze(texts);
  const fix = 'Write path: "data/baskets.parquet", a glob, or a list of them.';
  list.add("ASOF_DEFINITION_INVALID", `${reader.path}.path`, value, "A file source needs the path of its files.", fix);
  return Object.freeze(texts);
}

function readCsvFormat(reader: OptionReader, list: IssueList): CsvFormat {
  const delimiter = reader.text("delimiter") ?? ",";
  if ([...delimiter].length !== 1) {
    list.add("ASOF_DEFINITION_INVALID", `${reader.path}.delimiter`, delimiter, "A delimiter is one character.", 'Write delimiter: ";".');
  }
  const nullText = reader.value("nullText") ?? "";
  if (typeof nullText !== "string") {
    list.add("ASOF_DEFINITION_INVALID", `${reader.path}.nullText`, nullText, "The text for null is not text.", 'Write nullText: "NA".');
  }
  const quote = readQuoting(reader, "quote", '"', list);
  return Object.freeze({
    delimiter,
    header: reader.flag("header", true),
    nullText: typeof nullText === "string" ? nullText : "",
    quote,
    escape: readQuoting(reader, "escape", quote, list),
  });
}

function readQuoting(reader: OptionReader, name: "quote" | "escape", byDefault: string, list: IssueList): string {
  const value = reader.value(name) ?? byDefault;
  if (typeof value === "string" && /^[\x21-\x7e]?$/.test(value)) return value;
  const message = `A ${name} is one visible ASCII character, or empty where there is none.`;
  const fix = name === "quote" ? "Write quote: '\"'." : 'Write escape: "\\\\".';
  list.add("ASOF_DEFINITION_INVALID", `${reader.path}.${name}`, value, message, fix);
  return byDefault;
}
