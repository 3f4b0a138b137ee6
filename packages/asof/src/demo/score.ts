/** How well probabilities rank and how honest they are. */
export interface Score {
  /** Area under the ROC curve: the chance that a positive is ranked above a negative. */
  readonly auc: number;
  /** Mean squared difference between probability and outcome (Brier score); lower is better. */
  readonly brier: number;
  /** Tenths of the rows by probability: mean probability and share of positives. Equal in a calibrated model. */
  readonly calibration: readonly { readonly predicted: number; readonly actual: number; readonly rows: number }[];
}

/** Scores probabilities against outcomes. Ties in rank count half (Mann–Whitney U). */
export function score(probabilities: readonly number[], outcomes: readonly boolean[]): Score {
  const order = probabilities.map((p, i) => ({ p, y: outcomes[i] === true ? 1 : 0 })).sort((a, b) => a.p - b.p);
  const positives = order.reduce((n, { y }) => n + y, 0);
  const negatives = order.length - positives;
  let rankSum = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && order[to]?.p === order[from]?.p) to++;
    const rank = (from + 1 + to) / 2;
    for (let i = from; i < to; i++) rankSum += rank * (order[i]?.y ?? 0);
    from = to;
  }
  const auc = positives === 0 || negatives === 0 ? Number.NaN : (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
  const brier = order.reduce((sum, { p, y }) => sum + (p - y) ** 2, 0) / order.length;
  const calibration = Array.from({ length: 10 }, (_, tenth) => {
    const part = order.slice(Math.floor((tenth * order.length) / 10), Math.floor(((tenth + 1) * order.length) / 10));
    const rows = part.length;
    return { predicted: part.reduce((s, { p }) => s + p, 0) / rows, actual: part.reduce((s, { y }) => s + y, 0) / rows, rows };
  });
  return { auc, brier, calibration };
}
