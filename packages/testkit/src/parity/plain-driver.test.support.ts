import {
  encodeEntityKey,
  encodeOrderKey,
  equalValues,
  type OnlineRow,
  type OnlineStore,
  type OnlineView,
  orderColumns,
  rowSchema,
  type Value,
  type ViewJoin,
} from "@asof/core";
import type { Event, SourceRow, SourceTable, SpineRow } from "../oracle/data.ts";
import { historyOf } from "../oracle/history.ts";
import { oracle } from "../oracle/oracle.ts";
import { designRules } from "../oracle/rules.ts";
import type { ParityCase } from "./parity-case.ts";
import { eventUsOf } from "./promised-reads.ts";
import type { ParityDriver } from "./run-schedule.ts";

/** Rows of one online write: few, so that kills meet several writes. */
const rowsPerWrite = 2;

interface Table {
  readonly batch: SourceRow[];
  readonly log: SourceRow[];
  handoverUs: number | null;
}

/**
 * The least that could obey the parity law for plain views: rows go to an online store as they come, training is the oracle. `open`
 * opens the store anew, over what is stored.
 */
export class PlainDriver implements ParityDriver {
  readonly #world: ParityCase["world"];
  readonly #joins: readonly ViewJoin[];
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #open: () => OnlineStore;
  #online: OnlineStore;

  constructor({ world }: ParityCase, open: () => OnlineStore) {
    this.#world = world;
    this.#joins = world.plan.views.filter((v) => v.view.form === "plain");
    this.#tables = new Map(this.#joins.map((j): [string, Table] => [j.view.source.name, { batch: [], log: [], handoverUs: null }]));
    this.#open = open;
    this.#online = open();
  }

  async arrive({ source, rows }: { readonly source: string; readonly rows: readonly number[] }): Promise<void> {
    for (const row of rows) this.#tables.get(source)?.batch.push(this.#world.tables[source]?.batch[row] ?? emptyRow);
  }

  async materialize(step: Parameters<ParityDriver["materialize"]>[0]): Promise<void> {
    const fromUs = step.kind === "materialize" ? step.startUs : null;
    for (const table of this.#tables.values()) table.handoverUs ??= step.endUs + 1;
    const isInside = (row: SourceRow): boolean => {
      const eventUs = eventUsOf(row);
      return eventUs === null || (eventUs <= step.endUs && (fromUs === null || eventUs >= fromUs));
    };
    for (const join of this.#joins) {
      const { batch, log } = this.#tableOf(join);
      await this.#write(join, { batch: batch.filter(isInside), log: log.filter(isInside) });
    }
  }

  /** Writes each row as it was logged first: a replay has another stamp. */
  async push(step: Parameters<ParityDriver["push"]>[0]): Promise<void> {
    const joins = this.#joins.filter((j) => j.view.source.name === step.source);
    const [first] = joins;
    if (first === undefined) return;
    const { source } = first.view;
    const { log } = this.#tableOf(first);
    const logged = step.rows.map((index, i) => {
      const row = this.#world.tables[step.source]?.log[index] ?? emptyRow;
      const eventId = source.eventId === null ? `${step.idempotencyKey}:${i}` : row.eventId;
      const stamp = source.createdTime === null ? BigInt(step.clockUs) * 1000n : row.createdNs;
      const known = log.find((l) => l.eventId === eventId);
      if (known === undefined) log.push({ ...row, eventId, createdNs: stamp });
      return known ?? { ...row, eventId, createdNs: stamp };
    });
    for (const join of joins) await this.#write(join, { batch: [], log: logged });
  }

  async erase(): Promise<void> {
    throw new Error("these schedules erase nothing");
  }

  async reopen(): Promise<void> {
    this.#online = this.#open();
  }

  async read({ atUs, views }: Parameters<ParityDriver["read"]>[0]): Promise<readonly string[]> {
    if (views === "windowed") return [];
    const spine = atUs.flatMap((us) => this.#world.spine.rows.map((row) => ({ ...row, asOfNs: BigInt(us) * 1000n })));
    const joins = this.#joins.map((j) => withHandover(j, this.#tableOf(j).handoverUs));
    const trained = oracle({ ...this.#world.plan, knowledge: "event", views: joins }, Object.fromEntries(this.#tables), spine);
    const mismatches: string[] = [];
    for (const [i, row] of spine.entries()) {
      const served = (await Promise.all(joins.map((join) => this.#serve(join, row)))).flat();
      const features = joins.flatMap((j) => j.features);
      for (const [k, { feature, output }] of features.entries()) {
        const [a, b] = [trained[i]?.[k]?.value ?? null, served[k] ?? null];
        if (!equalValues(feature.type, a, b)) mismatches.push(`row ${i}, ${output}: trained ${String(a)}, served ${String(b)}`);
      }
    }
    return mismatches;
  }

  #tableOf(join: ViewJoin): Table {
    return this.#tables.get(join.view.source.name) ?? { batch: [], log: [], handoverUs: null };
  }

  async #write(join: ViewJoin, table: SourceTable): Promise<void> {
    const events = historyOf(withHandover(join, this.#tableOf(join).handoverUs), table, designRules);
    const rows = events.flatMap((e) => onlineRow(join, e));
    for (let at = 0; at < rows.length; at += rowsPerWrite) await this.#online.putRows(onlineView(join), rows.slice(at, at + rowsPerWrite));
  }

  /** The features of one view for one spine row, aged by its ttl. */
  async #serve(join: ViewJoin, { values, asOfNs }: SpineRow): Promise<readonly Value[]> {
    const key = encodeEntityKey(
      join.keys.map((k) => k.type),
      join.keys.map((k) => values[k.spineColumn] ?? null),
    );
    const features = join.features.map((f) => f.feature.name);
    const [result] = await this.#online.read([{ form: "row", view: onlineView(join), features, keys: [key] }]);
    const stored = (result?.form === "row" ? result.rows[0] : null) ?? null;
    const isVisible = stored !== null && (join.ttlUs === null || stored.eventTimeUs >= Number(asOfNs / 1000n) - join.ttlUs);
    return features.map((_, i) => (isVisible ? (stored.values[i] ?? null) : null));
  }
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
