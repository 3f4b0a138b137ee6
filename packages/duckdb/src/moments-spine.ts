import type { SpinePlan } from "@asof/core";
import { fileTypeOf } from "./column-types.ts";
import { presentValue } from "./convert.ts";
import { duckDbDialect } from "./dialect.ts";
import type { Session, StatementOptions } from "./session.ts";
import { type LoadedSpine, type SpineColumn, spineTable } from "./spine.ts";

/** Fills the session's spine with the rows of a SELECT of keys `k0…` and times `t`, sorted by them: the keys, then the time, are its columns. */
export async function loadMoments(session: Session, select: string, plan: SpinePlan, options: StatementOptions): Promise<LoadedSpine> {
  const keys = plan.keys.map((_, i) => `k${i}`);
  const order = [...keys, "t"].map((c) => duckDbDialect.orderBy(c, "ascending")).join(", ");
  const shown = [...plan.keys.map((k, i) => presentValue(`k${i}`, k.type)), presentValue("t", { kind: "timestamp" })];
  const items = [`row_number() OVER (ORDER BY ${order}) - 1 AS r`, "t", ...keys, ...shown.map((sql, i) => `${sql} AS s${i}`)];
  const context = { doing: "query" as const, what: "The rows made from the history" };
  await session.run(`CREATE TABLE ${spineTable} AS SELECT ${items.join(", ")} FROM (${select}) AS m ORDER BY r`, context, options);
  const [row = {}] = await session.rows(`SELECT count(*) AS n, min(t) AS lo, max(t) AS hi FROM ${spineTable}`, context, options);
  const rowCount = Number(row.n);
  const columns = [...plan.keys, { column: plan.timeColumn, type: { kind: "timestamp" as const } }].map(
    ({ column, type }, i): SpineColumn => ({ name: column, type, sql: `s${i}`, engineType: fileTypeOf(type).replace(", ", ",") }),
  );
  return {
    table: spineTable,
    keys: plan.keys.map((key, i) => ({ ...key, sql: `k${i}` })),
    rowCount,
    range: rowCount === 0 ? null : { minUs: Number(row.lo), maxUs: Number(row.hi) },
    columns,
  };
}
