/** Registries that are not as they should be, met by the real command: coded errors that say what to do, and nothing lost. */
import assert from "node:assert/strict";
import { copyFileSync, cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { FeastRegistryFile } from "@asof/feast";
import { assertDone, assertFailed, type HasAfter, runAsof, temporaryFolder, writeFiles } from "../command/command.test.support.ts";
import { sharedRegistries } from "./feast-repo.test.support.ts";

const golden = new URL("../../../feast/test/golden/", import.meta.url);
const goldenFile = readFileSync(new URL("registry.pb", golden));

/** Feast's repository with the definitions that asof imported from it. */
const template = await (async () => {
  const folder = join(temporaryFolder({ after }), "repo");
  cpSync(new URL("feature_repo", golden), folder, { recursive: true });
  writeFileSync(join(folder, "data/registry.pb"), goldenFile);
  copyFileSync(new URL("registry_sql.db", golden), join(folder, "data/registry.db"));
  assertDone(await runAsof(["import", "feast", "."], { cwd: folder }));
  return folder;
})();

function repo(t: HasAfter, name = "file"): string {
  const folder = join(temporaryFolder(t), "repo");
  cpSync(template, folder, { recursive: true });
  const yaml = join(folder, "feature_store.yaml");
  const shared = sharedRegistries.find((registry) => registry.name === name);
  writeFileSync(yaml, readFileSync(yaml, "utf8").replace("registry: data/registry.pb", shared?.yaml ?? ""));
  return folder;
}

const commands = [
  ["plan"],
  ["apply"],
  ["feature-views", "list"],
  ["delete", "--list"],
  ["import", "feast", ".", "--out", "imported"],
] as const;

/** Every command says the same of a file, and leaves it as it is. */
async function assertRefused(folder: string, bytes: Uint8Array, code: string, says: RegExp): Promise<void> {
  const path = join(folder, "data/registry.pb");
  writeFileSync(path, bytes);
  for (const ended of await Promise.all(commands.map((args) => runAsof([...args], { cwd: folder })))) {
    assertFailed(ended, { status: 1, code, says });
  }
  assert.ok(readFileSync(path).equals(bytes));
}

describe("a registry file", () => {
  test("of a newer Feast", async (t) => {
    const newer = FeastRegistryFile.decode(goldenFile);
    newer.setField(3, [Buffer.from("2")]);
    const says = /data\/registry\.pb has schema version "2", and this version of asof reads "1"\. Upgrade asof/;
    await assertRefused(repo(t), newer.encode(), "ASOF_REGISTRY_VERSION", says);
  });

  test("that is cut short", async (t) => {
    const says = /data\/registry\.pb is damaged, or being written all the time\. .*If Feast is writing it, try again\. Else restore it/;
    await assertRefused(repo(t), goldenFile.subarray(0, goldenFile.length - 100), "ASOF_REGISTRY_UNREADABLE", says);
  });
});

test("two processes that apply at once both do, file and SQL", async (t) => {
  for (const { name } of sharedRegistries) {
    const folder = repo(t, name);
    assertDone(await runAsof(["apply", "--skip-source-validation"], { cwd: folder }));
    const other = join(folder, "other");
    writeFiles(other, {
      "package.json": `{ "name": "other", "private": true, "type": "module" }\n`,
      "feature_store.yaml": `${readFileSync(join(folder, "feature_store.yaml"), "utf8")
        .replaceAll("data/", "../data/")
        .replace(/^repository:.*$/m, "")}
repository: other
`,
      "features/other.ts": `import { entity, string } from "asof"; export const other = entity("other", { key: { other_id: string() } });`,
    });
    writeFiles(folder, {
      "features/one.ts": `import { entity, string } from "asof"; export const one = entity("one", { key: { one_id: string() } });`,
    });
    const ended = await Promise.all([folder, other].map((cwd) => runAsof(["apply", "--skip-source-validation"], { cwd })));
    for (const one of ended) assertDone(one);
    const listed = assertDone(await runAsof(["entities", "list"], { cwd: folder }));
    for (const entity of ["customer", "driver", "one", "other"]) assert.match(listed, new RegExp(`^${entity} `, "m"));
  }
});

test("a SQL registry that another process has locked: who it is, and what to do; then it goes on", async (t) => {
  const folder = repo(t, "sql");
  const path = join(folder, "data/registry.db");
  const before = readFileSync(path);
  using database = new DatabaseSync(path);
  database.exec("BEGIN EXCLUSIVE");
  const ended = await runAsof(["plan"], { cwd: folder });
  const who = existsSync("/proc/locks") ? new RegExp(`\\(\\S+, pid ${process.pid}\\)`) : /locked/;
  assertFailed(ended, {
    status: 1,
    code: "ASOF_REGISTRY_FAILED",
    says: /data\/registry\.db is locked by another process.*, which did not finish within 5 s\. Nothing was changed\. Wait for it and run/,
  });
  assert.match(ended.stderr, who);
  database.exec("ROLLBACK");
  assert.ok(readFileSync(path).equals(before));
  assert.match(assertDone(await runAsof(["plan"], { cwd: folder })), /^No changes/);
});

describe("values that the stores of Feast's layout do not take", () => {
  const definitions = (key: string): string => `import { entity, featureView, push, string, float64, struct } from "asof";
import * as types from "asof";
const place = entity("place", { key: { place_id: types.${key}() } });
const visits = push("visits", { eventTime: "at", columns: { spot: struct({ city: string(), floor: float64() }) } });
export const visited = featureView("visited", { entities: [place], source: visits }, { spot: struct({ city: string(), floor: float64() }) });
`;

  test("an entity key of a refused type is refused before anything is written", async (t) => {
    const folder = repo(t);
    writeFiles(folder, { "features/place.ts": definitions("date") });
    const before = readFileSync(join(folder, "data/registry.pb"));
    for (const command of ["plan", "apply"]) {
      const ended = await runAsof([command, "--skip-source-validation"], { cwd: folder });
      assertFailed(ended, {
        status: 2,
        code: "ASOF_COLUMN_TYPE",
        says: /join key place_id has the type date, which Feast does not take.*Use string, /,
      });
    }
    assert.ok(readFileSync(join(folder, "data/registry.pb")).equals(before));
  });

  test("a struct that lacks a field is refused with its row and field, and nothing of the push is written", async (t) => {
    const folder = repo(t);
    writeFiles(folder, { "features/place.ts": definitions("string") });
    assertDone(await runAsof(["apply", "--skip-source-validation"], { cwd: folder }));
    const row = { place_id: "a", at: "2024-01-01T00:00:00Z", spot: { city: "x", floor: 1 } };
    writeFileSync(join(folder, "rows.json"), JSON.stringify([row, { ...row, place_id: "b", spot: { city: "y" } }]));
    const ended = await runAsof(["push", "visits", "--rows", "rows.json"], { cwd: folder });
    assertFailed(ended, { status: 2, code: "ASOF_VALUE_INVALID", says: /rows\[1\]\.spot has no field "floor".*Give the field/ });
    const read = await runAsof(["get-online-features", "-f", "visited:spot", "-e", "place_id=a", "--json"], { cwd: folder });
    assert.equal(JSON.parse(assertDone(read)).rows[0].visited.spot, null);
  });
});
