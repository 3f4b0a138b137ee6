import { pointInTimeSuite } from "@asof/testkit";
import { openDuckDbEngine } from "./engine.test.support.ts";

pointInTimeSuite("duckdb", openDuckDbEngine);
