import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  AsofError,
  canCast,
  compileExpression,
  compileFilter,
  type ExpressionNode,
  equalValues,
  isOrderable,
  type Operator,
  printExpression,
  printType,
  type Value,
  type ValueType,
} from "@asof/core";
import { anyExpression, anyValue, chance, choose, type ExpressionColumn, everyType, seededRandom, times } from "@asof/testkit";
import {
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBUUIDValue,
  type DuckDBValue,
} from "@duckdb/node-api";
import { translateError } from "./errors.ts";
import { duckDbExpressionDialect } from "./expression-dialect.ts";

/** What one evaluation of an expression for a row gave. */
type Outcome = { readonly value: Value } | { readonly error: string };

/** Two columns of each type, so that expressions can compare them. */
const columns: readonly ExpressionColumn[] = everyType.flatMap((type, i) => ["a", "b"].map((letter) => ({ name: `${letter}${i}`, type })));
const layout = new Map(columns.map((column, i) => [column.name, i]));
const column = (name: string): string => `"${name}"`;

const SEED = "expressions";
const BATCHES = 8;
const EXPRESSIONS = 50;
const ROWS = 40;

let instance: DuckDBInstance;
let connection: DuckDBConnection;

before(async () => {
  instance = await DuckDBInstance.create(":memory:");
  connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
});

after(() => {
  connection.closeSync();
  instance.closeSync();
});

function print(node: ExpressionNode): string {
  return printExpression(node, duckDbExpressionDialect, column);
}

function sqlLiteral(type: ValueType, value: Value): string {
  return print({ node: "literal", type, value });
}

async function createRows(table: string, rows: readonly (readonly Value[])[]): Promise<void> {
  const definitions = columns.map(({ name, type }) => `"${name}" ${duckDbExpressionDialect.typeName(type)}`);
  await connection.run(`CREATE OR REPLACE TABLE ${table} (id INTEGER, ${definitions.join(", ")})`);
  const tuples = rows.map((row, id) => `(${id}, ${columns.map(({ type }, i) => sqlLiteral(type, row[i] ?? null)).join(", ")})`);
  await connection.run(`INSERT INTO ${table} VALUES ${tuples.join(", ")}`);
}

function fromList(type: ValueType, items: readonly DuckDBValue[]): Value {
  switch (type.kind) {
    case "list":
    case "set":
      return items.map((item) => fromDuckDb(type.of, item));
    case "map": {
      // Stored as the list of its pairs.
      const pairs = items.flatMap((item) => (item instanceof DuckDBStructValue ? [item.entries] : []));
      return new Map(pairs.map(({ key = null, value = null }) => [fromDuckDb(type.key, key), fromDuckDb(type.value, value)]));
    }
    default:
      return items.map((item) => fromDuckDb({ kind: "float32" }, item));
  }
}

/** A value as DuckDB hands it over, in the form of its type. */
function fromDuckDb(type: ValueType, value: DuckDBValue): Value {
  if (value === null) return null;
  if (value instanceof DuckDBListValue) return fromList(type, value.items);
  if (value instanceof DuckDBStructValue && type.kind === "struct")
    return Object.fromEntries(type.fields.map((field) => [field.name, fromDuckDb(field.type, value.entries[field.name] ?? null)]));
  if (value instanceof DuckDBBlobValue) return value.bytes;
  if (value instanceof DuckDBDateValue || value instanceof DuckDBDecimalValue || value instanceof DuckDBUUIDValue) return value.toString();
  if (typeof value === "bigint" && type.kind !== "int64") return Number(value);
  assert.ok(typeof value !== "object", `unexpected value of type ${printType(type)}`);
  return value;
}

/** Evaluates expressions for all rows of a query; checks that each has the SQL type it promises. */
async function runSql(nodes: readonly ExpressionNode[], from: string): Promise<readonly (readonly Value[])[]> {
  const reader = await connection.runAndReadAll(`SELECT ${nodes.map((node, i) => `${print(node)} AS c${i}`).join(", ")} FROM ${from}`);
  nodes.forEach((node, i) => {
    const promised = duckDbExpressionDialect.typeName(node.type).replaceAll(" ", "");
    assert.equal(String(reader.columnType(i)).replaceAll(" ", ""), promised, print(node));
  });
  return reader.getRows().map((row) => nodes.map((node, i) => fromDuckDb(node.type, row[i] ?? null)));
}

function runJavaScript(node: ExpressionNode, rows: readonly (readonly Value[])[]): readonly Outcome[] {
  const evaluate = compileExpression(node, layout);
  return rows.map((row) => {
    try {
      return { value: evaluate(row) };
    } catch (error) {
      return { error: overflowMessage(error) };
    }
  });
}

function overflowMessage(error: unknown): string {
  assert.ok(error instanceof AsofError && error.code === "ASOF_EXPRESSION_FAILED", String(error));
  return error.message;
}

/** A constant part that overflows is an error of both compilations. Null if there is none. */
function constantOverflow(seed: string, node: ExpressionNode): string | null {
  const messages = [() => compileExpression(node, layout), () => print(node)].map((compile) => {
    try {
      compile();
      return null;
    } catch (error) {
      return overflowMessage(error);
    }
  });
  assert.equal(messages[0], messages[1], `seed "${seed}"`);
  return messages[0] ?? null;
}

function show(value: Value): string {
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** Compares both compilations for all rows. An overflow must be one in both, in SQL for that row alone. */
async function check(seed: string, node: ExpressionNode, rows: readonly (readonly Value[])[], table: string): Promise<readonly Outcome[]> {
  const constant = constantOverflow(seed, node);
  if (constant !== null) return [{ error: constant }];
  const outcomes = runJavaScript(node, rows);
  const failing = outcomes.flatMap((outcome, id) => ("error" in outcome ? [id] : []));
  const explain = (id: number, sql: string): string => {
    const outcome = outcomes[id];
    const javaScript = outcome === undefined || "error" in outcome ? outcome?.error : show(outcome.value);
    const row = columns.flatMap(({ name }, i) => (print(node).includes(`"${name}"`) ? [`${name} = ${show(rows[id]?.[i] ?? null)}`] : []));
    return `seed "${seed}", row ${id}: JavaScript gives ${javaScript}, DuckDB ${sql}, for\n${print(node)}\nwith ${row.join(", ")}`;
  };
  const sound = failing.length === 0 ? table : `${table} WHERE id NOT IN (${failing.join(", ")})`;
  // Materialized, so that no filter moves below the expression or the expression below the filter.
  const source = `(WITH chosen AS MATERIALIZED (SELECT * FROM ${sound}) SELECT * FROM chosen) ORDER BY id`;
  const values = await runSql([node], source).catch((error: unknown) => error);
  const ids = outcomes.flatMap((outcome, id) => ("error" in outcome ? [] : [id]));
  if (!Array.isArray(values)) assert.fail(`${values}\n${explain(ids[0] ?? 0, "fails for a row")}`);
  ids.forEach((id, i) => {
    const outcome = outcomes[id];
    const actual: Value = values[i]?.[0] ?? null;
    if (outcome === undefined || "error" in outcome || !equalValues(node.type, outcome.value, actual))
      assert.fail(explain(id, show(actual)));
  });
  for (const id of failing.slice(0, 2)) {
    const one = `(WITH chosen AS MATERIALIZED (SELECT * FROM ${table} WHERE id = ${id}) SELECT * FROM chosen)`;
    const message = await runSql([node], one).then(
      (result) => explain(id, show(result[0]?.[0] ?? null)),
      (error: unknown) => translateError(error, { doing: "query", what: "The test" }).code,
    );
    assert.equal(message, "ASOF_EXPRESSION_FAILED");
  }
  return outcomes;
}

/** Text that looks like a value of another type, often with something that one parser accepts and another does not. */
function lookalike(seed: string): string {
  const random = seededRandom(seed);
  const type = choose(
    random,
    everyType.filter((t) => !["string", "bytes", "list", "timestamp"].includes(t.kind)),
  );
  const text = String(anyValue(random, type));
  const twists = [(t: string) => t, (t: string) => t, (t: string) => `+${t}`, (t: string) => ` ${t}`, (t: string) => `${t}\n`];
  twists.push(
    (t) => `${t}0`,
    (t) => `0${t}`,
    (t) => `${t}.`,
    (t) => `${t}e2`,
    (t) => `${t}e-400`,
    (t) => `${t}e400`,
    (t) => t.toUpperCase(),
  );
  twists.push(
    (t) => t.replace(/\d/, "_"),
    (t) => t.slice(1),
    (t) => `${t}\0`,
    (t) => `0x${t}`,
    (t) => t.replaceAll("-", ""),
  );
  return choose(random, twists)(text);
}

function randomRows(seed: string, count: number): readonly (readonly Value[])[] {
  const random = seededRandom(seed);
  return times(count, (i) => {
    const row = columns.map(({ type, name }): Value => {
      if (chance(random, 0.12)) return null;
      return type.kind === "string" && chance(random, 0.5) ? lookalike(`${seed} ${i} ${name}`) : anyValue(random, type);
    });
    // The second column of a type often has the first one's value, so that equality is seen.
    return row.map((value, i) => (i % 2 === 1 && chance(random, 0.3) ? (row[i - 1] ?? null) : value));
  });
}

function call(op: Operator, type: ValueType, ...args: readonly ExpressionNode[]): ExpressionNode {
  return { node: "call", op, args, type };
}

/** As a root, int64 is read as a bigint: as a number it would refuse large values, which SQL does not. */
function rootType(type: ValueType): ValueType {
  return type.kind === "int64" ? { kind: "int64", as: "bigint" } : type;
}

describe("expressions give the same values in DuckDB and in JavaScript", () => {
  test("columns of every type", async () => {
    const rows = randomRows("columns", 60);
    await createRows("plain", rows);
    for (const { name, type } of columns) await check("columns", { node: "column", name, type }, rows, "plain");
  });

  test("every cast", async () => {
    const rows = randomRows("casts", 300);
    await createRows("casts", rows);
    let present = 0;
    for (const { name, type } of columns) {
      for (const to of everyType.filter((t) => canCast(type, t) && isOrderable(t))) {
        const node: ExpressionNode = { node: "call", op: "cast", args: [{ node: "column", name, type }], type: rootType(to) };
        const outcomes = await check("casts", node, rows, "casts");
        const values = outcomes.filter((outcome) => "value" in outcome && outcome.value !== null).length;
        assert.ok(values > 0, `no value survives the cast from ${printType(type)} to ${printType(to)}`);
        present += values;
      }
    }
    assert.ok(present > 10_000, `only ${present} values`);
  });

  test("casts beside a constant, which DuckDB compares as if they could not fail", async () => {
    const rows = randomRows("compared casts", 60);
    await createRows("compared", rows);
    for (const { name, type } of columns) {
      for (const to of everyType.filter((t) => canCast(type, t) && isOrderable(t))) {
        const cast = call("cast", to, { node: "column", name, type });
        const random = seededRandom(`${name} ${printType(to)}`);
        for (const op of ["eq", "lt", "gt"] as const) {
          const constant: ExpressionNode = { node: "literal", type: to, value: anyValue(random, to) };
          await check(`${name} ${printType(to)} ${op}`, call(op, { kind: "bool" }, cast, constant), rows, "compared");
        }
      }
    }
  });

  test("what overflows beside a value that decides", async () => {
    const int64: ValueType = { kind: "int64", as: "bigint" };
    const bool: ValueType = { kind: "bool" };
    const constant = (value: bigint | null): ExpressionNode => ({ node: "literal", type: int64, value });
    const [a, b] = columns
      .filter(({ type }) => printType(type) === "int64")
      .map(({ name }) => ({ node: "column", name, type: int64 }) as const);
    assert.ok(a !== undefined && b !== undefined);
    const square = call("mul", int64, a, a);
    const large = call("gt", bool, square, constant(5n));
    const small = call("lt", bool, a, constant(1000n));
    // The calculation occurs twice, so that an engine may want to do it once, for every row.
    const twice = call("mod", int64, call("add", int64, square, constant(1n)), square);
    const nodes: readonly ExpressionNode[] = [
      call("add", int64, constant(null), square),
      call("gt", bool, call("add", int64, a, constant(1n)), constant(10n)),
      call("le", bool, call("sub", int64, a, constant(1n)), constant(10n)),
      call("mod", int64, a, constant(-1n)),
      call("mod", int64, a, b),
      call("and", bool, small, large),
      call("or", bool, call("not", bool, small), large),
      call("and", bool, large, small),
      call("coalesce", int64, b, twice),
      call("least", int64, b, square),
      call("greatest", int64, a, b, twice),
    ];
    const rows = randomRows("overflow", 80);
    await createRows("overflowing", rows);
    const errors = (await Promise.all(nodes.map((node, i) => check(`overflow ${i}`, node, rows, "overflowing"))))
      .flat()
      .filter((o) => "error" in o);
    assert.ok(errors.length > 100, `only ${errors.length} errors`);
  });

  test("positions in a file that holds others in rows that are not asked for", async () => {
    const position: ExpressionNode = { node: "column", name: "a", type: { kind: "int64", as: "bigint" } };
    const text: ExpressionNode = { node: "literal", type: { kind: "string" }, value: "asof" };
    const one: ExpressionNode = { node: "literal", type: { kind: "int32" }, value: 1 };
    const nodes = [call("substring", text.type, text, position), call("substring", text.type, text, one, position)];
    const folder = mkdtempSync(join(tmpdir(), "asof-positions-"));
    try {
      // Parquet keeps a column's different values once, and DuckDB calculates with all of them where it takes that for harmless.
      const file = `'${join(folder, "positions.parquet")}'`;
      const rows =
        "SELECT n < 1000 AS wanted, CASE WHEN n >= 1000 THEN -9007199254740993 WHEN n < 999 THEN 2 END AS a FROM range(2000) AS r(n)";
      await connection.run(`COPY (SELECT wanted, a::BIGINT AS a FROM (${rows})) TO ${file} (FORMAT parquet)`);
      const all = await runSql(nodes, `(SELECT * FROM ${file} WHERE wanted) ORDER BY a NULLS LAST`);
      const values = [all[0], all.at(-1)];
      assert.deepEqual(values, [
        ["sof", "as"],
        [null, null],
      ]);
      assert.deepEqual(
        [2n, null].map((a) => nodes.map((node) => compileExpression(node, new Map([["a", 0]]))([a]))),
        values,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("random expressions, overflow included", async () => {
    const seen = { values: 0, nulls: 0, errors: 0 };
    const operators = new Set<string>();
    for (let batch = 0; batch < BATCHES; batch++) {
      const rows = randomRows(`${SEED} ${batch}`, ROWS);
      await createRows("batch", rows);
      for (let i = 0; i < EXPRESSIONS; i++) {
        const seed = `${SEED} ${batch} ${i}`;
        const random = seededRandom(seed);
        const node = anyExpression(
          random,
          rootType(choose(random, chance(random, 0.8) ? everyType.filter(isOrderable) : everyType)),
          columns,
          choose(random, [1, 1, 2, 2, 3, 4]),
        );
        for (const outcome of await check(seed, node, rows, "batch")) {
          if ("error" in outcome) seen.errors++;
          else if (outcome.value === null) seen.nulls++;
          else seen.values++;
        }
        collectOperators(node, operators);
      }
    }
    assert.ok(seen.values > 3000 && seen.nulls > 500 && seen.errors > 50, `too little was seen: ${JSON.stringify(seen)}`);
    assert.equal(operators.size, 44, [...operators].join(" "));
  });

  test("conditions as filters", async () => {
    const rows = randomRows(`filters ${SEED}`, 50);
    await createRows("filtered", rows);
    let passed = 0;
    for (let i = 0; i < 150; i++) {
      const seed = `filters ${SEED} ${i}`;
      const node = anyExpression(seededRandom(seed), { kind: "bool" }, columns, 2);
      // Where a filter decides beforehand that no row passes, it may not come to an overflow.
      if (constantOverflow(seed, node) !== null || runJavaScript(node, rows).some((outcome) => "error" in outcome)) continue;
      const passes = compileFilter(node, layout);
      const expected = [...rows.keys()].filter((id) => passes(rows[id] ?? []));
      const reader = await connection.runAndReadAll(`SELECT id FROM filtered WHERE ${print(node)} ORDER BY id`);
      assert.deepEqual(
        reader.getRows().map(([id]) => id),
        expected,
        `seed "${seed}": ${print(node)}`,
      );
      passed += expected.length;
    }
    assert.ok(passed > 300, `only ${passed} rows passed`);
  });
});

function collectOperators(node: ExpressionNode, operators: Set<string>): void {
  if (node.node === "call") {
    operators.add(node.op);
    for (const arg of node.args) collectOperators(arg, operators);
  }
  if (node.node === "case") {
    for (const branch of node.branches) {
      collectOperators(branch.when, operators);
      collectOperators(branch.then, operators);
    }
    collectOperators(node.otherwise, operators);
  }
}
