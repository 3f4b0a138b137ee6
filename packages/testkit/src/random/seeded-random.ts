import { assert, type Random } from "@asof/core";

/**
 * A random source that a seed decides entirely: the same seed gives the same numbers on every machine and Node version.
 * sfc32 (Chris Doty-Humphrey, PractRand), seeded by FNV-1a over the seed's text; not for secrets.
 */
export function seededRandom(seed: number | string): Random {
  let a = hashText(`a${seed}`);
  let b = hashText(`b${seed}`);
  let c = hashText(`c${seed}`);
  let counter = 1;
  const nextInt32 = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let round = 0; round < 15; round++) nextInt32();
  return {
    next: () => (nextInt32() * 2 ** 21 + (nextInt32() >>> 11)) / 2 ** 53,
    id: () => Array.from({ length: 4 }, () => nextInt32().toString(16).padStart(8, "0")).join(""),
  };
}

/** A whole number in [min, max], both included. */
export function int(random: Random, min: number, max: number): number {
  return min + Math.floor(random.next() * (max - min + 1));
}

/** True with the given probability. */
export function chance(random: Random, probability: number): boolean {
  return random.next() < probability;
}

/** One element, each equally likely. The list must not be empty. */
export function choose<T>(random: Random, list: readonly T[]): T {
  assert(list.length > 0, "choose needs a list with elements");
  return list[int(random, 0, list.length - 1)] as T;
}

/** One element, as likely as its weight. */
export function chooseWeighted<T>(random: Random, choices: readonly (readonly [weight: number, value: T])[]): T {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  let rest = random.next() * total;
  for (const [weight, value] of choices) {
    rest -= weight;
    if (rest < 0) return value;
  }
  const last = choices.at(-1);
  assert(last !== undefined, "chooseWeighted needs choices");
  return last[1];
}

/** A new list in random order (Fisher–Yates). */
export function shuffle<T>(random: Random, list: readonly T[]): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) {
    const j = int(random, 0, i);
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}

/** `count` different elements, or all where there are fewer, in random order. */
export function sample<T>(random: Random, list: readonly T[], count: number): T[] {
  return shuffle(random, list).slice(0, count);
}

/** As many values as asked for. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}
