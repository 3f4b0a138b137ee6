import { compileWindowedView, type WindowProgram } from "../aggregate/window-program.ts";
import type { WindowedViewModel } from "../definition/model.ts";
import type { FeatureStatus } from "../definition/retrieval-types.ts";
import { AsofError } from "../error/error.ts";
import type { RequestPlan, StoredUse } from "../plan/request-plan.ts";
import type { KeyBytes, MaybePromise, OnlineReader, ReadRequest, ReadResult } from "../store/online.ts";
import { compileKeyEncoder } from "../value/key.ts";
import { compileNormalizer } from "../value/normalize.ts";
import type { Value } from "../value/type.ts";
import { OnlineAnswer } from "./online-answer.ts";
import { compileRequestViews } from "./request-views.ts";
import type { ServedRegistry, ServedView } from "./served.ts";

/** A request row: entity keys and request fields by name. */
export type EntityRow = Readonly<Record<string, unknown>>;

/** A request plan bound to one registry version: answers requests with one store round trip. */
export interface OnlineProgram {
  /** Reads at `tUs` (UTC µs). Throws ASOF_REQUEST_INVALID naming row and field before any read. */
  run(reader: OnlineReader, rows: readonly EntityRow[], tUs: number): MaybePromise<OnlineAnswer>;
}

/** Values and statuses of one stored use, row-major: position = row · features + feature. */
export interface UseAnswer {
  readonly width: number;
  readonly values: Value[];
  readonly statuses: FeatureStatus[];
  /** Per row: event time of the stored row or of the newest event folded; null where there is none. */
  readonly eventTimesUs: (number | null)[];
}

/** Compiles a plan against what is served. Throws ASOF_NOT_APPLIED where the registry does not serve what is asked. */
export function compileOnline(plan: RequestPlan, served: ServedRegistry): OnlineProgram {
  const uses = plan.stored.map((use) => compileUse(use, served));
  const runRequestViews = plan.computed.length === 0 ? null : compileRequestViews(plan);
  const parse = compileEntityRows(plan);

  function answer(
    rows: readonly EntityRow[],
    tUs: number,
    keys: readonly (KeyBytes | null)[][],
    results: readonly ReadResult[],
  ): OnlineAnswer {
    const stored = uses.map((use, i) => use.finish(results[i], keys[i] ?? [], tUs));
    const computed =
      runRequestViews === null
        ? []
        : rows.map((row, index) =>
            runRequestViews({
              row: index,
              t: tUs,
              stored: (use, feature) => stored[use]?.values[index * (stored[use]?.width ?? 0) + feature] ?? null,
              request: (field) => row[field],
            }),
          );
    return new OnlineAnswer(plan, rows.length, tUs, stored, computed);
  }

  return {
    run(reader, rows, tUs) {
      const columns = parse(rows);
      const keys = uses.map((use) => use.encodeKeys(columns, rows.length));
      const requests = uses.map((use, i) => use.request(keys[i] ?? []));
      const results = requests.length === 0 ? [] : reader.read(requests);
      return results instanceof Promise ? results.then((r) => answer(rows, tUs, keys, r)) : answer(rows, tUs, keys, results);
    },
  };
}

type KeyColumns = ReadonlyMap<string, readonly Value[]>;

/** Checks every row's fields and normalizes its keys: column → values in row order. */
function compileEntityRows(plan: RequestPlan): (rows: readonly EntityRow[]) => KeyColumns {
  const keys = plan.keyColumns.map(({ column, type }) => ({ column, normalize: compileNormalizer(type, true) }));
  const fields = plan.requestFields.filter((field) => !keys.some((key) => key.column === field.name));
  const expected = new Set([...keys.map((k) => k.column), ...fields.map((f) => f.name)]);
  return (rows) => {
    const columns = new Map<string, Value[]>(keys.map((key) => [key.column, new Array<Value>(rows.length)]));
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index] ?? {};
      for (const name in row) if (!expected.has(name)) refuseField(index, name, expected);
      for (const field of fields) if (row[field.name] === undefined && !field.nullable) refuseMissing(index, field.name, expected);
      for (const { column, normalize } of keys) {
        const value = row[column];
        if (value === undefined) refuseMissing(index, column, expected);
        const values = columns.get(column);
        if (values !== undefined) values[index] = normalize(value, `entities[${index}].${column}`);
      }
    }
    return columns;
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
    fix: `Remove it. Expected: ${[...expected].join(", ")}.`,
  });
}

interface CompiledUse {
  encodeKeys(columns: KeyColumns, rowCount: number): (KeyBytes | null)[];
  request(keys: readonly (KeyBytes | null)[]): ReadRequest;
  finish(result: ReadResult | undefined, keys: readonly (KeyBytes | null)[], tUs: number): UseAnswer;
}

function compileUse(use: StoredUse, served: ServedRegistry): CompiledUse {
  const view = served.views.get(use.view.name);
  if (view === undefined) {
    throw new AsofError("ASOF_NOT_APPLIED", `Feature view "${use.view.name}" is not in the registry of project "${served.project}".`, {
      path: use.view.name,
      fix: "Run `asof apply`.",
    });
  }
  // Features of the generation being built are not there yet; the served generation does not know them.
  const building = served.building.get(use.view.name)?.model.features ?? [];
  for (const feature of use.features) {
    if ([...view.model.features, ...building].some((f) => f.name === feature.name)) continue;
    throw new AsofError("ASOF_NOT_APPLIED", `Feature "${use.view.name}:${feature.name}" is defined but not applied.`, {
      path: `${use.view.name}:${feature.name}`,
      fix: "Run `asof apply`.",
    });
  }
  return view.model.form === "plain" ? compilePlainUse(use, view) : compileWindowedUse(use, view, view.model);
}

function compileKeys(use: StoredUse): CompiledUse["encodeKeys"] {
  const encode = compileKeyEncoder(use.keys.map((k) => k.type));
  return (columns, rowCount) => {
    const parts = use.keys.map((k) => columns.get(k.column) ?? []);
    const keys = new Array<KeyBytes | null>(rowCount);
    const [single] = parts;
    for (let row = 0; row < rowCount; row++) {
      keys[row] = parts.length === 1 && single !== undefined ? encode([single[row] ?? null]) : encode(parts.map((p) => p[row] ?? null));
    }
    return keys;
  };
}

function compilePlainUse(use: StoredUse, view: ServedView): CompiledUse {
  // A feature that the served definition lacks is not read, although rows may still hold a former one of its name. No name is empty.
  const known = new Set(view.model.features.map((f) => f.name));
  const features = use.features.map((f) => (known.has(f.name) ? f.name : ""));
  const width = features.length;
  const isStatic = use.view.source.eventTime === null;
  const ttlUs = use.ttlUs;
  return {
    encodeKeys: compileKeys(use),
    request: (keys) => ({ form: "row", view: view.online, features, keys }),
    finish(result, keys, tUs) {
      const rows = result?.form === "row" ? result.rows : [];
      const values = new Array<Value>(keys.length * width);
      const statuses = new Array<FeatureStatus>(keys.length * width);
      const eventTimesUs = new Array<number | null>(keys.length);
      let at = 0;
      for (let index = 0; index < keys.length; index++) {
        const row = rows[index] ?? null;
        eventTimesUs[index] = row === null || isStatic ? null : row.eventTimeUs;
        const missing = row === null ? "NOT_FOUND" : isStatic ? null : ageStatus(row.eventTimeUs, tUs, ttlUs);
        for (let f = 0; f < width; f++, at++) {
          const value = missing === null ? row?.values[f] : undefined;
          values[at] = value ?? null;
          statuses[at] = missing ?? (value === undefined ? "NOT_FOUND" : value === null ? "NULL_VALUE" : "PRESENT");
        }
      }
      return { width, values, statuses, eventTimesUs };
    },
  };
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
    encodeKeys: compileKeys(use),
    request: (keys) => ({ form: "state", view: view.online, keys }),
    finish(result, keys, tUs) {
      const states = result?.form === "state" ? result.states : [];
      const values = new Array<Value>(keys.length * width).fill(null);
      const statuses = new Array<FeatureStatus>(keys.length * width).fill("NOT_FOUND");
      const eventTimesUs = new Array<number | null>(keys.length).fill(null);
      for (let index = 0; index < keys.length; index++) {
        if (keys[index] === null) continue;
        const state = program.decodeState(states[index] ?? null);
        for (const group of groups) {
          const read = program.read(state, tUs, group.coverage, group.names);
          for (let i = 0; i < group.positions.length; i++) {
            const at = index * width + (group.positions[i] ?? 0);
            const value = read.values[i];
            values[at] = value ?? null;
            statuses[at] = windowStatus(value, read.incomplete[i] === true);
          }
          eventTimesUs[index] = latest(eventTimesUs[index] ?? null, read.eventTimeUs);
        }
      }
      return { width, values, statuses, eventTimesUs };
    },
  };
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

function windowStatus(value: Value | undefined, incomplete: boolean): FeatureStatus {
  if (value === undefined) return "NOT_FOUND";
  if (incomplete) return "INCOMPLETE";
  return value === null ? "NULL_VALUE" : "PRESENT";
}

function latest(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.max(a, b);
}
