/** A fitted model: standardization of each input, then weights. */
export interface LogisticModel {
  readonly means: readonly number[];
  readonly scales: readonly number[];
  /** One weight per input, then the intercept. */
  readonly weights: readonly number[];
}

/** Newton steps; the objective is convex and quadratic near its minimum, so that eight are plenty. */
const stepsMax = 12;

/**
 * Logistic regression with a ridge penalty, fitted by Newton's method (iteratively reweighted least squares; Hastie, Tibshirani,
 * Friedman: The Elements of Statistical Learning, 4.4.1). Inputs are standardized; null becomes the mean. Deterministic.
 */
export function fitLogistic(rows: readonly (readonly (number | null)[])[], labels: readonly boolean[], ridge = 1): LogisticModel {
  const width = rows[0]?.length ?? 0;
  const means = Array.from({ length: width }, (_, i) => mean(rows.flatMap((row) => row[i] ?? [])));
  const scales = means.map((m, i) => Math.sqrt(mean(rows.map((row) => ((row[i] ?? m) - m) ** 2))) || 1);
  const inputs = rows.map((row) => standardize({ means, scales }, row));
  let weights = new Array<number>(width + 1).fill(0);
  for (let step = 0; step < stepsMax; step++) {
    const { gradient, hessian } = derivatives(inputs, labels, weights, ridge);
    const change = solve(hessian, gradient);
    weights = weights.map((w, i) => w - (change[i] ?? 0));
    if (Math.max(...change.map(Math.abs)) < 1e-8) break;
  }
  return { means, scales, weights };
}

/** Probability of the positive class. */
export function predict(model: LogisticModel, row: readonly (number | null)[]): number {
  return sigmoid(dot(standardize(model, row), model.weights));
}

function standardize(model: Pick<LogisticModel, "means" | "scales">, row: readonly (number | null)[]): readonly number[] {
  return [...row.map((x, i) => (x === null ? 0 : (x - (model.means[i] ?? 0)) / (model.scales[i] ?? 1))), 1];
}

function derivatives(inputs: readonly (readonly number[])[], labels: readonly boolean[], weights: readonly number[], ridge: number) {
  const size = weights.length;
  // The intercept is not penalized.
  const gradient = weights.map((w, i) => (i === size - 1 ? 0 : ridge * w));
  const hessian = weights.map((_, i) => weights.map((_w, j) => (i === j ? (i === size - 1 ? 1e-9 : ridge) : 0)));
  for (const [n, x] of inputs.entries()) {
    const p = sigmoid(dot(x, weights));
    const error = p - (labels[n] === true ? 1 : 0);
    const curvature = p * (1 - p);
    for (let i = 0; i < size; i++) {
      const xi = x[i] ?? 0;
      gradient[i] = (gradient[i] ?? 0) + error * xi;
      const line = hessian[i] ?? [];
      for (let j = 0; j <= i; j++) line[j] = (line[j] ?? 0) + curvature * xi * (x[j] ?? 0);
    }
  }
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) (hessian[j] ?? [])[i] = hessian[i]?.[j] ?? 0;
  return { gradient, hessian };
}

/** Solves A x = b for a symmetric positive definite A, by Cholesky decomposition. */
function solve(a: readonly (readonly number[])[], b: readonly number[]): readonly number[] {
  const size = b.length;
  const l = a.map(() => new Array<number>(size).fill(0));
  const at = (i: number, j: number): number => l[i]?.[j] ?? 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i]?.[j] ?? 0;
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      (l[i] ?? [])[j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / at(j, j);
    }
  }
  const y: number[] = [];
  for (let i = 0; i < size; i++) y[i] = ((b[i] ?? 0) - y.reduce((s, v, k) => s + at(i, k) * v, 0)) / at(i, i);
  const x = new Array<number>(size).fill(0);
  for (let i = size - 1; i >= 0; i--) {
    let sum = y[i] ?? 0;
    for (let k = i + 1; k < size; k++) sum -= at(k, i) * (x[k] ?? 0);
    x[i] = sum / at(i, i);
  }
  return x;
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, x) => sum + x, 0) / values.length;
}
