import { AsofError } from "../error/error.ts";
import { compileErasureId, decodeErasure, type Erasure, secretBytesMin, secretIdOf } from "../registry/erasure.ts";
import type { RegistrySnapshot } from "../store/registry.ts";
import type { Value } from "../value/type.ts";

/** Where the secret comes from with which erased keys are hashed. It is never in the registry. */
export interface ErasureSecret {
  /** Where it is looked for, for people. */
  readonly place: string;
  /** Null where there is none yet. */
  load(): Promise<Uint8Array | null>;
  /** Makes one where there is none, and returns the one that is there then. */
  create(): Promise<Uint8Array>;
}

/** Rows of an erased key with an event time before it do not count: `Infinity` while the erasure is not lifted. Null: not erased. */
export type ErasedUntil = number | null;

/** Judges keys with the names that it was made for, values in their order. */
export type KeyCheck = (values: readonly Value[]) => ErasedUntil;

/** Erasures of the same key names, ready to be asked. */
export interface ErasureGroup {
  readonly names: readonly string[];
  /** Values in the order of `names`. */
  readonly check: KeyCheck;
}

/** The registered erasures of one registry version with their secret. Made only where there are any. */
export interface Erasures {
  readonly groups: readonly ErasureGroup[];
  /** Changes whenever an erasure is added, lifted or renewed. */
  readonly signature: string;
  /** The check of keys with these names; null when no erasure concerns them. Of several that hold the farthest counts. */
  checkOf(names: readonly string[]): KeyCheck | null;
}

/** The erasures that a retrieval consults: the project's own, and by project those of the owners of views that it uses. */
export interface ErasuresByOwner {
  readonly erasures?: Erasures | null | undefined;
  readonly otherErasures?: ReadonlyMap<string, Erasures> | undefined;
}

/**
 * Those that concern a view: the project's own, and its owner's where that is another one. What the project erased was not removed from
 * the owner's stores, so there its erasures hold while they stand, and leave nothing behind when they are lifted.
 */
export function erasuresOfUse({ erasures, otherErasures }: ErasuresByOwner, owner: string | undefined): readonly Erasures[] {
  const own = erasures ?? null;
  if (owner === undefined) return own === null ? [] : [own];
  const others = otherErasures?.get(owner) ?? null;
  return [own === null ? null : whileStanding(own), others].filter((known) => known !== null);
}

function whileStanding(erasures: Erasures): Erasures {
  const standing =
    (check: KeyCheck): KeyCheck =>
    (values) => {
      const until = check(values);
      return until === Number.POSITIVE_INFINITY ? until : null;
    };
  return {
    signature: `standing ${erasures.signature}`,
    groups: erasures.groups.map(({ names, check }) => ({ names, check: standing(check) })),
    checkOf: (names) => {
      const check = erasures.checkOf(names);
      return check === null ? null : standing(check);
    },
  };
}

/** Of two answers the one that leaves out more. */
export function farther(a: ErasedUntil, b: ErasedUntil): ErasedUntil {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

/** Decodes the erasures of a snapshot. */
export function erasuresIn(snapshot: RegistrySnapshot): readonly Erasure[] {
  return snapshot.records.flatMap((record) => (record.kind === "erasure" ? [decodeErasure(record.name, record.spec)] : []));
}

/**
 * Makes the erasures ready to be asked; null where there are none, which costs nothing. ASOF_ERASURE_KEY when their secret is missing or
 * another one: going on without asking them could bring back what was erased.
 */
export async function openErasures(
  project: string,
  erasures: readonly Erasure[],
  source: ErasureSecret | undefined,
): Promise<Erasures | null> {
  if (erasures.length === 0) return null;
  return compileErasures(project, erasures, await requireSecret(erasures, source));
}

/** The secret of the erasures. */
export async function requireSecret(erasures: readonly Erasure[], source: ErasureSecret | undefined): Promise<Uint8Array> {
  const secret = (await source?.load()) ?? null;
  if (secret === null) {
    throw new AsofError(
      "ASOF_ERASURE_KEY",
      `${erasures.length} erased keys are registered, and there is no key for their hashes${source === undefined ? "" : ` in ${source.place}`}.`,
      {
        path: "erasure",
        fix: "Copy the key from the machine on which `asof delete` was run, or set erasure.key. Until then nothing is taken in or shown, because it could be what was erased.",
      },
    );
  }
  const id = secretIdOf(requireLength(secret, source));
  const foreign = erasures.filter((erasure) => erasure.secretId !== id);
  if (foreign.length === 0) return secret;
  throw new AsofError(
    "ASOF_ERASURE_KEY",
    `${foreign.length} of ${erasures.length} registered erasures were made with another key than the one in ${source?.place ?? "use"}.`,
    {
      path: "erasure",
      value: foreign.map((erasure) => erasure.secretId)[0],
      fix: "Use the key that the project had. If it is lost for good, `asof delete --forget-lost` gives these erasures up; then erase the same entities again.",
    },
  );
}

function requireLength(secret: Uint8Array, source: ErasureSecret | undefined): Uint8Array {
  if (secret.length >= secretBytesMin) return secret;
  throw new AsofError("ASOF_ERASURE_KEY", `The key in ${source?.place ?? "use"} has ${secret.length} bytes; it needs ${secretBytesMin}.`, {
    path: "erasure",
    fix: "Make one with `openssl rand -hex 32`.",
  });
}

function compileErasures(project: string, erasures: readonly Erasure[], secret: Uint8Array): Erasures {
  const byNames = new Map<string, { readonly names: readonly string[]; readonly until: Map<string, number> }>();
  for (const { id, keys, untilUs } of erasures) {
    const identity = JSON.stringify(keys);
    const group = byNames.get(identity) ?? { names: keys, until: new Map<string, number>() };
    group.until.set(id, untilUs ?? Number.POSITIVE_INFINITY);
    byNames.set(identity, group);
  }
  const groups = [...byNames.values()].map(({ names, until }): ErasureGroup => {
    const idOf = compileErasureId(secret, project, names);
    return { names, check: (values) => until.get(idOf(values) ?? "") ?? null };
  });
  return {
    groups,
    signature: erasures
      .map(({ id, untilUs }) => `${id} ${untilUs}`)
      .sort()
      .join("\n"),
    checkOf(names) {
      const own = groups.filter((group) => group.names.every((name) => names.includes(name)));
      if (own.length === 0) return null;
      const parts = own.map(({ names: wanted, check }) => ({ places: wanted.map((name) => names.indexOf(name)), check }));
      return (values) => {
        let until: ErasedUntil = null;
        for (const { places, check } of parts) {
          until = farther(until, check(places.map((place) => values[place] ?? null)));
        }
        return until;
      };
    },
  };
}

/** Whether a row with this event time does not count. A row of a static source (null) is erased only until the erasure is lifted. */
export function isErased(until: ErasedUntil, eventTimeUs: number | null): boolean {
  if (until === null) return false;
  return eventTimeUs === null ? until === Number.POSITIVE_INFINITY : eventTimeUs < until;
}
