import assert from "node:assert/strict";
import {
  AsofError,
  compileOnline,
  eventTimeOf,
  type InstantLiteral,
  keyColumns,
  type LogRow,
  newViewState,
  onlineViewOf,
  openMemoryOnlineStore,
  type PlainViewModel,
  parseInstant,
  parsePushedRows,
  planRequest,
  referenceOf,
  rowSchemaOf,
  type ServedRegistry,
  type ServedView,
  type SourceModel,
  type Value,
  type View,
  type ViewReference,
  validateUses,
  type WindowedViewModel,
  writeRowsOnline,
} from "@asof/core";
import { throwIssues } from "../store/session.ts";
import type { TestRow } from "./source-rows.ts";

type Row = TestRow;

/** Features of a view at one instant, computed from rows of its source. `Entity` = entity keys, and request fields of a request view. */
export interface FeaturesAt<Entity, Values> {
  /** The features of one entity. */
  of(entity: Entity): Promise<Values>;
  /** Asserts the named features of each entity; those not named are not looked at. Floats compare exactly. */
  toEqual(expected: readonly (Entity & { readonly [F in keyof Values]?: Values[F] })[]): Promise<void>;
}

/**
 * Computes the features of a view from rows of its source, in process and without files: for unit tests. Columns that a row
 * leaves out are null. For a request view, rows are those of the one source behind its inputs.
 *
 * @example await expectFeatures(basketActivity, [{ customer_id: 1, event_timestamp: "2017-05-01T10:00Z", spend: 12 }])
 *   .at("2017-05-02").toEqual([{ customer_id: 1, spend_30d: 12 }]);
 */
export function expectFeatures<Name extends string, Keys, Values, Request>(
  view: View<Name, Keys, Values, Request>,
  rows: readonly Row[],
): { at(t: InstantLiteral): FeaturesAt<Keys & Request, Values> } {
  // Definitions are not applied here: what is wrong with them would show as a feature that is missing.
  throwIssues(validateUses([view]));
  const reference = referenceOf(view);
  return {
    at: (t) => {
      const tUs = parseInstant(t);
      const of = async (entity: Keys & Request): Promise<Values> => {
        const answer = await computeAt(reference, rows, entity as Row, tUs);
        // The answer's shape is what the view's type says: both are made from the same definition.
        return answer as Values;
      };
      return { of, toEqual: (expected) => assertAll(reference, expected as readonly Row[], (row) => computeAt(reference, rows, row, tUs)) };
    },
  };
}

async function assertAll(reference: ViewReference, expected: readonly Row[], read: (entity: Row) => Promise<Row>): Promise<void> {
  const features = new Set(reference.view.features.map((f) => f.name));
  assert.ok(expected.length > 0, "an expectation needs at least one entity");
  for (const row of expected) {
    const named = Object.keys(row).filter((name) => features.has(name));
    // Names that are neither feature nor field are refused by the read.
    const entity = Object.fromEntries(Object.entries(row).filter(([name]) => !features.has(name)));
    const actual = await read(entity);
    assert.ok(named.length > 0, `the expectation for ${JSON.stringify(entity)} names no feature of ${reference.view.name}`);
    assert.deepEqual(pick(actual, named), pick(row, named), `features of ${reference.view.name} for ${JSON.stringify(entity)}`);
  }
}

function pick(row: Row, names: readonly string[]): Row {
  return Object.fromEntries(names.map((name) => [name, row[name]]));
}

async function computeAt(
  reference: ViewReference,
  rows: readonly Row[],
  entity: Row,
  tUs: number,
): Promise<Readonly<Record<string, Value>>> {
  const plan = planRequest([reference]);
  const views = new Map<string, ServedView>();
  await using online = openMemoryOnlineStore();
  for (const use of plan.stored) {
    const served = serve(use.view);
    views.set(use.view.name, served);
    const { source } = use.view;
    const logged = parseRows(source, served, rows, tUs);
    await writeRowsOnline(online, served, source, logged, null);
  }
  const served = { version: 1, project: "test", views, versions: new Map(), models: noModels };
  const program = compileOnline(plan, served, online.keys);
  const answer = await program.run(online, [entity], tUs);
  return answer.rows[0]?.[reference.name] ?? {};
}

const noModels: ServedRegistry["models"] = {
  entities: new Map(),
  sources: new Map(),
  views: new Map(),
  services: new Map(),
  labels: new Map(),
};

/** A view as if it had been applied and covered from the beginning. */
function serve(model: PlainViewModel | WindowedViewModel): ServedView {
  const state = newViewState(rowSchemaOf(model));
  return {
    version: 0,
    model,
    online: onlineViewOf("test", model, state, state.activeGeneration),
    coverage: new Map(model.features.map((f) => [f.name, { fromUs: null, toUs: Number.MAX_SAFE_INTEGER }])),
  };
}

/** Rows of the source up to t: later ones are not history yet. */
function parseRows(source: SourceModel, served: ServedView, rows: readonly Row[], tUs: number): readonly LogRow[] {
  const names = new Set([...keyColumns([served]).map((k) => k.name), ...source.columns.map((c) => c.name)]);
  for (const name of [source.eventTime, source.createdTime, source.eventId]) if (name !== null) names.add(name);
  const whole = rows.map((row, index) => {
    const filled: Record<string, unknown> = Object.fromEntries([...names].map((name) => [name, null]));
    // An event id that is no declared column is text and required.
    if (source.eventId !== null && !source.columns.some((c) => c.name === source.eventId)) filled[source.eventId] = `row ${index}`;
    return { ...filled, ...row };
  });
  try {
    const stamp = { nowUs: tUs, idempotencyKey: "test", origin: "push" };
    return parsePushedRows(source, keyColumns([served]), whole, stamp).filter((row) => eventTimeOf(source, row) <= tUs);
  } catch (error) {
    if (error instanceof AsofError) assert.fail(error.message);
    throw error;
  }
}
