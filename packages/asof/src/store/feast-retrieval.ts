import {
  AsofError,
  type EchoedColumn,
  type EntityColumns,
  type EntityRow,
  type FeastAnswer,
  planRequest,
  type RequestPlan,
  readEntitiesAsFeast,
  refuseServiceCollisions,
  registeredService,
  resolveAsFeast,
  type ServiceModel,
  serviceNotFound,
  shapeAsFeast,
  type Value,
  type ViewModel,
  versionsNotServed,
} from "@asof/core";
import type { Asked, Session } from "./session.ts";

/** An online request in the shape of Feast's SDK: names, and entities column by column. */
export interface FeastRequest {
  /** `view:feature` texts. Either these or a service. */
  readonly features?: readonly string[] | undefined;
  /** Name of a feature service. */
  readonly service?: string | undefined;
  /** Values of join keys and request fields, column by column. */
  readonly entities: EntityColumns;
  /** Columns named `view__feature` instead of `feature`. Default false. */
  readonly fullFeatureNames?: boolean | undefined;
}

/**
 * Answers a request in Feast's shape: under `feast_compatibility: strict` with Feast's answers and errors (the exception of Feast is the cause of
 * ours), else by asof's rules, with features in the order asked for.
 */
export async function retrieveAsFeast(session: Session, request: FeastRequest): Promise<FeastAnswer> {
  const { feastCompatibility } = session.runtime.settings;
  const isStrict = feastCompatibility === "strict";
  const fullFeatureNames = request.fullFeatureNames === true;
  const asked = isStrict ? await resolveStrictly(session, request, fullFeatureNames) : await session.ask(request);
  const plan = planRequest(await session.resolve(asked, "serving"), { fullFeatureNames });
  const { entities } = (await session.registry()).models;
  const { rows, echoed } = isStrict
    ? readEntitiesAsFeast(plan, [...entities.values()], request.entities)
    : readEntities(plan, request.entities);
  return shapeAsFeast(plan, await session.getOnline(asked, rows), echoed, feastCompatibility);
}

async function resolveStrictly(session: Session, request: FeastRequest, fullFeatureNames: boolean): Promise<Asked> {
  const { project } = session.runtime;
  if (request.service !== undefined) {
    const service = await findService(session, request.service);
    if (service === null) throw serviceNotFound(request.service, project);
    refuseServiceCollisions(service, fullFeatureNames);
    return service;
  }
  const { views } = await session.definitions();
  const find = async (name: string, version: number | null): Promise<ViewModel | null> => {
    const registry = await session.registry();
    if (version !== null && !session.runtime.settings.onlineVersioning) throw versionsNotServed(name, version);
    if (version !== null) return registry.versions.get(name)?.get(version)?.model ?? null;
    return views.find((view) => view.name === name) ?? registry.models.views.get(name) ?? null;
  };
  return resolveAsFeast(request.features ?? [], fullFeatureNames, project, find);
}

async function findService(session: Session, name: string): Promise<ServiceModel | null> {
  const { services } = await session.definitions();
  const registry = await session.registry();
  const defined = services.find((service) => service.name === name);
  return defined ?? (registry.models.services.has(name) ? registeredService(registry, name) : null);
}

/** Entity columns as rows; what they lack or have too much the retrieval says. */
function readEntities(
  plan: RequestPlan,
  columns: EntityColumns,
): { readonly rows: readonly EntityRow[]; readonly echoed: readonly EchoedColumn[] } {
  const entries = Object.entries(columns);
  const [first] = entries;
  const count = first === undefined ? 0 : first[1].length;
  for (const [name, values] of entries) {
    if (values.length === count) continue;
    throw new AsofError("ASOF_REQUEST_INVALID", `Column "${name}" has ${values.length} values, "${first?.[0]}" has ${count}.`, {
      path: `entities.${name}`,
      fix: "Give every column one value per row; null where a key is not known.",
    });
  }
  const rows = Array.from({ length: count }, (_, row) => Object.fromEntries(entries.map(([name, values]) => [name, values[row] ?? null])));
  const keys = new Set(plan.keyColumns.map(({ column }) => column));
  const echoed = entries.filter(([name]) => keys.has(name)).map(([name, values]) => ({ name, values: values.map(echo) }));
  return { rows, echoed };
}

/** A key as it was given; what is none of its forms was refused by the retrieval. */
function echo(value: unknown): Value {
  const isValue = ["boolean", "number", "bigint", "string"].includes(typeof value) || value instanceof Uint8Array;
  return isValue ? (value as Value) : null;
}
