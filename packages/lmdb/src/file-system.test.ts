import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { mountType, probeFileSystem } from "./file-system.ts";

const mounts = [
  "/dev/vda1 / ext4 rw,relatime 0 0",
  "proc /proc proc rw 0 0",
  "nas:/home /home nfs4 rw,vers=4.2 0 0",
  "/dev/vdb1 /home/local xfs rw 0 0",
  "me@host:/ /mnt/my\\040disk fuse.sshfs rw 0 0",
  "tmpfs /srv tmpfs rw 0 0",
  "srv:/x /srv nfs rw 0 0",
  "",
].join("\n");

test("the innermost mount decides, of two on one point the later one", () => {
  const expected: readonly (readonly [string, string | null])[] = [
    ["/", "ext4"],
    ["/homestead/data", "ext4"],
    ["/home", "nfs4"],
    ["/home/me/data", "nfs4"],
    ["/home/local/data", "xfs"],
    ["/mnt/my disk/x", "fuse.sshfs"],
    ["/srv/x", "nfs"],
  ];
  for (const [folder, type] of expected) assert.equal(mountType(mounts, folder), type, folder);
  assert.equal(mountType("", "/x"), null);
});

test("this machine's folders have a type, also those that do not exist yet", { skip: process.platform !== "linux" }, async () => {
  const type = await probeFileSystem(tmpdir());
  assert.ok(type !== null && type !== "");
  assert.equal(await probeFileSystem(`${tmpdir()}/not/yet/there`), type);
});
