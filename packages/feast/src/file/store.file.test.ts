import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import type { RegistryChange } from "@asof/core";
import { registryStoreContract } from "@asof/testkit";
import { FeastRegistryFile } from "../registry/registry-file.ts";
import { translateError } from "./errors.ts";
import { openFileRegistry } from "./store.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-file-registry-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const freshPath = () => join(folder, `sub${count++}`, "registry.pb");
const golden = readFileSync(new URL("../../test/golden/registry.pb", import.meta.url));

registryStoreContract("file", () => openFileRegistry({ path: freshPath() }));

const put = (name: string, ifRevision: number | null): RegistryChange => ({
  op: "put",
  ifRevision,
  project: "p",
  kind: "source_state",
  name,
  repository: "",
  dataFingerprint: "",
  metadataFingerprint: "",
  spec: { name },
});
const change = (name: string) => ({ changes: [put(name, 0)], ifDefinitionsVersion: null });

async function makeRegistry(): Promise<string> {
  const path = freshPath();
  await using registry = await openFileRegistry({ path });
  await registry.commit(change("kept"), 1);
  return path;
}

function copyGolden(bytes: Uint8Array = golden): string {
  const path = freshPath();
  mkdirSync(dirname(path));
  writeFileSync(path, bytes);
  return path;
}

describe("registry in Feast's file", () => {
  test("reading makes no file; the first write makes folder and file; it is there after reopening", async () => {
    const path = freshPath();
    {
      await using registry = await openFileRegistry({ path });
      await registry.snapshot(null);
      assert.equal(existsSync(dirname(path)), false);
      await registry.commit(change("a"), 5);
    }
    await using reopened = await openFileRegistry({ path });
    assert.deepEqual(
      (await reopened.snapshot("p")).records.map((r) => [r.name, r.updatedAtUs]),
      [["a", 5]],
    );
    assert.deepEqual(readdirSync(dirname(path)).sort(), ["registry.pb", "registry.pb.asof", "registry.pb.lock"], "no draft is left");
  });

  test("a file that goes away under an open registry is an error until it is back, and none is made in its place", async () => {
    const path = freshPath();
    await using registry = await openFileRegistry({ path });
    await registry.commit(change("kept"), 1);
    for (const name of ["", ".asof"]) renameSync(`${path}${name}`, `${path}.away${name}`);
    const gone = { code: "ASOF_REGISTRY_FAILED", message: /was there and is gone/ };
    await assert.rejects(registry.snapshot(null), gone);
    await assert.rejects(registry.commit(change("lost"), 2), gone);
    await assert.rejects(registry.commit(change("lost"), 2), gone, "also a second time");
    assert.equal(existsSync(path), false);
    for (const name of ["", ".asof"]) renameSync(`${path}.away${name}`, `${path}${name}`);
    await registry.commit(change("new"), 3);
    assert.deepEqual(
      (await registry.snapshot("p")).records.map((r) => r.name),
      ["kept", "new"],
    );
  });

  test("two stores see each other's commits at once", async () => {
    const path = await makeRegistry();
    await using one = await openFileRegistry({ path });
    await using two = await openFileRegistry({ path });
    for (let i = 0; i < 20; i++) {
      await (i % 2 === 0 ? one : two).commit(change(`n${i}`), 1);
      assert.equal((await (i % 2 === 0 ? two : one).versions()).version, i + 2);
    }
    assert.deepEqual(await one.commit(change("n1"), 1), "conflict");
  });

  test("every byte of Feast's stays, whatever asof writes beside", async () => {
    const path = copyGolden();
    await using registry = await openFileRegistry({ path });
    await registry.commit(change("a"), 1);
    const [before, after] = [golden, readFileSync(path)].map((bytes) => FeastRegistryFile.decode(bytes));
    assert.ok(before !== undefined && after !== undefined);
    for (const kind of [
      "entity",
      "data_source",
      "feature_view",
      "on_demand_feature_view",
      "stream_feature_view",
      "feature_service",
    ] as const) {
      assert.deepEqual([...after.iterate(kind)], [...before.iterate(kind)]);
    }
    for (const kind of ["saved_dataset", "permission", "project", "feature_view_version"] as const) {
      assert.deepEqual([...after.iterate(kind)], [...before.iterate(kind)]);
    }
    assert.deepEqual(after.infra, before.infra);
  });

  test("a link stays a link, and the file keeps its mode", async () => {
    const path = await makeRegistry();
    const link = `${path}.link`;
    symlinkSync(path, link);
    chmodSync(path, 0o640);
    await using registry = await openFileRegistry({ path: link });
    await registry.commit(change("a"), 1);
    assert.equal(statSync(path).mode & 0o777, 0o640);
    await using direct = await openFileRegistry({ path });
    assert.equal((await direct.snapshot("p")).records.length, 2);
  });

  test("a truncated file is refused by code at every length, and left alone", async () => {
    const whole = readFileSync(await makeRegistry());
    for (const bytes of [
      golden.subarray(0, 1000),
      golden.subarray(0, golden.length - 1),
      whole.subarray(0, -1),
      whole.subarray(0, whole.length / 2),
    ]) {
      const path = copyGolden(bytes);
      await assert.rejects(openFileRegistry({ path, tornTimeoutMs: 50 }), { code: "ASOF_REGISTRY_UNREADABLE" });
      assert.equal(readFileSync(path).equals(bytes), true);
    }
    const text = copyGolden(Buffer.from("project: shop\n".repeat(100)));
    await assert.rejects(openFileRegistry({ path: text, tornTimeoutMs: 50 }), { code: "ASOF_REGISTRY_UNREADABLE" });
  });

  test("a registry of a newer Feast, and one of a newer asof, are refused by code", async () => {
    const newer = FeastRegistryFile.decode(golden);
    newer.setField(3, [Buffer.from("2")]);
    await assert.rejects(openFileRegistry({ path: copyGolden(newer.encode()) }), { code: "ASOF_REGISTRY_VERSION", message: /"2"/ });
    const path = await makeRegistry();
    writeFileSync(path, Buffer.from(readFileSync(path).toString("latin1").replace('{"format":1', '{"format":9'), "latin1"));
    await assert.rejects(openFileRegistry({ path }), { code: "ASOF_REGISTRY_VERSION", message: /format 9/ });
  });

  test("fields and kinds that a newer Feast adds stay byte for byte", async () => {
    const newer = FeastRegistryFile.decode(golden);
    const added = Buffer.from("0a03616263", "hex");
    newer.setField(77, [added]);
    const path = copyGolden(newer.encode());
    await using registry = await openFileRegistry({ path });
    await registry.commit(change("a"), 1);
    assert.deepEqual(FeastRegistryFile.decode(readFileSync(path)).getField(77).map(Buffer.from), [added]);
  });

  test("a file caught while it is being written is read when it is whole", async () => {
    const path = copyGolden(new Uint8Array());
    const pending = openFileRegistry({ path });
    await new Promise((resolve) => setTimeout(resolve, 60));
    writeFileSync(path, golden.subarray(0, 3000));
    await new Promise((resolve) => setTimeout(resolve, 60));
    writeFileSync(path, golden);
    await using registry = await pending;
    assert.equal((await registry.snapshot("compat")).records.filter((r) => r.kind === "feature_view").length, 3);
  });

  test("a writer waits for the lock without blocking its process, and is refused by code when it takes too long", async () => {
    const path = await makeRegistry();
    const holder = fork(new URL("./hold-lock.worker.ts", import.meta.url), [`${path}.lock`], { execArgv: ["--conditions=source"] });
    await once(holder, "message");
    await using impatient = await openFileRegistry({ path, busyTimeoutMs: 50 });
    await assert.rejects(impatient.commit(change("x"), 1), { code: "ASOF_REGISTRY_FAILED", message: /locked by another process/ });
    assert.equal((await impatient.snapshot("p")).records.length, 1, "readers do not wait");
    await using patient = await openFileRegistry({ path });
    const pending = patient.commit(change("late"), 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    holder.kill("SIGKILL");
    assert.deepEqual(await pending, { version: 2 }, "the lock of a dead process is nobody's");
  });

  test("what the file system refuses has a code", () => {
    const fault = (code: string) => Object.assign(new Error(code), { code });
    const codes = ["ENOSPC", "EDQUOT", "EACCES", "EROFS", "EIO"].map((code) => translateError(fault(code), "r.pb"));
    assert.deepEqual(
      codes.map((error) => (error as { code: string }).code),
      ["ASOF_REGISTRY_FULL", "ASOF_REGISTRY_FULL", "ASOF_REGISTRY_READ_ONLY", "ASOF_REGISTRY_READ_ONLY", "ASOF_REGISTRY_FAILED"],
    );
    const own = new TypeError("a fault of the program");
    assert.equal(translateError(own, "r.pb"), own);
  });
});
