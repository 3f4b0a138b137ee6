/** One measured case, as `--json` prints it. */
export interface CaseLine {
  readonly bench: string;
  readonly case: string;
  /** Of `ours` and `peer`: `s`, `ms`, `µs`, `MiB`, `rows/s`, `requests/s`. */
  readonly unit: string;
  readonly ours: number;
  /** What the peer took, or the limit that is set. Null where nothing is compared. */
  readonly peer: number | null;
  readonly peerName: string | null;
  /** How many times better than the peer; bigger is better, whatever the unit. */
  readonly ratio: number | null;
  /** The ratio that must be reached; null for what is measured for information. */
  readonly bar: number | null;
  /** Whether the bar is reached with the right answer; null without a bar. */
  readonly holds: boolean | null;
  /** Of the answer; the same in every order of rows. */
  readonly checksum: string;
  /** Null where the peer gives no answer to compare. */
  readonly peerChecksum: string | null;
}

/** A case with what was observed beside the numbers. */
export interface MeasuredCase {
  readonly line: CaseLine;
  /** For the results: spread, memory, why answers differ. */
  readonly observed: string;
}

export interface CaseInput {
  readonly bench: string;
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer?: { readonly name: string; readonly value: number; readonly checksum: string | null };
  readonly bar?: number;
  readonly checksum: string;
  readonly observed?: string;
  /** Set where the peer gives another answer by its own rules, which `observed` then tells. */
  readonly answersDiffer?: boolean;
}

const rates = ["rows/s", "requests/s"];

/** Puts a case together: the ratio by the unit's direction, and whether it holds. A wrong answer never holds. */
export function measuredCase(input: CaseInput): MeasuredCase {
  const { peer, unit, ours, checksum } = input;
  const bar = input.bar ?? null;
  const ratio = peer === undefined ? null : rates.includes(unit) ? ours / peer.value : peer.value / ours;
  const agrees = peer === undefined || peer.checksum === null || input.answersDiffer === true || peer.checksum === checksum;
  const line: CaseLine = {
    bench: input.bench,
    case: input.case,
    unit,
    ours: round(ours),
    peer: peer === undefined ? null : round(peer.value),
    peerName: peer?.name ?? null,
    ratio: ratio === null ? null : round(ratio),
    bar,
    holds: bar === null ? (agrees ? null : false) : agrees && ratio !== null && ratio >= bar,
    checksum,
    peerChecksum: peer?.checksum ?? null,
  };
  return { line, observed: `${input.observed ?? ""}${agrees ? "" : " THE ANSWERS DIFFER."}`.trim() };
}

/** Three significant digits, or whole numbers above: more would be noise. */
function round(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}
