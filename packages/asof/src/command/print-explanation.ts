import { type FeatureModel, formatInstant, type Value, type ValueType, type WindowExplanation } from "@asof/core";
import { printCell } from "./print-value.ts";
import { printTable } from "./table.ts";

/** Lines of the online state behind a windowed value: its tiles, then the events that are still kept one by one. */
export function printExplanation(
  explanation: WindowExplanation,
  about: {
    readonly feature: FeatureModel;
    /** Type of the aggregate's argument; null for count. */
    readonly argument: ValueType | null;
    /** Rows of a table, the newest. */
    readonly rowsMax: number;
    /** Columns that a table may take. */
    readonly width: number;
  },
): string {
  const { feature, argument, rowsMax, width } = about;
  const parts: string[] = [];
  const { tiles, events } = explanation;
  if (tiles.length > 0) {
    const rows = newest(tiles, rowsMax).map((tile) => [
      tile.layer,
      formatInstant(tile.startUs),
      formatInstant(tile.endUs),
      formatInstant(tile.maxEventUs),
      printCell(feature.type, tile.value),
      tile.isCut ? "holds events at or after the asked time" : "",
    ]);
    parts.push(`${countOf(tiles, "tile", rowsMax)}\n${printTable(["LAYER", "FROM", "TO", "NEWEST EVENT", "VALUE", ""], rows, width)}`);
  }
  if (events.length > 0) {
    const rows = newest(events, rowsMax).map((event) => [
      event.layer,
      formatInstant(event.eventTimeUs),
      event.isTaken ? printArgument(argument, event.value) : "",
      event.isTaken ? "" : "the feature's `where` does not take it",
    ]);
    parts.push(
      `${countOf(events, "event", rowsMax)}, kept one by one\n${printTable(["LAYER", "EVENT TIME", "ARGUMENT", ""], rows, width)}`,
    );
  }
  if (parts.length === 0) parts.push("nothing inside the window");
  for (const reason of explanation.reasons) parts.push(reasons[reason]);
  return parts.join("\n\n");
}

function newest<T>(items: readonly T[], limit: number): readonly T[] {
  return limit === 0 ? [] : items.slice(-limit);
}

/** `1 tile`, or `76 tiles, the newest 20 shown` */
function countOf(items: readonly unknown[], noun: string, limit: number): string {
  const count = items.length === 1 ? `1 ${noun}` : `${items.length} ${noun}s`;
  return items.length > limit ? `${count}, the newest ${limit} shown` : count;
}

/** A count has no argument: an event counts as it is. */
function printArgument(type: ValueType | null, value: Value): string {
  return type === null ? "1" : printCell(type, value);
}

const reasons: Readonly<Record<WindowExplanation["reasons"][number], string>> = {
  coverage: "INCOMPLETE: the window reaches behind what was materialized. Materialize from an earlier start.",
  dropped: "INCOMPLETE: tiles that old have expired; the online store keeps what reads near the newest time need.",
  cut: "INCOMPLETE: a tile holds events on both sides of the asked time, so they cannot be told apart any more.",
  gap: "INCOMPLETE: the feature was added after that time. Materialize to fill it.",
};
