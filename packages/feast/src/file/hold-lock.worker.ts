import { FileLock } from "./lock.ts";

/** Takes the lock that its argument names, says so, and keeps it until it is killed. */
const [, , path = ""] = process.argv;
await new FileLock(path, 1000).hold(() => {
  process.send?.("held");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
});
