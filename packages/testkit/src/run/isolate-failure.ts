import type { Case } from "../generate/case.ts";
import { joinCases } from "../generate/join-cases.ts";
import { findMinimal } from "../generate/shrink.ts";
import { askCase, askTogether, expectCase, hasFailed, printVerdict, type Verdict } from "./ask-case.ts";
import { corpusFolder, fileCase } from "./corpus.ts";
import type { OfflineEngine } from "./engine.ts";

const attemptsMax = 300;

/** Finds what of a failing retrieval fails by itself, shrinks it, files it in the corpus and tells about it. */
export async function isolateFailure(
  engine: OfflineEngine,
  seed: string,
  cases: readonly Case[],
  verdict: Verdict,
  folder = corpusFolder,
): Promise<string> {
  let asked = 0;
  const name = (): string => `isolate_${seed.replaceAll("/", "_")}_${asked++}`;
  const failsTogether = async (part: readonly Case[]): Promise<boolean> => failsAlike(verdict, await askTogether(engine, part, name()));
  const failing = await fewest(cases, suspectOf(cases, verdict), failsTogether);
  const [only] = failing;
  const first = only !== undefined && failing.length === 1 ? only : joinCases(failing);
  // The oracle's work on joined cases grows with their square; what takes very many rows is filed as it is.
  const fails = async (one: Case): Promise<boolean> =>
    "answers" in expectCase(one) && failsAlike(verdict, await askCase(engine, one, name()));
  const { minimal, attempts } = failing.length > 20 ? { minimal: first, attempts: 0 } : await findMinimal(first, fails, attemptsMax);
  const path = await fileCase(minimal, { title: "found by the generated run", seed }, folder);
  const last = printVerdict(await askCase(engine, minimal, name()));
  return `seed ${seed}, shrunk in ${asked + attempts} attempts and filed as ${path}:\n${last}\nat first:\n${printVerdict(verdict, 5)}`;
}

/** The case that the first wrong row belongs to. */
function suspectOf(cases: readonly Case[], { mismatches }: Verdict): Case | null {
  let rows = mismatches[0]?.row ?? Infinity;
  for (const one of cases) {
    if (rows < one.spine.rows.length) return one;
    rows -= one.spine.rows.length;
  }
  return null;
}

/** The suspect alone, else ever smaller parts of the list as long as one still fails. */
async function fewest(
  cases: readonly Case[],
  suspect: Case | null,
  fails: (part: readonly Case[]) => Promise<boolean>,
): Promise<readonly Case[]> {
  if (suspect !== null && (await fails([suspect]))) return [suspect];
  let failing = cases;
  for (let size = Math.ceil(failing.length / 2); failing.length > 1 && size >= 1; ) {
    const parts = Array.from({ length: Math.ceil(failing.length / size) }, (_, i) => failing.slice(i * size, (i + 1) * size));
    const rests = parts.map((part) => failing.filter((one) => !part.includes(one))).filter((rest) => rest.length > 0);
    const smaller = await firstThat(size > 1 || failing.length === 2 ? [...parts, ...rests] : rests, fails);
    if (smaller === null && size === 1) break;
    failing = smaller ?? failing;
    size = smaller === null ? Math.ceil(size / 2) : Math.min(size, Math.ceil(failing.length / 2));
  }
  return failing;
}

async function firstThat<T>(choices: readonly T[], holds: (choice: T) => Promise<boolean>): Promise<T | null> {
  for (const choice of choices) if (await holds(choice)) return choice;
  return null;
}

/** Wrong values stay wrong values and errors stay errors, so that shrinking does not wander off to another fault. */
function failsAlike(first: Verdict, next: Verdict): boolean {
  if (!hasFailed(next)) return false;
  const isError = (verdict: Verdict): boolean => verdict.values === 0;
  return isError(first) === isError(next);
}
