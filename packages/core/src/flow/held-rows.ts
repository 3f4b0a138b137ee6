import type { PushSourceModel } from "../definition/model.ts";
import { AsofError } from "../error/error.ts";
import { updateState } from "../registry/update-state.ts";
import type { LogRow } from "../store/offline.ts";
import type { Json } from "../store/registry.ts";
import { type JsonCodec, jsonCodec } from "./log-row-json.ts";
import { eventTimeOf } from "./push.ts";
import type { Runtime } from "./runtime.ts";

/** Most rows held back per source: they live in the registry, and more than a few mean a wrong clock. */
const heldRowsMax = 1_000;

const keyOf = (runtime: Runtime, source: string) => ({ project: runtime.project, kind: "held_rows" as const, name: source });

/**
 * Keeps rows that are later than the clock until they are due (rule "Read time"). They are in the log already. An event that is held is not
 * held again; events of different keys are different ones, whatever their ids. `keys` are the names of the views' keys.
 */
export async function holdRows(runtime: Runtime, source: PushSourceModel, keys: readonly string[], rows: readonly LogRow[]): Promise<void> {
  const codec = jsonCodec(source);
  const identityOf = (row: LogRow): string => JSON.stringify([row.eventId, ...keys.map((key) => String(row.values[key] ?? null))]);
  await updateState(
    runtime.registry,
    keyOf(runtime, source.name),
    (spec) => {
      const held = codec.read(spec);
      const known = new Set(held.map(identityOf));
      const next = [...held, ...rows.filter((row) => !known.has(identityOf(row)))];
      if (next.length > heldRowsMax) {
        throw new AsofError(
          "ASOF_PUSH_INVALID",
          `Source "${source.name}" would hold back ${next.length} rows later than the clock; the limit is ${heldRowsMax}.`,
          {
            path: source.name,
            fix: "Check the clocks of the senders, or raise max_future_skew.",
          },
        );
      }
      return codec.write(next);
    },
    runtime.clock,
  );
}

/** The earliest time at which a held row is due, from the record's spec; null when none is held. */
export function earliestDueUs(spec: Json): number | null {
  const due = spec !== null && typeof spec === "object" && "dueUs" in spec ? spec.dueUs : null;
  return typeof due === "number" ? due : null;
}

/**
 * Writes rows that have become due and forgets them afterwards; a crash in between only writes them once more, which changes
 * nothing.
 */
export async function releaseHeldRows(
  runtime: Runtime,
  source: PushSourceModel,
  write: (rows: readonly LogRow[]) => Promise<unknown>,
): Promise<number> {
  const codec: JsonCodec = jsonCodec(source);
  const dueUs = runtime.clock.nowUs() + runtime.settings.maxFutureSkewUs;
  const [record] = await runtime.registry.read([keyOf(runtime, source.name)]);
  const due = codec.read(record?.spec ?? null).filter((row) => eventTimeOf(source, row) <= dueUs);
  if (due.length === 0) return 0;
  await write(due);
  const textOf = (row: LogRow): string => JSON.stringify(codec.write([row]));
  const done = new Set(due.map(textOf));
  await updateState(
    runtime.registry,
    keyOf(runtime, source.name),
    (spec) => codec.write(codec.read(spec).filter((row) => !done.has(textOf(row)))),
    runtime.clock,
  );
  return due.length;
}

type Screen = (rows: readonly LogRow[]) => { readonly rows: readonly LogRow[]; readonly erased: number };

/** How many rows held back `screen` changes. */
export async function countHeldRows(runtime: Runtime, source: PushSourceModel, screen: Screen): Promise<number> {
  const [record] = await runtime.registry.read([keyOf(runtime, source.name)]);
  return screen(jsonCodec(source).read(record?.spec ?? null)).erased;
}

/** Keeps what `screen` leaves of the rows held back; returns how many it changed. */
export async function rewriteHeldRows(runtime: Runtime, source: PushSourceModel, screen: Screen): Promise<number> {
  const codec = jsonCodec(source);
  let erased = 0;
  await updateState(
    runtime.registry,
    keyOf(runtime, source.name),
    (spec) => {
      const screened = screen(codec.read(spec));
      erased = screened.erased;
      return codec.write(screened.rows);
    },
    runtime.clock,
  );
  return erased;
}
