import { designLabelRules, type LabelRules } from "../oracle/labels.ts";
import { designRules } from "../oracle/rules.ts";

/** A mistake that a retrieval with labels could make. */
export interface LabelBug {
  readonly name: string;
  readonly rule: string;
  readonly replaces: LabelRules;
}

const happened = designRules.happened;

/** The bugs that the run of labels must catch. */
export const labelBugs: readonly LabelBug[] = [
  bug("no delay", "a label is final after its delay", { finalAt: (t) => t }),
  bug("delay a microsecond short", "a row at exactly t + delay counts", { finalAt: (t, delayUs) => t + delayUs - 1 }),
  bug("delay a microsecond long", "a row after t + delay does not count", { finalAt: (t, delayUs) => t + delayUs + 1 }),
  bug("never immature", "a label that is not final yet is null", { isMature: () => true }),
  bug("mature before the end only", "a label that is final at the known end is told", { isMature: (finalUs, endUs) => finalUs < endUs }),
  bug("known by event times alone", "a created time tells how far a source is known", { knownBy: (event) => event.eventUs }),
  bug("corrections count", "what was learned after the label was final does not count", {
    counts: (e, finalUs) => happened(e.eventUs, finalUs),
  }),
  bug("known by t", "what was learned until the label was final counts", {
    counts: (e, finalUs, t) => happened(e.eventUs, finalUs) && designRules.isKnown(e.createdUs, t),
  }),
  bug("last label ever", "rows after t + delay do not count", {
    counts: (e, finalUs) => designRules.isKnown(e.createdUs, finalUs),
    finalAt: (t, d) => t + d * 50,
  }),
  bug("row at t is after it", "a label's row at t is counted as not after it", { isNotAfter: (eventUs, t) => eventUs < t }),
];

function bug(name: string, rule: string, replaces: Partial<LabelRules>): LabelBug {
  return { name, rule, replaces: { ...designLabelRules, ...replaces } };
}
