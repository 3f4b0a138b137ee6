import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { collectDefinitions } from "./collect.ts";
import { type AnySource, kafka, parquet, sql } from "./source.ts";
import { validateRepository } from "./validate.ts";
import { float64 } from "./value-types.ts";

const columns = { spend: float64() };
const secret = "hunter2hunter2";

const faults = (source: AnySource) => validateRepository(collectDefinitions([{ source }], "p"));
const fromPath = (path: string) => parquet("s", { path, eventTime: "ts", columns });
const fromQuery = (query: string) => sql("s", { query, eventTime: "ts", columns });
const fromStream = (options: Readonly<Record<string, string>>) =>
  parquet("s", { path: "s.parquet", eventTime: "ts", columns, stream: kafka({ topic: "t", options }) });

describe("secrets in definitions", () => {
  const refused: readonly [string, AnySource, string][] = [
    ["credentials before a host", fromPath(`https://user:${secret}@host/x.parquet`), "path"],
    ["a signed address", fromPath(`https://host/x.parquet?a=1&X-Amz-Signature=${secret}`), "path"],
    ["a connection string", fromQuery(`select * from postgres_scan('host=h password=${secret}', 'public', 't')`), "query"],
    ["an address in a query", fromQuery(`select * from postgres_scan('postgres://u:${secret}@h/db', 'public', 't')`), "query"],
    ["an option of the engine", fromQuery(`from (create secret (type s3, secret '${secret}'))`), "query"],
    ["a password of a stream", fromStream({ "sasl.password": secret }), "stream"],
    ["a login module", fromStream({ "sasl.jaas.config": `x password="${secret}"` }), "stream"],
  ];
  for (const [title, source, where] of refused) {
    test(`${title} is refused, and not shown`, () => {
      const issues = faults(source);
      assert.deepEqual(
        issues.map((i) => `${i.code} ${i.path}`),
        [`ASOF_DEFINITION_INVALID sources.s.${where}`],
      );
      assert.ok(!JSON.stringify(issues).includes(secret));
    });
  }

  const allowed: readonly [string, AnySource][] = [
    ["a path with an at sign", fromPath("data/a:b@c/x.parquet")],
    ["an address", fromPath("s3://bucket/prefix/key=1/*.parquet")],
    ["columns named so", fromQuery("select id, ts, spend, token, password_hash from users where password is not null and secret = 'yes'")],
    ["a comparison between two texts", fromQuery("select * from t where plan = 'a' and password = old_password and site = 'b'")],
    ["a text that mentions them", fromQuery("select 'reset password' as what, ts, spend from t")],
    ["options of a stream", fromStream({ "group.id": "asof", "sasl.mechanism": "PLAIN" })],
  ];
  for (const [title, source] of allowed) test(`${title} is no secret`, () => assert.deepEqual(faults(source), []));
});
