import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { openLmdbOnlineStore } from "@asof/lmdb";
import { onlineStoreContract } from "@asof/testkit";

const root = await mkdtemp(join(tmpdir(), "asof-lmdb-"));
let folders = 0;
after(() => rm(root, { recursive: true, force: true }));

onlineStoreContract("lmdb", () => openLmdbOnlineStore({ path: join(root, `contract-${folders++}`) }));
