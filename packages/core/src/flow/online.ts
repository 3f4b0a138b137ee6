import { eventIdParts } from "../aggregate/state-codec.ts";
import { compileWindowedView, type WindowProgram } from "../aggregate/window-program.ts";
import type { WindowedViewModel } from "../definition/model.ts";
import { didYouMean } from "../definition/read.ts";
import type { FeatureStatus } from "../definition/retrieval-types.ts";
import { AsofError } from "../error/error.ts";
import type { RequestPlan, StoredUse } from "../plan/request-plan.ts";
import { type KeyCodec, keyCodecOf, type StoreKeys } from "../store/key-codec.ts";
import type { KeyBytes, MaybePromise, OnlineReader, ReadRequest, ReadResult, StoredRow } from "../store/online.ts";
import { compileNormalizer } from "../value/normalize.ts";
import type { Normalizer } from "../value/normalize-nested.ts";
import type { Value } from "../value/type.ts";
import type { ErasuresByOwner } from "./erasures.ts";
import { OnlineAnswer } from "./online-answer.ts";
import { compileRequestViews } from "./request-views.ts";
import type { FeastCompatibility } from "./runtime.ts";
import { compileScreen, type KeyColumns } from "./screen-results.ts";
import type { ServedRegistry, ServedView } from "./served.ts";

/** A request row: entity keys and request fields by name. */
export type EntityRow = Readonly<Record<string, unknown>>;

/** A request plan bound to one registry version: answers requests with one store round trip. */
export interface OnlineProgram {
  /** Reads at `tUs` (UTC µs). Throws ASOF_REQUEST_INVALID naming row and field before any read. */
  run(reader: OnlineReader, rows: readonly EntityRow[], tUs: number): MaybePromise<OnlineAnswer>;
}

/** What was read of one stored use. Rows and features are counted from 0, features in the order of the use. */
export interface UseAnswer {
  /** The values of a row, absent ones undefined; null where the row has none: nothing stored, too old, or too new. */
  valuesOf(row: number): readonly (Value | undefined)[] | null;
  statusOf(row: number, feature: number): FeatureStatus;
  /** Event time of the stored row or of the newest event folded; null where there is none. */
  eventTimeOf(row: number): number | null;
  /** How many values are INCOMPLETE. */
  readonly incompleteCount: number;
}

/** Rows of erased keys are answered as those of keys that nobody ever heard of. Default: none is erased. */
export interface OnlineRules extends ErasuresByOwner {
  /** Under `strict` plain rows are answered as Feast 0.67 does: whatever their age, and PRESENT also where the stored value is null. */
  readonly compatibility?: FeastCompatibility;
}

/**
 * Compiles a plan against what is served by a store with these keys. Throws ASOF_NOT_APPLIED where the registry does not serve what is
 * asked.
 */
export function compileOnline(plan: RequestPlan, served: ServedRegistry, keys: StoreKeys, rules: OnlineRules = {}): OnlineProgram {
  const { compatibility = "corrected" } = rules;
  const uses = plan.stored.map((use) => compileUse(use, served, compatibility));
  const screen = compileScreen(plan, rules);
  const runRequestViews = plan.computed.length === 0 ? null : compileRequestViews(plan);
  const parse = compileEntityRows(plan);
  const encodeKeys = compileKeys(plan, keys);

  function answer(rows: readonly EntityRow[], tUs: number, keysOfUses: readonly RowKeys[], results: readonly ReadResult[]): OnlineAnswer {
    const stored = uses.map((use, i) => use.finish(results[i], keysOfUses[i] ?? [], tUs));
    const computed =
      runRequestViews === null
        ? []
        : rows.map((row, index) =>
            runRequestViews({
              row: index,
              t: tUs,
              stored: (use, feature) => stored[use]?.valuesOf(index)?.[feature] ?? null,
              request: (field) => row[field],
            }),
          );
    return new OnlineAnswer(plan, rows.length, tUs, stored, computed);
  }

  return {
    run(reader, rows, tUs) {
      const columns = parse(rows);
      const keysOfUses = encodeKeys(columns, rows.length);
      const requests = uses.map((use, i) => use.request(keysOfUses[i] ?? []));
      const finish = (read: readonly ReadResult[]): OnlineAnswer =>
        answer(rows, tUs, keysOfUses, screen === null ? read : screen(columns, rows.length, read));
      const results = requests.length === 0 ? [] : reader.read(requests);
      return results instanceof Promise ? results.then(finish) : finish(results);
    },
  };
}

/** The encoded key of each row, null where a part of it is. */
type RowKeys = readonly (KeyBytes | null)[];

/** Checks every row's fields and normalizes its keys. */
function compileEntityRows(plan: RequestPlan): (rows: readonly EntityRow[]) => KeyColumns {
  const keys = plan.keyColumns.map(({ column, type }) => ({ column, normalize: compileNormalizer(type, true) }));
  const fields = plan.requestFields.filter((field) => !keys.some((key) => key.column === field.name));
  const expected = new Set([...keys.map((k) => k.column), ...fields.map((f) => f.name)]);
  return (rows) => {
    const columns = keys.map(() => new Array<Value>(rows.length));
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index] ?? {};
      for (const name in row) if (!expected.has(name)) refuseField(index, name, expected);
      for (const field of fields) if (row[field.name] === undefined && !field.nullable) refuseMissing(index, field.name, expected);
      for (let k = 0; k < keys.length; k++) {
        const key = keys[k];
        const values = columns[k];
        if (key === undefined || values === undefined) continue;
        const value = row[key.column];
        if (value === undefined) refuseMissing(index, key.column, expected);
        values[index] = normalizeKey(key.normalize, value, index, key.column);
      }
    }
    return columns;
  };
}

/** The path is put together only for an error: it costs more than the work. */
function normalizeKey(normalize: Normalizer, value: unknown, row: number, column: string): Value {
  try {
    return normalize(value, column);
  } catch {
    return normalize(value, `entities[${row}].${column}`);
  }
}

/** Encodes the keys of every use; uses with the same key columns, as the views of one entity have, share the work and the bytes. */
function compileKeys(plan: RequestPlan, keys: StoreKeys): (columns: KeyColumns, rowCount: number) => readonly RowKeys[] {
  const encoders: ((columns: KeyColumns, rowCount: number) => RowKeys)[] = [];
  const known = new Map<string, number>();
  const encoderOf = plan.stored.map((use) => {
    const codec = keyCodecOf(keys, use.view);
    const identity = JSON.stringify([codec === keys.row, use.keys.map(({ key, column, type }) => [key, column, type])]);
    const at = known.get(identity) ?? encoders.push(compileKey(plan, use, codec)) - 1;
    known.set(identity, at);
    return at;
  });
  return (columns, rowCount) => {
    const encoded = encoders.map((encode) => encode(columns, rowCount));
    return encoderOf.map((at) => encoded[at] ?? []);
  };
}

function compileKey(plan: RequestPlan, use: StoredUse, codec: KeyCodec): (columns: KeyColumns, rowCount: number) => RowKeys {
  const encode = codec.encoder(use.keys.map(({ key, type }) => ({ name: key, type })));
  const places = use.keys.map((k) => plan.keyColumns.findIndex(({ column }) => column === k.column));
  // One array for all rows: the encoder copies what it needs.
  const parts: Value[] = places.map(() => null);
  return (columns, rowCount) => {
    const keys = new Array<KeyBytes | null>(rowCount);
    for (let row = 0; row < rowCount; row++) {
      for (let i = 0; i < places.length; i++) parts[i] = columns[places[i] ?? -1]?.[row] ?? null;
      keys[row] = encode(parts);
    }
    return keys;
  };
}

function refuseMissing(row: number, name: string, expected: ReadonlySet<string>): never {
  throw new AsofError("ASOF_REQUEST_INVALID", `Entity row ${row} lacks "${name}".`, {
    path: `entities[${row}].${name}`,
    fix: `Give each row: ${[...expected].join(", ")}; null where a key is not known.`,
  });
}

function refuseField(row: number, name: string, expected: ReadonlySet<string>): never {
  throw new AsofError("ASOF_REQUEST_INVALID", `Entity row ${row} has "${name}", which nothing asked for uses.`, {
    path: `entities[${row}].${name}`,
    value: name,
    fix: `${didYouMean(name, expected)}Fix or remove it. Expected: ${[...expected].join(", ")}.`,
  });
}

interface CompiledUse {
  request(keys: RowKeys): ReadRequest;
  finish(result: ReadResult | undefined, keys: RowKeys, tUs: number): UseAnswer;
}

function compileUse(use: StoredUse, served: ServedRegistry, compatibility: FeastCompatibility): CompiledUse {
  const { version, project } = use;
  const owner = project === undefined ? served : served.others?.get(project);
  const view = version === undefined ? owner?.views.get(use.view.name) : owner?.versions.get(use.view.name)?.get(version);
  if (view === undefined || owner === undefined) {
    throw new AsofError(
      "ASOF_NOT_APPLIED",
      `Feature view "${use.view.name}" is not in the registry of project "${project ?? served.project}".`,
      {
        path: use.view.name,
        fix: "Run `asof apply`.",
      },
    );
  }
  // Features that were added with a version which is not active yet are not there; the active one does not know them.
  const pending = version === undefined ? (owner.models.views.get(use.view.name)?.features ?? []) : [];
  for (const feature of use.features) {
    if ([...view.model.features, ...pending].some((f) => f.name === feature.name)) continue;
    throw new AsofError("ASOF_NOT_APPLIED", `Feature "${use.view.name}:${feature.name}" is defined but not applied.`, {
      path: `${use.view.name}:${feature.name}`,
      fix: "Run `asof apply`.",
    });
  }
  return view.model.form === "plain" ? compilePlainUse(use, view, compatibility === "strict") : compileWindowedUse(use, view, view.model);
}

function compilePlainUse(use: StoredUse, view: ServedView, isStrict: boolean): CompiledUse {
  // A feature that the served definition lacks is not read, although rows may still hold a former one of its name. No name is empty.
  const known = new Set(view.model.features.map((f) => f.name));
  const features = use.features.map((f) => (known.has(f.name) ? f.name : ""));
  const rule: RowRule = { isStatic: use.view.source.eventTime === null, isStrict, ttlUs: use.ttlUs, width: features.length };
  return {
    request: (keys) => ({ form: "row", view: view.online, features, keys }),
    finish: (result, _, tUs) => new PlainAnswer(result?.form === "row" ? result.rows : [], tUs, rule),
  };
}

/** How the rows of a plain use are judged. */
interface RowRule {
  /** Whether rows are as good at any time. */
  readonly isStatic: boolean;
  readonly isStrict: boolean;
  readonly ttlUs: number | null;
  /** Features read. */
  readonly width: number;
}

/** Refers to the rows as they were read: most callers want the values only, and those once. */
class PlainAnswer implements UseAnswer {
  readonly #rows: readonly (StoredRow | null)[];
  readonly #tUs: number;
  readonly #rule: RowRule;

  constructor(rows: readonly (StoredRow | null)[], tUs: number, rule: RowRule) {
    this.#rows = rows;
    this.#tUs = tUs;
    this.#rule = rule;
  }

  get incompleteCount(): number {
    let rows = 0;
    for (const row of this.#rows) if (row !== null && this.#hides(row) === "INCOMPLETE") rows++;
    return rows * this.#rule.width;
  }

  valuesOf(row: number): readonly (Value | undefined)[] | null {
    const stored = this.#rows[row] ?? null;
    return stored === null || this.#hides(stored) !== null ? null : stored.values;
  }

  statusOf(row: number, feature: number): FeatureStatus {
    const stored = this.#rows[row] ?? null;
    if (stored === null) return "NOT_FOUND";
    const hidden = this.#hides(stored);
    if (hidden !== null) return hidden;
    const status = valueStatus(stored.values[feature]);
    return this.#rule.isStrict && status === "NULL_VALUE" ? "PRESENT" : status;
  }

  eventTimeOf(row: number): number | null {
    return this.#rule.isStatic ? null : (this.#rows[row]?.eventTimeUs ?? null);
  }

  /** Why the values of a row are not shown; null where they are. */
  #hides({ eventTimeUs }: StoredRow): FeatureStatus | null {
    const { isStatic, isStrict, ttlUs } = this.#rule;
    return isStatic || isStrict ? null : ageStatus(eventTimeUs, this.#tUs, ttlUs);
  }
}

function valueStatus(value: Value | undefined): FeatureStatus {
  return value === undefined ? "NOT_FOUND" : value === null ? "NULL_VALUE" : "PRESENT";
}

/**
 * A stored row newer than t hides what was visible at t: the value is not known, never the newer one. The ttl window is closed
 * at both ends.
 */
function ageStatus(eventTimeUs: number, tUs: number, ttlUs: number | null): FeatureStatus | null {
  if (eventTimeUs > tUs) return "INCOMPLETE";
  return ttlUs !== null && eventTimeUs < tUs - ttlUs ? "OUTSIDE_MAX_AGE" : null;
}

function compileWindowedUse(use: StoredUse, view: ServedView, model: WindowedViewModel): CompiledUse {
  const program: WindowProgram = compileWindowedView(model, view.online);
  const width = use.features.length;
  const groups = groupByCoverage(use, view);
  return {
    request: (keys) => ({ form: "state", view: view.online, keys, without: eventIdParts }),
    finish(result, keys, tUs) {
      const states = result?.form === "state" ? result.states : [];
      const answer = new WindowedAnswer(keys.length);
      for (let index = 0; index < keys.length; index++) {
        if (keys[index] === null) continue;
        const state = program.decodeState(states[index] ?? null);
        const values = new Array<Value | undefined>(width).fill(undefined);
        const incomplete = new Array<boolean>(width).fill(false);
        let eventTimeUs: number | null = null;
        for (const group of groups) {
          const read = program.read(state, tUs, group.coverage, group.names);
          for (let i = 0; i < group.positions.length; i++) {
            const at = group.positions[i] ?? 0;
            values[at] = read.values[i];
            incomplete[at] = read.incomplete[i] === true;
          }
          eventTimeUs = latest(eventTimeUs, read.eventTimeUs);
        }
        answer.set(index, values, incomplete, eventTimeUs);
      }
      return answer;
    },
  };
}

class WindowedAnswer implements UseAnswer {
  incompleteCount = 0;
  readonly #values: ((Value | undefined)[] | null)[];
  readonly #incomplete: boolean[][];
  readonly #eventTimesUs: (number | null)[];

  constructor(rowCount: number) {
    this.#values = new Array(rowCount).fill(null);
    this.#incomplete = new Array(rowCount);
    this.#eventTimesUs = new Array(rowCount).fill(null);
  }

  set(row: number, values: (Value | undefined)[], incomplete: boolean[], eventTimeUs: number | null): void {
    this.#values[row] = values;
    this.#incomplete[row] = incomplete;
    this.#eventTimesUs[row] = eventTimeUs;
    for (let i = 0; i < values.length; i++) if (values[i] !== undefined && incomplete[i] === true) this.incompleteCount++;
  }

  valuesOf(row: number): readonly (Value | undefined)[] | null {
    return this.#values[row] ?? null;
  }

  statusOf(row: number, feature: number): FeatureStatus {
    const value = this.#values[row]?.[feature];
    return value !== undefined && this.#incomplete[row]?.[feature] === true ? "INCOMPLETE" : valueStatus(value);
  }

  eventTimeOf(row: number): number | null {
    return this.#eventTimesUs[row] ?? null;
  }
}

/** Features that were added at different times cover different spans; each span is read for itself. */
function groupByCoverage(use: StoredUse, view: ServedView) {
  const groups = new Map<number | null, { coverage: { fromUs: number | null }; names: string[]; positions: number[] }>();
  for (const [position, feature] of use.features.entries()) {
    const coverage = view.coverage.get(feature.name);
    if (coverage === undefined) continue;
    const group = groups.get(coverage.fromUs) ?? { coverage: { fromUs: coverage.fromUs }, names: [], positions: [] };
    group.names.push(feature.name);
    group.positions.push(position);
    groups.set(coverage.fromUs, group);
  }
  return [...groups.values()];
}

function latest(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.max(a, b);
}
