/** A write of Feast's that begins between asof's last look at the file and its replacing: both stand. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs, { closeSync, copyFileSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, test } from "node:test";
import { FeastRegistryFile } from "../registry/registry-file.ts";
import { openFileRegistry } from "./store.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-late-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const golden = new URL("../../test/golden/registry.pb", import.meta.url);
const rename = fs.renameSync;

afterEach(() => replaceRename(rename));

function replaceRename(by: typeof fs.renameSync): void {
  fs.renameSync = by;
  syncBuiltinESMExports();
}

/** Runs something of Feast's when asof has looked at the file for the last time. */
function beforeReplacing(run: () => void): void {
  let isFirst = true;
  replaceRename((from, to) => {
    if (isFirst) run();
    isFirst = false;
    rename(from, to);
  });
}

function feastRegistry(): string {
  const path = join(mkdtempSync(join(folder, "registry-")), "registry.pb");
  copyFileSync(golden, path);
  return path;
}

/** What Feast writes that deletes its permission. */
function withoutPermission(path: string, writtenAtUs: number): Uint8Array {
  const file = FeastRegistryFile.decode(fs.readFileSync(path));
  file.delete("permission", "compat", "reader");
  file.touch("feast", writtenAtUs);
  return file.encode();
}

const state = {
  project: "compat",
  kind: "source_state",
  name: "ours",
  repository: "",
  dataFingerprint: "",
  metadataFingerprint: "",
} as const;

async function commit(path: string, spec: number): Promise<void> {
  await using registry = await openFileRegistry({ path });
  const changes = [{ op: "put", ifRevision: null, ...state, spec } as const];
  assert.notEqual(await registry.commit({ changes, ifDefinitionsVersion: null }, 1), "conflict");
  assert.equal((await registry.read([state]))[0]?.spec, spec, "in the process that wrote it");
}

async function assertBoth(path: string): Promise<void> {
  await using registry = await openFileRegistry({ path });
  assert.equal((await registry.read([state]))[0]?.spec, 2, "asof's");
  const kinds = (await registry.feastObjects("compat")).map((object) => object.kind);
  assert.ok(kinds.includes("feature_view") && !kinds.includes("permission"), "Feast's");
  assert.deepEqual(
    readdirSync(join(path, "..")).filter((name) => name.endsWith(".tmp")),
    [],
  );
}

describe("a write of Feast's into a file that asof replaces at that moment", () => {
  for (const [when, laterUs] of [
    ["after asof", 1_000_000],
    ["just before asof, as the clock has it", -1_000_000],
  ] as const) {
    for (const isFirst of [true, false]) {
      test(`stands beside asof's, where its time is ${when}, ${isFirst ? "the first time that asof writes" : "later on"}`, async () => {
        const path = feastRegistry();
        if (!isFirst) await commit(path, 1);
        const bytes = withoutPermission(path, Date.now() * 1000 + laterUs);
        beforeReplacing(() => writeFileSync(path, bytes));
        await commit(path, 2);
        await assertBoth(path);
        await commit(path, 2);
        await assertBoth(path);
      });
    }
  }

  test("is waited for where it has only begun", async () => {
    const path = feastRegistry();
    await commit(path, 1);
    const next = `${path}.next`;
    writeFileSync(next, withoutPermission(path, Date.now() * 1000));
    beforeReplacing(() => {
      const file = openSync(path, "w");
      spawn("sh", ["-c", `sleep 0.1; cat '${next}'`], { stdio: ["ignore", file, "ignore"] });
      closeSync(file);
    });
    await commit(path, 2);
    await assertBoth(path);
  });

  test("leaves asof's where Feast did not come to its end", async () => {
    const path = feastRegistry();
    await commit(path, 1);
    const bytes = withoutPermission(path, Date.now() * 1000);
    beforeReplacing(() => writeFileSync(path, bytes.subarray(0, bytes.length - 10)));
    await commit(path, 2);
    await using registry = await openFileRegistry({ path });
    assert.equal((await registry.feastObjects("compat")).filter((object) => object.kind === "permission").length, 1);
    assert.equal((await registry.read([state]))[0]?.spec, 2);
  });
});
