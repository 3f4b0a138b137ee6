import type { Measured } from "./run-worker.ts";

/** One side of a comparison. */
export interface Contestant {
  readonly name: string;
  run(): Promise<Measured>;
}

/** What the rounds of one contestant gave. */
export interface Outcome {
  readonly seconds: number;
  /** The median over the rounds. */
  readonly peakMiB: number;
  readonly runs: readonly Measured[];
  /** `1.21 s (1.19–1.40)`: the median and the extremes. */
  readonly spread: string;
}

/**
 * Runs all contestants in each round, every second round in the opposite order, so that a busy machine disturbs all alike. Gives
 * the medians, by name.
 */
export async function runContest(
  contestants: readonly Contestant[],
  rounds: number,
  say: (text: string) => void,
): Promise<ReadonlyMap<string, Outcome>> {
  const runs = new Map<string, Measured[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      const measured = await contestant.run();
      runs.get(contestant.name)?.push(measured);
      say(`  ${contestant.name}: ${describe(measured)}`);
    }
  }
  return new Map([...runs].map(([name, list]) => [name, outcomeOf(list)]));
}

/** The spread of the times and what the processors worked for each run. */
export function describeRuns({ spread, runs }: Outcome): string {
  const cpu = runs.flatMap((run) => (run.reply.cpuSeconds === undefined ? [] : [Number(run.reply.cpuSeconds).toFixed(1)]));
  return cpu.length === 0 ? spread : `${spread}, processor ${cpu.join(", ")} s`;
}

/** The outcome of a contestant that took part. */
export function outcomeFor(outcomes: ReadonlyMap<string, Outcome>, name: string): Outcome {
  const outcome = outcomes.get(name);
  if (outcome === undefined) throw new Error(`"${name}" did not take part.`);
  return outcome;
}

function outcomeOf(runs: readonly Measured[]): Outcome {
  const seconds = runs.map((run) => run.seconds);
  const middle = median(seconds);
  return {
    seconds: middle,
    peakMiB: median(runs.map((run) => run.peakMiB)),
    runs,
    spread: `${show(middle)} (${show(Math.min(...seconds))}–${show(Math.max(...seconds))})`,
  };
}

function describe({ seconds, peakMiB }: Measured): string {
  return `${show(seconds)}, peak ${Math.round(peakMiB)} MiB`;
}

function show(seconds: number): string {
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  return seconds >= 0.001 ? `${(seconds * 1e3).toFixed(1)} ms` : `${(seconds * 1e6).toFixed(2)} µs`;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}
