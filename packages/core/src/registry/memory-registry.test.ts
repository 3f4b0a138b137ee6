import { registryStoreContract } from "@asof/testkit";
import { openMemoryRegistry } from "./memory-registry.ts";

registryStoreContract("memory", async () => openMemoryRegistry());
