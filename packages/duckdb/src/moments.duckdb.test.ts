import { momentsSuite } from "@asof/testkit";
import { openDuckDbEngine } from "./engine.test.support.ts";

momentsSuite("duckdb", openDuckDbEngine);
