import {
  encodeEntityKey,
  encodeOrderKey,
  equalValues,
  type JoinPlan,
  type OnlineRow,
  type OnlineStore,
  type OnlineView,
  orderColumns,
  rowSchema,
  type ViewJoin,
} from "@asof/core";
import type { Event, SourceRow, SourceTable } from "../oracle/data.ts";
import { historyOf } from "../oracle/history.ts";
import { oracle } from "../oracle/oracle.ts";
import { designRules } from "../oracle/rules.ts";
import type { ParityCase } from "./parity-case.ts";
import { eventUsOf } from "./promised-reads.ts";
import type { ParityDriver } from "./run-schedule.ts";

/** Rows of one online write: few, so that kills meet several writes. */
const rowsPerWrite = 2;

/**
 * The least that could obey the parity law for plain views: rows go to an online store as they come, training is the oracle. `open`
 * opens the store anew, over what is stored.
 */
export function plainDriver({ world }: ParityCase, open: () => OnlineStore): ParityDriver {
  let online = open();
  const tables = new Map<string, { batch: SourceRow[]; log: SourceRow[]; ids: Set<string>; handoverUs: number | null }>();
  const joins = world.plan.views.filter((v) => v.view.form === "plain");
  for (const { view } of joins) tables.set(view.source.name, { batch: [], log: [], ids: new Set(), handoverUs: null });
  const tableOf = (name: string): SourceTable & { readonly handoverUs: number | null } =>
    tables.get(name) ?? { batch: [], log: [], handoverUs: null };

  const write = async (join: ViewJoin, table: SourceTable): Promise<void> => {
    const rows = historyOf(withHandover(join, tableOf(join.view.source.name).handoverUs), table, designRules).flatMap((e) =>
      onlineRow(join, e),
    );
    for (let at = 0; at < rows.length; at += rowsPerWrite) await online.putRows(onlineView(join), rows.slice(at, at + rowsPerWrite));
  };
  return {
    arrive: async ({ source, rows }) => {
      for (const row of rows) tables.get(source)?.batch.push(world.tables[source]?.batch[row] ?? emptyRow);
    },
    materialize: async (step) => {
      const fromUs = step.kind === "materialize" ? step.startUs : null;
      for (const table of tables.values()) table.handoverUs ??= step.endUs + 1;
      const isInside = (row: SourceRow): boolean => {
        const eventUs = eventUsOf(row);
        return eventUs === null || (eventUs <= step.endUs && (fromUs === null || eventUs >= fromUs));
      };
      for (const join of joins) {
        const { batch, log } = tableOf(join.view.source.name);
        await write(join, { batch: batch.filter(isInside), log: log.filter(isInside) });
      }
    },
    push: async (step) => {
      const table = tables.get(step.source);
      if (table === undefined) return;
      const source = joins.find((j) => j.view.source.name === step.source)?.view.source;
      const rows = step.rows.map((index, i) => {
        const row = world.tables[step.source]?.log[index] ?? emptyRow;
        const stamped = { ...row, createdNs: source?.createdTime === null ? BigInt(step.clockUs) * 1000n : row.createdNs };
        return source?.eventId === null ? { ...stamped, eventId: `${step.idempotencyKey}:${i}` } : stamped;
      });
      for (const row of rows) {
        if (table.ids.has(row.eventId ?? "")) continue;
        table.ids.add(row.eventId ?? "");
        table.log.push(row);
      }
      // What is stored is the row as it was logged first, whose stamp a replay does not have.
      const logged = rows.flatMap((row) => table.log.find((l) => l.eventId === row.eventId) ?? []);
      for (const join of joins.filter((j) => j.view.source.name === step.source)) await write(join, { batch: [], log: logged });
    },
    reopen: async () => {
      online = open();
    },
    read: async ({ atUs, views }) => {
      if (views === "windowed") return [];
      const spine = atUs.flatMap((us) => world.spine.rows.map((row) => ({ ...row, asOfNs: BigInt(us) * 1000n })));
      const plan: JoinPlan = {
        ...world.plan,
        knowledge: "event",
        views: joins.map((j) => withHandover(j, tableOf(j.view.source.name).handoverUs)),
      };
      const expected = oracle(plan, Object.fromEntries(tables), spine);
      const mismatches: string[] = [];
      for (const [row, { values, asOfNs }] of spine.entries()) {
        let column = 0;
        for (const join of joins) {
          const key = encodeEntityKey(
            join.keys.map((k) => k.type),
            join.keys.map((k) => values[k.spineColumn] ?? null),
          );
          const features = join.features.map((f) => f.feature.name);
          const [result] = await online.read([{ form: "row", view: onlineView(join), features, keys: [key] }]);
          const stored = result?.form === "row" ? result.rows[0] : null;
          const isVisible =
            stored !== null && stored !== undefined && (join.ttlUs === null || stored.eventTimeUs >= Number(asOfNs / 1000n) - join.ttlUs);
          for (const [i, { feature, output }] of join.features.entries()) {
            const served = isVisible ? (stored.values[i] ?? null) : null;
            const trained = expected[row]?.[column++]?.value ?? null;
            if (!equalValues(feature.type, trained, served))
              mismatches.push(`row ${row}, ${output}: trained ${String(trained)}, served ${String(served)}`);
          }
        }
      }
      return mismatches;
    },
  };
}

const emptyRow: SourceRow = { values: {}, eventNs: null, createdNs: null, eventId: null };

/** Sources without two sides have no handover. */
function withHandover(join: ViewJoin, handoverUs: number | null): ViewJoin {
  const { batch, log } = join.history;
  return { ...join, history: { ...join.history, handoverUs: batch !== null && log !== null ? handoverUs : null } };
}

function onlineView(join: ViewJoin): OnlineView {
  const schema = rowSchema(join.view.features);
  return { project: "parity", view: join.view.name, generation: 1, schema, schemas: new Map([[schema.fingerprint, schema]]) };
}

function onlineRow(join: ViewJoin, event: Event): OnlineRow[] {
  const key = encodeEntityKey(
    join.keys.map((k) => k.type),
    join.keys.map((k) => event.source[k.key] ?? null),
  );
  if (key === null) return [];
  const order = orderColumns(join.view.features);
  const orderKey = encodeOrderKey(
    order.map((c) => c.type),
    order.map((c) => event.values[c.name] ?? null),
  );
  const values = join.view.features.map((f) => event.values[f.name] ?? null);
  return [{ key, eventTimeUs: Math.max(event.eventUs, -(2 ** 52)), createdTimeUs: event.createdUs, orderKey, values }];
}
