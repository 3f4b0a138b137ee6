/** `asof apply` where the disk under the registry is really full: nothing changes, nothing is left behind, and Feast 0.67 still reads it. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { FeastProcess } from "@asof/testkit";
import { assertDone, assertFailed, runAsof, temporaryFolder, writeFiles } from "../command/command.test.support.ts";
import { fullDisk, limitedFiles } from "../command/obstacles.test.support.ts";
import { shopFiles, writeShop } from "../command/shop.test.support.ts";
import { applyFeastRepo, copyFeastRepo, listByFeast, sharedRegistries, startFeast } from "./feast-repo.test.support.ts";

const diskKib = 1024;
/** A definition file with one entity. */
const entityFile = (name: string, description: string): string => `import { entity, string } from "asof";
export const ${name} = entity("${name}", { key: { ${name}_id: string() }, description: ${description} });
`;
/** Twice the disk. */
const big = entityFile("big", `"x".repeat(${2 * 1024 * diskKib})`);
const isRegistry = (name: string): boolean => /^registry\.(pb|db)/.test(name);
/** Marks of running connections, which SQLite removes when the last of them ends properly. */
const isMark = (name: string): boolean => /-(wal|shm)$/.test(name);

/** A project whose registry is written, with what lies in its folder `data` only as long as it is on the small disk. */
interface Project {
  readonly folder: string;
  /** What Feast finds in the registry; null where it has none to read. */
  readonly listed: () => Promise<unknown>;
}

function filesOf(data: string): Readonly<Record<string, string>> {
  const names = readdirSync(data).filter((name) => isRegistry(name) && !isMark(name));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(data, name)).toString("base64")]));
}

/** Every kind of registry on both obstacles. The definitions are too large for the disk. */
function describeFullDisk(name: string, project: () => Project): void {
  describe(`a registry on a full disk, ${name}`, () => {
    for (const obstacle of [fullDisk, limitedFiles] as const) {
      test(`is as it was, by ${obstacle.name}, and takes the same apply when there is room`, async (t) => {
        const { folder, listed } = project();
        const data = join(folder, "data");
        const held = join(folder, "held");
        for (const place of [held, join(folder, "seen")]) rmSync(place, { recursive: true, force: true });
        cpSync(data, held, { recursive: true });
        mkdirSync(join(folder, "seen"));
        const [before, listedBefore] = [filesOf(data), await listed()];
        const { through, how } = obstacle === fullDisk ? fullDisk(data, diskKib) : limitedFiles(diskKib);
        t.diagnostic(how);
        const seen = `cp held/registry.* data/; "$0" "$@"; code=$?; cp data/registry.* seen/; exit $code`;
        writeFiles(folder, { "features/big.ts": big });
        const ended = await runAsof(["apply", "--skip-source-validation"], { cwd: folder, through: [...through, "sh", "-c", seen] });
        const says =
          /registry\.(pb|db) cannot be written.*: the disk is full.*Nothing was changed\. Make room and run the same command again/;
        assertFailed(ended, { status: 1, code: "ASOF_REGISTRY_FULL", says });
        assert.deepEqual(Object.keys(filesOf(join(folder, "seen"))), Object.keys(before), "nothing is left behind");

        // What the command saw on the small disk takes the place of what lies here.
        for (const file of readdirSync(data).filter(isRegistry)) rmSync(join(data, file));
        cpSync(join(folder, "seen"), data, { recursive: true });
        assert.deepEqual(await listed(), listedBefore);
        const entities = assertDone(await runAsof(["entities", "list"], { cwd: folder }));
        assert.match(entities, /^customer /m);
        assert.doesNotMatch(entities, /^big /m);
        if (name === "file") assert.deepEqual(filesOf(data), before);

        assertDone(await runAsof(["apply", "--skip-source-validation"], { cwd: folder }));
        assert.match(assertDone(await runAsof(["entities", "list"], { cwd: folder })), /^big /m);
        for (const file of readdirSync(data).filter(isRegistry)) rmSync(join(data, file));
        cpSync(held, data, { recursive: true });
        rmSync(join(folder, "features/big.ts"));
      });
    }
  });
}

for (const shared of sharedRegistries) {
  const folder = temporaryFolder({ after });
  let feast: FeastProcess;
  before(async () => {
    copyFeastRepo(folder, shared);
    feast = await startFeast(folder);
    await applyFeastRepo(feast);
    assertDone(await runAsof(["import", "feast", "."], { cwd: folder }));
    writeFileSync(join(folder, "features/more.ts"), entityFile("more", '"so that asof has written it"'));
    assertDone(await runAsof(["apply", "--skip-source-validation"], { cwd: folder }));
  });
  after(() => feast[Symbol.asyncDispose]());
  describeFullDisk(shared.name, () => ({ folder, listed: () => listByFeast(feast) }));
}

{
  const folder = writeShop(temporaryFolder({ after }));
  // The disk is the registry's alone.
  writeFiles(folder, { "feature_store.yaml": (shopFiles["feature_store.yaml"] ?? "").replace("data/online", "online") });
  before(async () => assertDone(await runAsof(["apply"], { cwd: folder })));
  describeFullDisk("sqlite", () => ({ folder, listed: async () => null }));
}
