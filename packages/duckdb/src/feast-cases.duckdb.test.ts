import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type ComputedColumns, type JoinPlan, parseInstant, type SpineInput, type ValueType } from "@asof/core";
import { float64, int64, parquetSource, plainJoin, planOf, string } from "../test/support/models.ts";
import { openTestStore, type TestStore } from "../test/support/store.ts";

/** The answers that Feast's engines gave to point-in-time cases: see test/fixtures/README.md. */
const cases = join(import.meta.dirname, "../test/fixtures/pit");

interface FeastCase {
  readonly name: string;
  readonly what: string;
  readonly options: {
    readonly full_feature_names?: boolean;
    readonly filter_by_created_timestamp?: boolean;
    readonly map?: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly end_date?: string;
    readonly odfv?: boolean;
  };
  readonly views: readonly {
    readonly name: string;
    readonly file: string;
    readonly keys: readonly string[];
    readonly features: readonly string[];
    readonly ttl_seconds: number;
    readonly timestamp_field: string;
    readonly created_timestamp_column: string | null;
    readonly field_mapping: Readonly<Record<string, string>> | null;
  }[];
}

/** Cases where Dask's answer is the sound one. */
const daskIsRight = ["column_suffix_y", "nanosecond_entity_time", "date_range"];

function planOfCase(feast: FeastCase): JoinPlan {
  const keyType = feast.name === "null_entity_key" ? string : int64;
  const joins = feast.views.flatMap((view) => {
    const types = (names: readonly string[], type: ValueType) => Object.fromEntries(names.map((name) => [name, type]));
    const mapping = Object.fromEntries(Object.entries(view.field_mapping ?? {}).map(([physical, name]) => [name, physical]));
    const source = parquetSource(join(cases, feast.name, view.file), {
      name: `${view.name}_source`,
      eventTime: view.timestamp_field,
      createdTime: view.created_timestamp_column,
      columns: types(view.features, int64),
      mapping,
    });
    const uses = Object.entries(feast.options.map ?? { [view.name]: {} });
    return uses.map(([alias, mapped]) =>
      plainJoin({
        name: view.name,
        keys: types(view.keys, keyType),
        mapped,
        source,
        // Feast's ttl of 0 means unbounded.
        ttlUs: view.ttl_seconds === 0 ? null : view.ttl_seconds * 1e6,
        features: types(view.features, int64),
        prefix: feast.options.full_feature_names === true ? `${alias}__` : "",
      }),
    );
  });
  return planOf(joins, { knowledge: feast.options.filter_by_created_timestamp === true ? "created" : "event" });
}

function spineOfCase(feast: FeastCase): SpineInput {
  const folder = join(cases, feast.name);
  // Feast takes the keys of the source where there is no entity frame, and answers as of the end.
  if (feast.options.end_date === undefined) return { kind: "file", format: "parquet", path: join(folder, "entity.parquet") };
  return { kind: "moments", moments: { kind: "latest", atUs: parseInstant(feast.options.end_date) } };
}

/** The on-demand view of `odfv_request_data`: g = f · boost. */
const onDemand: ComputedColumns = {
  columns: [{ name: "g", type: float64 }],
  keep: ["id", "event_timestamp", "boost", "f"],
  compute: (batch) => {
    const [f, boost] = ["f", "boost"].map((name) => batch.columns.find((c) => c.name === name));
    return [
      Array.from({ length: batch.rowCount }, (_, row) => {
        const value = f?.get(row) ?? null;
        return value === null ? null : Number(value) * Number(boost?.get(row));
      }),
    ];
  },
};

/** Rows as sorted text, numbers and times alike whatever their type: the engines differ in types and order. */
async function rowsAsText(test: TestStore, path: string): Promise<readonly string[]> {
  const [columns] = await test.rows(`SELECT list(column_name ORDER BY column_name) FROM (DESCRIBE SELECT * FROM '${path}')`);
  const names = (columns?.[0] ?? []) as readonly string[];
  const items = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(", ");
  const rows = await test.rows(`SELECT ${items} FROM '${path}'`);
  const text = (value: unknown): unknown =>
    typeof value === "bigint" ? Number(value) : value instanceof Date ? value.toISOString() : value;
  return rows.map((row) => JSON.stringify(row.map((value, i) => [names[i], text(value)]))).toSorted();
}

describe("point-in-time cases recorded from Feast", () => {
  const names = readdirSync(cases).filter((name) => !name.endsWith(".json"));
  assert.equal(names.length, 35);
  for (const name of names) {
    const feast: FeastCase = JSON.parse(readFileSync(join(cases, name, "case.json"), "utf8"));
    test(`${name}: ${feast.what}`, async () => {
      await using local = await openTestStore();
      const retrieve = () => local.store.retrieve(planOfCase(feast), spineOfCase(feast));
      if (name === "string_vs_int_key") {
        await assert.rejects(retrieve, { code: "ASOF_SPINE_INVALID", message: /"id" is VARCHAR, but the key is declared as int64.*row 0/ });
        return;
      }
      await using result = await retrieve();
      const path = join(local.folder, "out.parquet");
      await result.write(path, "parquet", feast.options.odfv === true ? onDemand : null);
      const expected = join(cases, name, `expected_${daskIsRight.includes(name) ? "dask" : "duckdb"}.parquet`);
      const got = await rowsAsText(local, path);
      const wanted = await rowsAsText(local, expected);
      switch (name) {
        case "date_range":
          // Feast leaves out keys without a value; asof has every key that was known by then.
          assert.equal(result.report.spineRows, 4);
          assert.deepEqual(
            got.filter((row) => !row.includes('["f",null]')),
            wanted,
          );
          break;
        case "full_tie":
          // Feast lets either row win; in asof the row order decides: the greater f.
          assert.deepEqual(
            got.map((row) => row.replace('["f",2]', '["f",1]')),
            wanted.map((row) => row.replace('["f",2]', '["f",1]')),
          );
          assert.match(got[0] ?? "", /\["f",2\]/);
          break;
        case "nanosecond_entity_time":
          assert.deepEqual(
            got.map((row) => JSON.parse(row).slice(1)),
            wanted.map((row) => JSON.parse(row).slice(1)),
          );
          break;
        case "integer_feature_with_gap": {
          const [row] = await local.rows(`SELECT f FROM '${path}' WHERE id = 1`);
          assert.equal(row?.[0], 2n ** 53n + 1n);
          assert.equal(got.length, 2);
          break;
        }
        default:
          assert.deepEqual(got, wanted);
      }
    });
  }
});
