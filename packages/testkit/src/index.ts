// contract

// point in time: cases, oracle, planted bugs
export { type PlantedBug, plantedBugs } from "./bugs/planted-bugs.ts";
export { type ContractCase, describeContract, type Gap } from "./contract/describe-contract.ts";
export { onlineStoreContract } from "./contract/online-store.ts";
export { registryStoreContract } from "./contract/registry-store.ts";
// random values
export { anyExpression, type ExpressionColumn } from "./generate/any-expression.ts";
export { anyType } from "./generate/any-type.ts";
export { anyValue, everyType } from "./generate/any-value.ts";
export { type Case, fromJsonText, type Storage, type TimeUnit, toJsonText } from "./generate/case.ts";
export { type CaseGroup, defaultRun, generateRun, type RunOptions } from "./generate/default-run.ts";
export { findMinimal, shrink } from "./generate/shrink.ts";
export type { Answer, SourceRow, SourceTable, SourceTables, SpineRow } from "./oracle/data.ts";
export { oracle } from "./oracle/oracle.ts";
export { designRules, type Rules } from "./oracle/rules.ts";
export { describeValues } from "./oracle/statistics.ts";
// parity law: worlds, schedules, dying processes
export { faultyOnlineStore, type Kill, KillSwitch, SimulatedKill, unorderedOnlineStore } from "./parity/faulty-online-store.ts";
export { randomErasureCase, randomParityCase } from "./parity/generate-parity.ts";
export type { IngestStep, ParityCase, ParityStep } from "./parity/parity-case.ts";
export { type ParityDriver, runSchedule, type ScheduleOutcome } from "./parity/run-schedule.ts";
export { findMinimalParity, shrinkParity } from "./parity/shrink-parity.ts";
export { WorldFiles } from "./parity/world-files.ts";
export { type FakeClock, fakeClock } from "./random/fake-clock.ts";
export { chance, choose, int, seededRandom, shuffle, times } from "./random/seeded-random.ts";
export { type Comparison, compareResults, type Mismatch, printComparison } from "./run/compare-results.ts";
export { DecisionCounter } from "./run/count-decisions.ts";
export type { FileColumn, InstantType, OfflineEngine } from "./run/engine.ts";
export { labelsSuite } from "./run/labels-suite.ts";
export { momentsSuite } from "./run/moments-suite.ts";
export { pointInTimeSuite } from "./run/point-in-time-suite.ts";
// sample definitions
export { sample } from "./sample/repository.ts";
// services
export { FeastProcess, PythonError } from "./service/feast-process.ts";
export { feastPython, feastVersions } from "./service/feast-python.ts";
