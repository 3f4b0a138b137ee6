/** `asof delete` with the real command: counting, asking, erasing, listing, lifting, and what is left on disk. */
import assert from "node:assert/strict";
import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { assertDone, assertFailed, copyProject, runAsof, temporaryFolder } from "./command.test.support.ts";
import { writeShop } from "./shop.test.support.ts";

/** Long enough to be found in any file that has it, as text or as an int64. */
const key = "4503599627370497";

describe("asof delete", () => {
  const prepared = writeShop(temporaryFolder({ after }));
  const at = "2024-01-11T00:00:00Z";
  const run = (shop: string, ...args: readonly string[]) => runAsof(args, { cwd: shop });

  before(async () => {
    appendFileSync(join(prepared, "data/profiles.csv"), `${key},2024-01-05T00:00:00Z,2024-01-05T00:00:00Z,gold,1\n`);
    assertDone(await run(prepared, "apply"));
    writeFileSync(
      join(prepared, "clicks.json"),
      JSON.stringify([
        { customer_id: Number(key), event_timestamp: "2024-01-10T23:50:00Z", page: "erased-page" },
        { customer_id: 1, event_timestamp: "2024-01-10T23:50:00Z", page: "home" },
      ]),
    );
    assertDone(await run(prepared, "push", "clicks", "--rows", "clicks.json", "--idempotency-key", "k"));
    assertDone(await run(prepared, "materialize-incremental"));
  });

  const values = async (shop: string): Promise<unknown> => {
    const asked = ["-f", "profile:tier", "-f", "clicked:clicks_1h", "-e", `customer_id=${key}`, "--at", at];
    const online = JSON.parse(assertDone(await run(shop, "get-online-features", ...asked, "--json")));
    const offline = JSON.parse(assertDone(await run(shop, "get-historical-features", ...asked, "--json")));
    return { online: online.rows?.[0] ?? online[0], offline: offline.rows?.[0] ?? offline[0] };
  };

  test("counts, refuses to go on unasked, erases, and stays erased", async (t) => {
    const shop = copyProject(t, prepared);
    const entity = ["--entity", `customer_id=${key}`];
    assert.match(JSON.stringify(await values(shop)), /gold/);
    const counted = JSON.parse(assertDone(await run(shop, "delete", ...entity, "--dry-run", "--json")));
    assert.equal(existsSync(join(shop, "data/erasure.key")), false, "a dry run makes no secret");
    assertFailed(await run(shop, "delete", ...entity), { status: 2, code: "ASOF_USAGE", says: /--yes/ });
    assert.match(JSON.stringify(await values(shop)), /gold/);

    const report = JSON.parse(assertDone(await run(shop, "delete", ...entity, "--yes", "--json")));
    for (const part of ["online", "logs", "stillHeld"]) assert.deepEqual(report[part], counted[part], part);
    assert.deepEqual(report.logs, [{ source: "clicks", removed: 1, cleared: 0, kept: 0, files: 1 }]);
    assert.deepEqual(
      report.stillHeld.map((h: { source: string; paths: readonly string[]; rows: number }) => [h.source, h.paths, h.rows]),
      [["profiles", ["data/profiles.csv"], 1]],
    );
    assert.doesNotMatch(JSON.stringify(await values(shop)), /gold|:1\b/);

    appendFileSync(join(shop, "data/profiles.csv"), `${key},2024-01-10T12:00:00Z,2024-01-10T12:00:00Z,gold,2\n`);
    assertDone(await run(shop, "materialize", "2024-01-01", at));
    const pushed = assertDone(await run(shop, "push", "clicks", "--rows", "clicks.json", "--idempotency-key", "k"));
    assert.match(pushed, /1 of an erased key/);
    assert.doesNotMatch(JSON.stringify(await values(shop)), /gold|:1\b/);

    const listed = assertDone(await run(shop, "delete", "--list"));
    assert.match(listed, /customer_id/);
    assert.ok(listed.includes(report.id.slice(0, 12)) && !listed.includes(key));
    assert.match(assertDone(await run(shop, "jobs")), /delete +succeeded/);

    assert.match(assertDone(await run(shop, "delete", "--lift", ...entity)), /Lifted/);
    assert.doesNotMatch(JSON.stringify(await values(shop)), /gold|:1\b/, "what was before stays erased");
    assertFailed(await run(shop, "delete", "--lift", ...entity), { status: 2, code: "ASOF_OBJECT_UNKNOWN" });
  });

  test("the report for people names places and files", async (t) => {
    const shop = copyProject(t, prepared);
    const said = assertDone(await run(shop, "delete", "-e", `customer_id=${key}`, "--yes"));
    assert.match(said, /online profile v0 +1 row\n/);
    assert.match(said, /online clicked v0 +1 state\n/);
    assert.match(said, /log of clicks +1 row in 1 file\n/);
    assert.match(said, /profiles +csv +1 row +data\/profiles\.csv/);
    assert.ok(!said.includes(key));
    const again = assertDone(await run(shop, "delete", "-e", `customer_id=${key}`, "--yes"));
    assert.match(again, /online profile v0 +0 rows\n/);
  });

  test("the key's bytes are in no file of the registry or the log, and the secret in none but its own", async (t) => {
    const shop = copyProject(t, prepared);
    const data = join(shop, "data");
    const filesWith = (needles: readonly Buffer[]): readonly string[] =>
      readdirSync(data, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((path) => needles.some((needle) => readFileSync(path).includes(needle)))
        .map((path) => path.slice(data.length + 1));
    const littleEndian = Buffer.alloc(8);
    littleEndian.writeBigInt64LE(BigInt(key));
    // A row held back lies in the registry until it is due.
    const later = new Date(Date.now() + 3_600_000).toISOString();
    writeFileSync(join(shop, "later.json"), JSON.stringify([{ customer_id: Number(key), event_timestamp: later, page: "erased-page" }]));
    assert.match(assertDone(await run(shop, "push", "clicks", "--rows", "later.json")), /1 held back/);
    const own = [Buffer.from(key), littleEndian, Buffer.from("erased-page")];
    assert.ok(filesWith(own).some((path) => path.startsWith("log/")) && filesWith(own).some((path) => path.startsWith("registry")));
    assertDone(await run(shop, "delete", "-e", `customer_id=${key}`, "--yes"));
    assert.deepEqual(
      filesWith(own).filter((path) => !path.startsWith("online")),
      ["profiles.csv"],
    );
    const secret = readFileSync(join(data, "erasure.key"), "utf8").trim();
    assert.equal(secret.length, 64);
    assert.equal(statSync(join(data, "erasure.key")).mode & 0o777, 0o600);
    assert.deepEqual(filesWith([Buffer.from(secret), Buffer.from(secret, "hex")]), ["erasure.key"]);
  });

  test("a lost or foreign secret stops everything, and can be given up", async (t) => {
    const shop = copyProject(t, prepared);
    const secret = join(shop, "data/erasure.key");
    assertDone(await run(shop, "delete", "-e", `customer_id=${key}`, "--yes"));
    renameSync(secret, `${secret}.away`);
    const read = ["get-online-features", "-f", "profile:tier", "-e", "customer_id=1", "--at", at];
    assertFailed(await run(shop, ...read), { status: 2, code: "ASOF_ERASURE_KEY", says: /erasure\.key/ });
    assertFailed(await run(shop, "push", "clicks", "--rows", "clicks.json"), { status: 2, code: "ASOF_ERASURE_KEY" });
    writeFileSync(secret, "not hex");
    assertFailed(await run(shop, ...read), { status: 2, code: "ASOF_ERASURE_KEY" });
    writeFileSync(secret, `${"ab".repeat(32)}\n`);
    assertFailed(await run(shop, ...read), { status: 2, code: "ASOF_ERASURE_KEY", says: /--forget-lost/ });
    assert.match(assertDone(await run(shop, "delete", "--forget-lost", "--yes")), /^1 erasure/);
    assertDone(await run(shop, ...read));
    rmSync(secret);
    appendFileSync(join(shop, "feature_store.yaml"), ["erasure:", `  key: ${"$"}{SHOP_ERASURE_KEY}`, ""].join("\n"));
    const variable = { SHOP_ERASURE_KEY: "cd".repeat(32) };
    assertDone(await runAsof(["delete", "-e", `customer_id=${key}`, "--yes"], { cwd: shop, environment: variable }));
    assert.equal(existsSync(secret), false);
    const short = await runAsof(["delete", "--list"], { cwd: shop, environment: { SHOP_ERASURE_KEY: "hush-hush" } });
    assertFailed(short, { status: 2, code: "ASOF_CONFIG_INVALID", says: /erasure\.key/ });
    assert.ok(!short.stderr.includes("hush-hush"));
  });

  test("wrong use is refused", async (t) => {
    const shop = copyProject(t, prepared);
    const refused = async (args: readonly string[], code: string, says: RegExp) =>
      assertFailed(await run(shop, "delete", ...args), { status: 2, code, says });
    await refused([], "ASOF_USAGE", /No entity key/);
    await refused(["--list", "-e", "customer_id=1"], "ASOF_USAGE", /takes no entity key/);
    await refused(["--lift", "--dry-run", "-e", "customer_id=1"], "ASOF_USAGE", /exclude each other/);
    await refused(["-e", "customer_id"], "ASOF_USAGE", /key=value/);
    await refused(["-e", "customer_id=1", "-e", "customer_id=2", "--yes"], "ASOF_USAGE", /twice/);
    await refused(["-e", "nobody=1", "--yes"], "ASOF_OBJECT_UNKNOWN", /customer \(customer_id\)/);
    await refused(["-e", "customer_id=abc", "--yes"], "ASOF_VALUE_INVALID", /customer_id/);
  });
});
