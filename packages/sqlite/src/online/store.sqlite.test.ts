import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { onlineStoreContract } from "@asof/testkit";
import { openSqliteOnlineStore } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "asof-sqlite-online-"));
after(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
onlineStoreContract("sqlite", () => openSqliteOnlineStore({ path: join(root, `${count++}.db`) }));
