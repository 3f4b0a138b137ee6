// error

// definition
export { acceptsArgument, aggregateResultType, isOrderSensitive } from "./definition/aggregate-type.ts";
export type * from "./definition/model.ts";
export { type ErrorCode, errorCodes } from "./error/codes.ts";
export { AsofError, assert, type Issue, printValue } from "./error/error.ts";
// expression
export type * from "./expression/node.ts";
export { releaseHeldRows } from "./flow/held-rows.ts";
// flow
export {
  type HistoricalContext,
  type HistoricalQuery,
  HistoricalResult,
  type PlannedRetrieval,
  planHistorical,
  runHistorical,
} from "./flow/historical.ts";
export { type PushRequest, push, pushSource, viewsOf, writeViews } from "./flow/ingest.ts";
export type { ViewProgress } from "./flow/jobs.ts";
export { type MaterializeOutcome, type MaterializeProgress, type MaterializeRequest, materialize } from "./flow/materialize.ts";
export { compileOnline, type EntityRow, type OnlineProgram } from "./flow/online.ts";
export { type AnsweredRow, type FeatureStatus, OnlineAnswer } from "./flow/online-answer.ts";
export { compareParity, type ParityMismatch, type ParityReport, type ParityRequest } from "./flow/parity.ts";
export { type PushCounts, pushRowsMax } from "./flow/push.ts";
export { RegistryCache, type RegistryView, registeredService, storedView, viewRegistry } from "./flow/registry-view.ts";
export { defaultFlowSettings, type FlowSettings, type Runtime } from "./flow/runtime.ts";
export type { FeatureCoverage, ServedRegistry, ServedView } from "./flow/served.ts";
// request plans
export { planRequest, type RequestOutput, type RequestPlan, type RequestPlanOptions, type StoredUse } from "./plan/request-plan.ts";
// platform
export { type Clock, systemClock } from "./platform/clock.ts";
export { type Random, systemRandom } from "./platform/random.ts";
// point-in-time
export type * from "./point-in-time/join-plan.ts";
// registry
export { canonicalJson, fingerprintOf } from "./registry/canonical-json.ts";
export { type EncodedDefinition, encodeDefinition, recordKindOf } from "./registry/encode-definition.ts";
export type { FeatureFilter, FeatureRegistry, LineageFact, RegisteredFeature } from "./registry/feature-registry.ts";
export { lineageNode } from "./registry/lineage.ts";
export { openMemoryRegistry } from "./registry/memory-registry.ts";
export { decodeModels, type ModelsByName, modelsFromSnapshot, repositoryFromSnapshot, servedViewOf } from "./registry/models.ts";
export { rowSchemaOf } from "./registry/row-schema.ts";
export {
  decodeSourceState,
  encodeSourceState,
  moveHandover,
  newSourceState,
  recordIngest,
  type SourceState,
} from "./registry/source-state.ts";
export {
  sourceStateKey,
  updateSourceState,
  updateState,
  updateStates,
  updateViewState,
  viewStateKey,
} from "./registry/update-state.ts";
export {
  addSchema,
  type Coverage,
  forgetGenerations,
  hasOnlineData,
  type IncrementalCursor,
  newViewState,
  recordCoverage,
  recordCursor,
  recordMaterialized,
  type ServedDefinition,
  startBuilding,
  switchGeneration,
  type ViewState,
  writeGeneration,
} from "./registry/view-state.ts";
export { decodeViewState, encodeViewState } from "./registry/view-state-codec.ts";
// store
export { openMemoryOnlineStore } from "./store/memory-online.ts";
// store contracts
export type * from "./store/offline.ts";
export type * from "./store/online.ts";
export { type RowPacker, type RowReader, rowPacker, rowReader } from "./store/packed-row.ts";
export type * from "./store/registry.ts";
export { definitionKinds } from "./store/registry.ts";
export { rowSchema } from "./store/row-schema.ts";
// value
export { asBuffer, ByteWriter, compareBytes } from "./value/bytes.ts";
export { compileRowCodec, type RowCodec } from "./value/codec.ts";
export { decimalToUnscaled, fitsPrecision, parseUnscaled, unscaledToDecimal } from "./value/decimal.ts";
export { formatDuration, parseDuration } from "./value/duration.ts";
export { equalValues } from "./value/equality.ts";
export { sha256Hex } from "./value/hash.ts";
export { valueFromJson, valueFromText, valueToJson } from "./value/json.ts";
export { compileKeyDecoder, compileKeyEncoder, decodeEntityKey, encodeEntityKey } from "./value/key.ts";
export { compileNormalizer, type Normalizer, normalizeValue } from "./value/normalize.ts";
export {
  compareText,
  compareValue,
  compileOrderKey,
  encodeOrderKey,
  orderColumns,
  type ValueComparison,
  valueComparison,
} from "./value/order.ts";
export { civilFromDays, dateToDays, daysToDate, floorTo, formatInstant, instantToDays, parseInstant } from "./value/time.ts";
export { isNumeric, isOrderable, printType, sameType, type Value, type ValueKind, type ValueType } from "./value/type.ts";
