/** Size of a generated repository. */
export interface RepositorySize {
  readonly views: number;
  readonly features: number;
  readonly services: number;
  readonly viewsPerService: number;
  readonly retrievals: number;
}

const viewsPerFile = 10;

/**
 * Source files of a large repository, by path: half of the views plain (with a derived feature in three), half windowed (a
 * third of them with `where`), one source per ten views, services over runs of views, retrievals online and offline.
 */
export function largeRepository(size: RepositorySize): Readonly<Record<string, string>> {
  const files: Record<string, string> = { "src/entities.ts": entitiesFile };
  const fileCount = Math.ceil(size.views / viewsPerFile);
  for (let file = 0; file < fileCount; file++) files[`src/views_${file}.ts`] = viewsFile(file, size);
  files["src/services.ts"] = servicesFile(size);
  files["src/retrievals.ts"] = retrievalsFile(size);
  return files;
}

const entitiesFile = `import { entity, int64, string } from "@asof/core";
export const customer = entity("customer", { key: { customer_id: int64({ as: "number" }) } });
export const merchant = entity("merchant", { key: { merchant_id: string() } });
`;

function viewsFile(file: number, size: RepositorySize): string {
  const lines = [
    'import { avg, bool, count, derive, featureView, float64, int64, max, parquet, string, sum } from "@asof/core";',
    'import { customer, merchant } from "./entities.ts";',
    `export const source_${file} = parquet("source_${file}", {`,
    `  path: "data/${file}.parquet", eventTime: "event_timestamp",`,
    "  columns: {",
    ...range(size.features).map((c) => `    ${columnOf(c)}: ${typeOf(c)},`),
    "  },",
    "});",
  ];
  for (let view = file * viewsPerFile; view < Math.min(size.views, (file + 1) * viewsPerFile); view++) {
    const entities = view % 5 === 4 ? "[customer, merchant]" : "[customer]";
    lines.push(`export const view_${view} = featureView("view_${view}", { entities: ${entities}, source: source_${file} }, {`);
    lines.push(...range(size.features).map((f) => (view % 2 === 0 ? plainFeature(f) : windowedFeature(view, f))), "});");
  }
  return `${lines.join("\n")}\n`;
}

function columnOf(index: number): string {
  return `column_${index}`;
}

function typeOf(index: number): string {
  return ["float64()", 'int64({ as: "number" })', "string()", "bool()"][index % 4] ?? "";
}

function plainFeature(index: number): string {
  if (index % 3 !== 2) return `  ${columnOf(index)}: ${typeOf(index)},`;
  return `  derived_${index}: derive((b) => b.column_0.plus(b.column_4).div(b.column_1)),`;
}

function windowedFeature(view: number, index: number): string {
  const name = `feature_${view}_${index}`;
  const window = ["1h", "1d", "7d", "30d"][index % 4];
  switch (index % 3) {
    case 0:
      return `  ${name}: sum("column_0", { window: "${window}" }),`;
    case 1:
      return `  ${name}: count({ window: "${window}", where: (b) => b.column_3.eq(true).and(b.column_0.gt(10)) }),`;
    default:
      return index % 2 === 0
        ? `  ${name}: avg("column_1", { window: "${window}" }),`
        : `  ${name}: max("column_2", { window: "${window}" }),`;
  }
}

/** Views of a service: windowed ones only where names must not collide, so that flat rows are formed too. */
function membersOf(service: number, size: RepositorySize): readonly number[] {
  return range(size.viewsPerService).map((i) => (service * size.viewsPerService + i) % size.views);
}

function servicesFile(size: RepositorySize): string {
  const files = range(Math.ceil(size.views / viewsPerFile));
  const imports = files.map((file) => `import * as views_${file} from "./views_${file}.ts";`);
  const services = range(size.services).map((service) => {
    const members = membersOf(service, size).map((view) => `views_${Math.floor(view / viewsPerFile)}.view_${view}`);
    return `export const service_${service} = featureService("service_${service}", [${members.join(", ")}]);`;
  });
  return `import { featureService } from "@asof/core";\n${[...imports, ...services].join("\n")}\n`;
}

function retrievalsFile(size: RepositorySize): string {
  const calls = range(size.retrievals).map((call) => {
    const service = call % size.services;
    const query = `service: services.service_${service}`;
    if (call % 2 === 1) {
      return `export const call_${call} = store.getHistoricalFeatures({ ${query}, spine: "labels.parquet", fullFeatureNames: true });`;
    }
    return `export const call_${call} = (await store.getOnlineFeatures({ ${query}, entities: [{ customer_id: ${call}, merchant_id: "m" }] })).rows[0];`;
  });
  return [
    'import type { TypedRetrieval } from "@asof/core";',
    'import * as services from "./services.ts";',
    "declare const store: TypedRetrieval<unknown>;",
    ...calls,
    "",
  ].join("\n");
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, i) => i);
}
