import type { SourceModel } from "../definition/model.ts";
import type { History } from "../point-in-time/join-plan.ts";

/** Rule "History": which rows of a source count, given its handover, which means nothing without a batch side. */
export function historyOf(project: string, source: SourceModel, handoverUs: number | null): History {
  if (source.type !== "push") return { batch: source, log: null, handoverUs: null };
  return { batch: source.batch, log: { project, source }, handoverUs: source.batch === null ? null : handoverUs };
}
