/** Where a result cannot be written: said before any work, by code, with what stands in the way. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { assertDone, assertFailed, listFiles, runAsof, temporaryFolder } from "./command.test.support.ts";
import { readOnly } from "./obstacles.test.support.ts";
import { writeShop } from "./shop.test.support.ts";

const shop = writeShop(temporaryFolder({ after }));
const run = (...args: readonly string[]) => runAsof(args, { cwd: shop });
const training = ["get-historical-features", "-f", "profile:tier", "--spine", "labels.csv", "--out"];

before(async () => {
  writeFileSync(join(shop, "file"), "");
  for (const name of ["folder.csv", "folder.pb", "folder.json", "closed"]) mkdirSync(join(shop, name));
  assertDone(await run("apply"));
});

const commands: Readonly<Record<string, { readonly args: readonly string[]; readonly ending: string; readonly makesFolders: boolean }>> = {
  "get-historical-features": { args: training, ending: "csv", makesFolders: false },
  "export registry": { args: ["export", "registry", "--out"], ending: "pb", makesFolders: true },
  "export registry --format json": { args: ["export", "registry", "--format", "json", "--out"], ending: "json", makesFolders: true },
};

for (const [name, { args, ending, makesFolders }] of Object.entries(commands)) {
  describe(name, () => {
    const refused = async (out: string, says: RegExp, through: readonly string[] = []) => {
      const before = listFiles(shop);
      const ended = await runAsof([...args, out], { cwd: shop, through });
      assertFailed(ended, { status: 1, code: "ASOF_OUTPUT_FAILED", says });
      assert.doesNotMatch(ended.stderr, /reading the spine|E[A-Z]{4,}:/, "before any work, in words");
      assert.deepEqual(listFiles(shop), before);
    };

    test("says that a folder is in the place of the file", () =>
      refused(`folder.${ending}`, /folder\.\w+ cannot be written: it is a folder/));

    test("says that a file is in the place of a folder", () => refused(`file/x.${ending}`, /cannot be written: \S+file is a file\./));

    test("says that the folder may not be written", () =>
      refused(`closed/x.${ending}`, /the folder \S+closed may not be written/, readOnly(join(shop, "closed")).through));

    test(makesFolders ? "makes folders that are not there" : "says that there is no such folder", async () => {
      const out = `none-${ending}/x.${ending}`;
      if (!makesFolders) return refused(out, /there is no folder \S+none-csv\. Make the folder/);
      assertDone(await run(...args, out));
      assert.ok(existsSync(join(shop, out)));
    });

    if (makesFolders)
      test("leaves what is there already", async () => {
        writeFileSync(join(shop, `there.${ending}`), "kept");
        await refused(`there.${ending}`, /is there already; nothing was written/);
        assert.equal(readFileSync(join(shop, `there.${ending}`), "utf8"), "kept");
      });
  });
}

test("a folder of files: a file in its place, no folder above it", async () => {
  const refused = async (out: string, says: RegExp) =>
    assertFailed(await run(...training, out), { status: 1, code: "ASOF_OUTPUT_FAILED", says });
  await refused("file/", /it is a file\. Remove it, or name another folder/);
  await refused("file/deeper/", /\S+file is a file/);
  await refused("none/deeper/", /there is no folder \S+none/);
});
