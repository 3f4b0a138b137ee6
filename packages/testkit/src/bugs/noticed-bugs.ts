import { designRules, type Rules } from "../oracle/rules.ts";
import type { PlantedBug } from "./planted-bugs.ts";

/**
 * The design's rules, which also note the bugs whose replacement ever answered otherwise. A bug that is not noted while the oracle
 * answers a case cannot change its answer, because everything it would have been asked it would have answered alike: most bugs need
 * not be run on most cases.
 */
export function noticingRules(bugs: readonly PlantedBug[]): { readonly rules: Rules; readonly noticed: ReadonlySet<PlantedBug> } {
  const noticed = new Set<PlantedBug>();
  const watched = new Map(Object.entries(designRules).map(([name, rule]) => [name, watch(name, rule)]));
  // The proxy has the type of its target, and every rule in it the signature of the one it stands for.
  return { rules: new Proxy(designRules, { get: (_target, name) => watched.get(String(name)) }), noticed };

  function watch(name: string, rule: (...question: never[]) => unknown): (...question: never[]) => unknown {
    const replacements = bugs.flatMap((bug) => {
      const replacement: unknown = Reflect.get(bug.replaces, name);
      return typeof replacement === "function" ? [{ bug, replacement }] : [];
    });
    if (replacements.length === 0) return rule;
    return (...question) => {
      const answer = rule(...question);
      for (const { bug, replacement } of replacements) {
        if (!noticed.has(bug) && !isAlike(answer, askOr(replacement, question))) noticed.add(bug);
      }
      return answer;
    };
  }
}

/** A replacement may fail on a question: that is another answer. */
function askOr(replacement: CallableFunction, question: readonly unknown[]): unknown {
  try {
    return Reflect.apply(replacement, undefined, question);
  } catch (error) {
    return error;
  }
}

/** The same value, or a list of the same values. */
function isAlike(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((x, i) => Object.is(x, b[i]));
}
