import {
  columnsOf,
  type FeatureModel,
  type History,
  type HistoryTables,
  type JoinPlan,
  orderColumns,
  physicalName,
  type SideTable,
  type SourceModel,
  type ViewJoin,
} from "@asof/core";
import { describeLog } from "./log.ts";
import type { Session, StatementOptions } from "./session.ts";
import { copyRelation, describeBatch, sourceContext } from "./source-table.ts";

/** Where an operation finds its data. */
export interface Places {
  readonly repositoryPath: string;
  readonly logFolder: string;
}

/**
 * The tables of every view's history: the snapshot of files that the operation sees. A csv file is parsed and a query is run once,
 * into a table with the columns that the views need; Parquet is read where it lies.
 */
export async function bindPlan(
  session: Session,
  places: Places,
  plan: JoinPlan,
  options: StatementOptions,
): Promise<readonly HistoryTables[]> {
  const batches = new Map<string, SideTable>();
  const logs = new Map<string, SideTable | null>();
  const histories: HistoryTables[] = [];
  for (const { history, view } of plan.views) {
    const { batch, log } = history;
    if (batch !== null && !batches.has(batch.name)) {
      const wanted = columnsWanted(plan.views.filter((join) => join.history.batch?.name === batch.name));
      batches.set(batch.name, await bindBatch(session, places, batch, wanted, `asof_source_${batches.size}`, options));
    }
    if (log !== null && !logs.has(view.source.name)) logs.set(view.source.name, await describeLog(session, places.logFolder, log, options));
    histories.push({
      batch: batch === null ? null : (batches.get(batch.name) ?? null),
      log: log === null ? null : (logs.get(view.source.name) ?? null),
    });
  }
  return histories;
}

/** One batch source; `wanted` are logical names, `table` is made for sources that are copied. */
export async function bindBatch(
  session: Session,
  places: Places,
  batch: NonNullable<History["batch"]>,
  wanted: ReadonlySet<string>,
  table: string,
  options: StatementOptions,
): Promise<SideTable> {
  const side = await describeBatch(session, places.repositoryPath, batch, options);
  if (batch.type === "parquet") return side;
  const physical = new Set([...wanted].map((name) => physicalName(batch.mapping, name)));
  return copyRelation(session, table, side, physical, sourceContext(batch), options);
}

function columnsWanted(joins: readonly ViewJoin[]): ReadonlySet<string> {
  return new Set(joins.flatMap((join) => [...columnsOfJoin(join)]));
}

function columnsOfJoin({ view, keys, history }: ViewJoin): readonly string[] {
  const order = view.form === "windowed" ? orderColumns(view.source.columns).map((c) => c.name) : [];
  return [...keys.map((k) => k.key), ...timesOf(history.batch ?? view.source), ...order, ...view.features.flatMap(columnsOfFeature)];
}

/** Logical names of the time and identity columns. */
export function timesOf(source: SourceModel): readonly string[] {
  return [source.eventTime, source.createdTime, source.eventId].filter((name) => name !== null);
}

function columnsOfFeature(feature: FeatureModel): readonly string[] {
  switch (feature.kind) {
    case "column":
      return [feature.name];
    case "derived":
      return [...columnsOf(feature.expression)];
    case "aggregate": {
      const { argument, where } = feature.aggregate;
      return [...(argument === null ? [] : columnsOf(argument)), ...(where === null ? [] : columnsOf(where))];
    }
    case "computed":
      return [];
  }
}
