import type { KillSwitch } from "./faulty-online-store.ts";
import { isIngest, type ParityCase, type ParityStep } from "./parity-case.ts";

type Step<K extends ParityStep["kind"]> = Extract<ParityStep, { readonly kind: K }>;

/** Carries out the steps of a schedule on real stores. Its online store is wrapped by `faultyOnlineStore` with the schedule's switch. */
export interface ParityDriver {
  arrive(step: Step<"arrive">): Promise<void>;
  materialize(step: Step<"materialize"> | Step<"materialize-incremental">): Promise<void>;
  push(step: Step<"push">): Promise<void>;
  /** Erases a key, or lifts its erasure. */
  erase(step: Step<"erase"> | Step<"lift">): Promise<void>;
  /** Closes and opens the online store, and whatever else a new process would open. */
  reopen(): Promise<void>;
  /** Compares online with training for every key of the world; returns what differs. */
  read(step: Step<"read">): Promise<readonly string[]>;
}

/** What differed, and how the process died. */
export interface ScheduleOutcome {
  /** Of the first read with differences. */
  readonly mismatches: readonly string[];
  readonly reads: number;
  readonly kills: number;
  readonly killsInFlight: number;
}

/** Runs a schedule up to its end or the first read that differs. A step that is killed is left as it is; the schedule repeats it. */
export async function runSchedule({ steps }: ParityCase, kills: KillSwitch, driver: ParityDriver): Promise<ScheduleOutcome> {
  let reads = 0;
  for (const [i, step] of steps.entries()) {
    if (step.kind === "read") {
      reads++;
      const mismatches = await driver.read(step);
      if (mismatches.length > 0) return outcome(mismatches.map((text) => `step ${i}: ${text}`));
    } else {
      await runStep(step, kills, driver);
    }
  }
  return outcome([]);

  function outcome(mismatches: readonly string[]): ScheduleOutcome {
    return { mismatches, reads, kills: kills.kills, killsInFlight: kills.killsInFlight };
  }
}

async function runStep(step: Exclude<ParityStep, Step<"read">>, kills: KillSwitch, driver: ParityDriver): Promise<void> {
  if (step.kind === "arrive") return driver.arrive(step);
  if (step.kind === "die") kills.killIdle();
  if (isIngest(step)) await ingest(step, kills, driver);
  if (!kills.isDead && step.kind !== "reopen") return;
  kills.revive();
  await driver.reopen();
}

/** Whatever a step throws after its process died is part of the death. */
async function ingest(
  step: Exclude<ParityStep, Step<"read" | "arrive" | "die" | "reopen">>,
  kills: KillSwitch,
  driver: ParityDriver,
): Promise<void> {
  kills.arm(step.kill);
  try {
    if (step.kind === "push") await driver.push(step);
    else if (step.kind === "erase" || step.kind === "lift") await driver.erase(step);
    else await driver.materialize(step);
  } catch (error) {
    if (!kills.isDead) throw error;
  }
  if (!kills.isDead) kills.arm(null);
}
