import { labelsSuite } from "@asof/testkit";
import { openDuckDbEngine } from "./engine.test.support.ts";

labelsSuite("duckdb", openDuckDbEngine);
