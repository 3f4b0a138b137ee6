/**
 * Runs `asof demo` from the sources:
 *
 *   npm run demo                        the main job on real data
 *   npm run demo -- --inject-skew       breaks one feature on purpose: must fail and name it
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { resolve } from "node:path";

const command = resolve(import.meta.dirname, "../packages/asof/bin/asof.js");
const child = spawn(process.execPath, [command, "demo", ...process.argv.slice(2)], { stdio: "inherit" });
// Ctrl-C reaches the child by the terminal; what is sent to this process alone is passed on.
for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
process.on("SIGINT", () => undefined);
child.on("close", (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal ?? "SIGTERM"];
});
