import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { Json, RegistryChange } from "@asof/core";
import { FeastRegistryFile } from "../registry/registry-file.ts";
import { Message } from "../wire/message.ts";
import { meaningOf } from "./mark.ts";
import { openFileRegistry } from "./store.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-outdated-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const freshPath = () => join(mkdtempSync(join(folder, `${count++}-`)), "registry.pb");

const put = (kind: RegistryChange["kind"], name: string, spec: Json, ifRevision: number | null = null): RegistryChange => ({
  op: "put",
  ifRevision,
  project: "p",
  kind,
  name,
  repository: "",
  dataFingerprint: "",
  metadataFingerprint: "",
  spec,
});
const erasure = (untilUs: number | null): RegistryChange => put("erasure", "e", { keys: ["id"], secretId: "s", erasedAtUs: 1, untilUs });

async function commit(path: string, ...changes: readonly RegistryChange[]): Promise<unknown> {
  await using registry = await openFileRegistry({ path });
  return registry.commit({ changes, ifDefinitionsVersion: null }, 1);
}

async function names(path: string): Promise<readonly string[]> {
  await using registry = await openFileRegistry({ path });
  return (await registry.snapshot("p")).records.map((record) => record.name);
}

/** What a process of Feast's does that read these bytes: it writes them in place, whole, under a version and time of its own. */
function writeAsFeast(path: string, bytes: Uint8Array): void {
  const file = FeastRegistryFile.decode(bytes);
  file.touch(`feast-${count++}`, Date.now() * 1000);
  writeFileSync(path, file.encode());
}

describe("a file that Feast wrote from an older reading", () => {
  test("is completed in reads at once, and on disk by the next write; numbers go on", async () => {
    const path = freshPath();
    await commit(path, put("source_state", "a", 1));
    const read = readFileSync(path);
    await using registry = await openFileRegistry({ path });
    await registry.commit({ changes: [put("source_state", "a", 2, 1), erasure(null)], ifDefinitionsVersion: null }, 1);
    const { version } = await registry.versions();
    writeAsFeast(path, read);
    const [a, e] = await registry.read([put("source_state", "a", null), erasure(null)]);
    assert.deepEqual([a?.spec, a?.revision, e?.name], [2, 2, "e"]);
    assert.ok((await registry.versions()).version >= version);
    assert.equal(await registry.commit({ changes: [put("source_state", "a", 9, 1)], ifDefinitionsVersion: null }, 1), "conflict");
    assert.notEqual(await registry.commit({ changes: [put("source_state", "a", 3, 2)], ifDefinitionsVersion: null }, 1), "conflict");
    rmSync(`${path}.asof`);
    assert.deepEqual(await names(path), ["e", "a"]);
  });

  test("may be one that asof had not written yet", async () => {
    const path = freshPath();
    const golden = readFileSync(new URL("../../test/golden/registry.pb", import.meta.url));
    writeFileSync(path, golden);
    await commit(path, erasure(null));
    writeAsFeast(path, golden);
    assert.deepEqual(await names(path), ["e"]);
  });
});

describe("a file that is older than its copy", () => {
  test("holds where asof wrote it, as after a crash between the two, but for erasures", async () => {
    const path = freshPath();
    await commit(path, put("source_state", "a", 1));
    const before = readFileSync(path);
    await commit(path, put("source_state", "b", 1), erasure(null));
    writeFileSync(path, before);
    assert.deepEqual(await names(path), ["e", "a"]);
    await commit(path, put("source_state", "c", 1));
    assert.deepEqual(await names(path), ["e", "a", "c"]);
    assert.ok(readFileSync(path).equals(readFileSync(`${path}.asof`)));
  });

  test("keeps the erasure that leaves out more: one that stands, then the later end", async () => {
    for (const [inFile, inCopy, kept] of [
      [null, 50, null],
      [50, null, null],
      [50, 70, 70],
      [70, 50, 70],
    ] as const) {
      const path = freshPath();
      await commit(path, erasure(inFile));
      const before = readFileSync(path);
      await commit(path, erasure(inCopy));
      writeFileSync(path, before);
      await using registry = await openFileRegistry({ path });
      const [record] = await registry.read([erasure(null)]);
      assert.partialDeepStrictEqual(record?.spec, { untilUs: kept });
    }
  });

  test("does not bring back erasures that were given up", async () => {
    const path = freshPath();
    await commit(path, erasure(null));
    await commit(path, { op: "delete", ifRevision: null, project: "p", kind: "erasure", name: "e" });
    const read = readFileSync(path);
    await commit(path, put("source_state", "a", 1));
    writeAsFeast(path, read);
    assert.deepEqual(await names(path), ["a"]);
  });
});

test("the copy lies beside what a link leads to, with its mode", async () => {
  const path = freshPath();
  await commit(path, put("source_state", "a", 1));
  const link = freshPath();
  symlinkSync(path, link);
  await commit(link, put("source_state", "b", 1));
  assert.ok(readFileSync(`${path}.asof`).equals(readFileSync(path)));
  assert.equal(statSync(`${path}.asof`).mode, statSync(path).mode);
  assert.throws(() => statSync(`${link}.asof`));
});

test("the meaning of an object does not depend on the order of its maps or on its metadata, and on everything else", () => {
  const view = (tags: readonly (readonly [string, string])[], description: string, meta: string): Uint8Array => {
    const spec = new Message();
    spec.setText(1, "stats");
    for (const [key, value] of tags) {
      const entry = new Message();
      entry.setText(1, key);
      entry.setText(2, value);
      spec.add(5, entry.encode());
    }
    spec.setText(10, description);
    const object = new Message();
    object.setMessage(1, spec);
    object.setText(2, meta);
    return object.encode();
  };
  const [a, b] = [
    ["team", "rides"],
    ["tier", "gold"],
  ] as const;
  const meaning = meaningOf("feature_view", view([a, b], "12", "x"));
  assert.equal(meaningOf("feature_view", view([b, a], "12", "y")), meaning);
  for (const other of [
    view([a, b], "21", "x"),
    view([a], "12", "x"),
    view(
      [
        ["team", "gold"],
        ["tier", "rides"],
      ],
      "12",
      "x",
    ),
  ]) {
    assert.notEqual(meaningOf("feature_view", other), meaning);
  }
});
