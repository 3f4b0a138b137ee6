import assert from "node:assert/strict";
import { test } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import { type ErrorContext, translateError } from "./errors.ts";

/** What asof makes of the engine's own error of a statement. */
async function errorOf(statement: string, context: ErrorContext) {
  const instance = await DuckDBInstance.create(":memory:", { autoinstall_known_extensions: "false" });
  const connection = await instance.connect();
  try {
    await connection.run("SET extension_directory = '/nowhere'");
    const error = await connection.run(statement).then(
      () => assert.fail("the statement ran"),
      (e: unknown) => e,
    );
    return translateError(error, context);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

test("a source elsewhere whose extension is missing says which one, not that the file is broken", async () => {
  const context: ErrorContext = { doing: "source", what: 'Source "far" (https://localhost:1/x.parquet)' };
  for (const [statement, extension] of [
    ["SELECT * FROM read_parquet('https://localhost:1/x.parquet')", "httpfs"],
    ["SELECT * FROM postgres_scan('', 'public', 't')", "postgres_scanner"],
  ] as const) {
    const error = await errorOf(statement, context);
    assert.deepEqual([error.code, error.value], ["ASOF_QUERY_FAILED", extension], error.message);
    assert.match(error.fix ?? "", new RegExp(`INSTALL ${extension}`));
  }
});

test("a query that does not parse is to be corrected, the source's or the spine's", async () => {
  const source = await errorOf("SELEC 1", { doing: "source", what: 'Source "s"' });
  assert.deepEqual([source.code, source.fix], ["ASOF_QUERY_FAILED", "Correct the source's query."]);
  const spine = await errorOf("SELECT nothing", { doing: "spine", what: "The spine's query" });
  assert.deepEqual([spine.code, spine.fix], ["ASOF_QUERY_FAILED", "Correct the spine's query."]);
});
