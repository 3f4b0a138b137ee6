import { openMemoryOnlineStore } from "@asof/core";
import { onlineStoreContract } from "@asof/testkit";

onlineStoreContract("memory", async () => openMemoryOnlineStore());
