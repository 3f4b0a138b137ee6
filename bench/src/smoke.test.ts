import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const fields = ["bench", "case", "unit", "ours", "peer", "peerName", "ratio", "bar", "holds", "checksum", "peerChecksum"];

/** Benches with the least number of cases each has, and of those that compare an answer with a peer's. */
const benches = [
  { name: "pit", cases: 1, compared: 1 },
  { name: "windows", cases: 4, compared: 3 },
  { name: "materialize", cases: 1, compared: 0 },
  { name: "online", cases: 2, compared: 2 },
  { name: "registry", cases: 3, compared: 1 },
  { name: "cli", cases: 1, compared: 0 },
];

/** The bench as `npm run bench` starts it; nothing of it may depend on how fast the machine is. */
async function runBench(...args: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const run = resolve(import.meta.dirname, "../run.ts");
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=source", run, ...args]);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("every bench prints its cases as lines of JSON, with the answers of its peers", async () => {
  const lines = await runBench("--smoke", "--json");
  for (const line of lines) {
    const label = `${line.bench}: ${line.case}`;
    assert.deepEqual(Object.keys(line), fields, label);
    assert.ok(typeof line.ours === "number" && line.ours > 0, label);
    assert.ok(typeof line.checksum === "string" && line.checksum !== "", label);
    assert.equal(line.peer === null, line.peerName === null, label);
    assert.equal(line.peer === null, line.ratio === null, label);
    if (line.peerChecksum !== null) assert.equal(line.peerChecksum, line.checksum, label);
    assert.notEqual(line.holds, false, label);
  }
  for (const { name, cases, compared } of benches) {
    const own = lines.filter((line) => line.bench === name);
    assert.ok(own.length >= cases, `${name} has ${own.length} cases`);
    assert.ok(own.filter((line) => line.peerChecksum !== null).length >= compared, `${name} compares too few answers`);
  }
  assert.deepEqual(
    [...new Set(lines.map((line) => line.bench))],
    benches.map((bench) => bench.name),
  );
});

test("a bench that there is not is refused with those that there are", async () => {
  await assert.rejects(runBench("nothing"), { code: 2, stderr: /no bench is called nothing; there are: pit, windows,/ });
});
