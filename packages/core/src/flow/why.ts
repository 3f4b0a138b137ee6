import { compileWindowedView, type WindowExplanation } from "../aggregate/window-program.ts";
import type { FeatureModel, PlainViewModel, ViewReference, WindowedViewModel } from "../definition/model.ts";
import { tailUs } from "../definition/window.ts";
import { parseVersion, printVersion } from "../registry/view-version.ts";
import { compileViewKey, keyPartsOf } from "../store/key-codec.ts";
import type { PullRequest, RunOptions } from "../store/offline.ts";
import { normalizeValue } from "../value/normalize.ts";
import { orderColumns } from "../value/order.ts";
import type { Value } from "../value/type.ts";
import { erasedKeyOf } from "./find-erased.ts";
import type { HistoricalContext } from "./historical.ts";
import { historyOf } from "./history.ts";
import { pulledColumn } from "./materialize-plain.ts";
import type { EntityRow } from "./online.ts";
import type { OnlineAnswer } from "./online-answer.ts";
import { compareParity, type ParityMismatch } from "./parity.ts";
import { featureOf, type RegistryView } from "./registry-view.ts";
import { servedVersion } from "./resolve-versions.ts";
import type { Runtime } from "./runtime.ts";
import type { ServedView } from "./served.ts";

/** Rows kept at most inside the boundaries, the newest of them. */
const insideMax = 200;
/** Rows kept on either side of the boundaries: enough to see that they were left out, and why. */
const outsideMax = 3;

export interface WhyRequest extends RunOptions {
  /** A view, for its active version, or `view@v1`. */
  readonly view: string;
  readonly feature: string;
  readonly entity: EntityRow;
  readonly atUs: number;
}

/** A source row or event near the value. */
export interface WhyRow {
  readonly eventTimeUs: number | null;
  readonly createdTimeUs: number | null;
  readonly values: Readonly<Record<string, Value>>;
  /** Whether it made the value: the visible row, or an event that was folded. */
  readonly used: boolean;
  /** Why not, where it did not. */
  readonly reason: string | null;
}

/** What made a value, on both sides. */
export interface WhyAnswer {
  readonly view: string;
  readonly feature: string;
  readonly entity: EntityRow;
  readonly atUs: number;
  /** Event times that count. Plain: `fromUs ≤ e ≤ toUs`. Windowed: `fromUs ≤ e < toUs`. Null = unbounded. */
  readonly boundaries: {
    readonly form: "as-of" | "window";
    readonly fromUs: number | null;
    readonly toUs: number;
    readonly hopUs: number | null;
    readonly windowUs: number | null;
  };
  /** In the row order: the newest inside the boundaries, and those next to them on either side. */
  readonly rows: readonly WhyRow[];
  /** Rows of the key in all, and how many of them are inside the boundaries. */
  readonly rowCount: number;
  readonly insideCount: number;
  readonly offline: Value;
  readonly online: { readonly value: Value; readonly status: string; readonly eventTimeUs: number | null };
  readonly verdict: "equal" | "different";
  /** Windowed views: tiles and separable events in the online store that make the value; null where nothing is stored. */
  readonly state: WindowExplanation | null;
}

/** Explains one value of one entity at one time: its rows, its boundaries, and both sides beside each other. */
export async function explainValue(
  runtime: Runtime,
  context: HistoricalContext,
  registry: RegistryView,
  request: WhyRequest,
  readOnline: (asked: readonly ViewReference[], entities: readonly EntityRow[], atUs: number) => Promise<OnlineAnswer>,
): Promise<WhyAnswer> {
  const served = servedVersion(registry, request.view);
  const view = served.model;
  const feature = featureOf(view, request.feature);
  const reference = referenceTo(request.view, served, feature);
  const { name } = reference;
  const answer = await readOnline([reference], [request.entity], request.atUs);
  const value = answer.rows[0]?.[name]?.[feature.name] ?? null;
  const { mismatch, offline } = await readOffline(context, reference, request, answer);
  const boundaries = boundariesOf(view, feature, request.atUs);
  const found = await readRows(runtime, context, view, request, boundaries);
  return {
    view: name,
    feature: feature.name,
    entity: request.entity,
    atUs: request.atUs,
    boundaries,
    ...found,
    offline,
    online: {
      value,
      status: answer.statuses[0]?.[name]?.[feature.name] ?? "NOT_FOUND",
      eventTimeUs: answer.eventTimes[0]?.[name] ?? null,
    },
    verdict: mismatch === null ? "equal" : "different",
    state: view.form === "windowed" ? await readState(runtime, context, served, feature, request) : null,
  };
}

function referenceTo(text: string, { model, version }: ServedView, feature: FeatureModel): ViewReference {
  const { view, version: asked } = parseVersion(text);
  const base = { view: model, features: [feature.name], keys: {}, maxAgeUs: null };
  return asked === null ? { ...base, name: view } : { ...base, name: printVersion(view, version), version };
}

async function readOffline(
  context: HistoricalContext,
  reference: ViewReference,
  request: WhyRequest,
  answer: OnlineAnswer,
): Promise<{ mismatch: ParityMismatch | null; offline: Value }> {
  let offline: Value = null;
  const report = await compareParity(
    context,
    {
      asked: [reference],
      entities: [request.entity],
      atUs: request.atUs,
      signal: request.signal,
      onOffline: (_row, values) => {
        offline = values[0] ?? null;
      },
    },
    async () => answer,
  );
  return { mismatch: report.mismatches[0] ?? null, offline };
}

function boundariesOf(view: PlainViewModel | WindowedViewModel, feature: FeatureModel, atUs: number): WhyAnswer["boundaries"] {
  if (view.form === "plain" || feature.kind !== "aggregate") {
    const ttlUs = view.form === "plain" ? view.ttlUs : null;
    return { form: "as-of", fromUs: ttlUs === null ? null : atUs - ttlUs, toUs: atUs, hopUs: null, windowUs: null };
  }
  const { windowUs, hopUs } = feature.aggregate;
  const fromUs = windowUs === null || hopUs === null ? null : tailUs(atUs, windowUs, hopUs);
  return { form: "window", fromUs, toUs: atUs, hopUs, windowUs };
}

async function readRows(
  runtime: Runtime,
  context: HistoricalContext,
  view: PlainViewModel | WindowedViewModel,
  request: WhyRequest,
  boundaries: WhyAnswer["boundaries"],
): Promise<Pick<WhyAnswer, "rows" | "rowCount" | "insideCount">> {
  const keys = view.entities.flatMap((e) => e.keys.map((k) => ({ name: k.name, type: k.type })));
  const columns = view.form === "plain" ? view.features.map(pulledColumn) : compileWindowedView(view).columns;
  const values = keys.map((k) => normalizeValue(k.type, true, request.entity[k.name] ?? null, k.name));
  const pull: PullRequest = {
    history: {
      ...historyOf(runtime.project, view.source, context.handoverOf(view.source.name)),
      erased: erasedKeyOf(context.erasures ?? null, keys, values),
    },
    keys,
    columns,
    mode: "all",
    order: orderColumns(columns).map((c) => c.name),
    fromUs: null,
    toUs: Number.MAX_SAFE_INTEGER,
    createdFromUs: null,
    tileUs: null,
    partition: null,
    onlyKey: values,
  };
  const neighbourhood = new Neighbourhood(boundaries);
  for await (const batch of runtime.offline.pull(pull, request)) {
    for (let row = 0; row < batch.rowCount; row++) {
      const at = (column: number): Value => batch.columns[keys.length + column]?.get(row) ?? null;
      const us = (value: Value): number | null => (value === null ? null : Number(value));
      const values = Object.fromEntries(columns.map((c, i) => [c.name, at(4 + i)]));
      neighbourhood.add({ eventTimeUs: us(at(0)), createdTimeUs: us(at(1)), values });
    }
  }
  return neighbourhood.finish();
}

type FoundRow = Omit<WhyRow, "used" | "reason">;

/** Keeps what lies around a value of the rows of one key, which come in the row order. */
class Neighbourhood {
  readonly #boundaries: WhyAnswer["boundaries"];
  readonly #before: WhyRow[] = [];
  readonly #inside: FoundRow[] = [];
  readonly #after: WhyRow[] = [];
  #rowCount = 0;
  #insideCount = 0;

  constructor(boundaries: WhyAnswer["boundaries"]) {
    this.#boundaries = boundaries;
  }

  add(row: FoundRow): void {
    this.#rowCount++;
    const place = placeOf(row.eventTimeUs, this.#boundaries);
    if (place === null) {
      this.#insideCount++;
      this.#inside.push(row);
      if (this.#inside.length > insideMax) this.#inside.shift();
    } else if (place.side === "before") {
      this.#before.push({ ...row, used: false, reason: place.reason });
      if (this.#before.length > outsideMax) this.#before.shift();
    } else if (this.#after.length < outsideMax) this.#after.push({ ...row, used: false, reason: place.reason });
  }

  /** A window folds all that is inside; as of t the last of them is visible. */
  finish(): Pick<WhyAnswer, "rows" | "rowCount" | "insideCount"> {
    const isWindow = this.#boundaries.form === "window";
    const last = this.#inside.length - 1;
    const inside = this.#inside.map((row, i): WhyRow => {
      const used = isWindow || i === last;
      return { ...row, used, reason: used ? null : "an earlier row than the visible one" };
    });
    return { rows: [...this.#before, ...inside, ...this.#after], rowCount: this.#rowCount, insideCount: this.#insideCount };
  }
}

/** On which side of the boundaries a row lies, and why it does not count; null inside. */
function placeOf(
  eventTimeUs: number | null,
  { form, fromUs, toUs }: WhyAnswer["boundaries"],
): { readonly side: "before" | "after"; readonly reason: string } | null {
  if (eventTimeUs === null) return form === "as-of" ? null : { side: "before", reason: "has no event time" };
  if (eventTimeUs > toUs) return { side: "after", reason: "later than the asked time" };
  if (form === "window" && eventTimeUs === toUs) return { side: "after", reason: "exactly at the asked time, which a window excludes" };
  if (fromUs === null || eventTimeUs >= fromUs) return null;
  return { side: "before", reason: form === "window" ? "before the window's tail" : "older than the ttl" };
}

async function readState(
  runtime: Runtime,
  context: HistoricalContext,
  served: ServedView,
  feature: FeatureModel,
  request: WhyRequest,
): Promise<WindowExplanation | null> {
  if (served.model.form !== "windowed") return null;
  const parts = keyPartsOf(served.model);
  const values = parts.map((k) => normalizeValue(k.type, true, request.entity[k.name] ?? null, k.name));
  const until = context.erasures?.checkOf(parts.map((k) => k.name))?.(values) ?? null;
  if (until === Number.POSITIVE_INFINITY) return null;
  const key = compileViewKey(runtime.online.keys, served.model)(values);
  const [result] = await runtime.online.read([{ form: "state", view: served.online, keys: [key] }]);
  const stored = result?.form === "state" ? (result.states[0] ?? null) : null;
  if (stored === null) return null;
  const program = compileWindowedView(served.model, served.online);
  return program.explain(program.decodeState(stored), request.atUs, feature.name, served.coverage.get(feature.name));
}
