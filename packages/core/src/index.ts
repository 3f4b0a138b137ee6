// aggregate
export { type Aggregate as AggregateAlgebra, aggregateOf } from "./aggregate/algebra.ts";
export type { RowOrder } from "./aggregate/row-order.ts";
export {
  alignHandover,
  type BatchReplacement,
  type CompleteInterval,
  type Coverage,
  compileWindowedView,
  type ExplainedEvent,
  type ExplainedTile,
  type KeyState,
  type LiveOutcome,
  type StateChange,
  type StoredSchemas,
  type WindowEvent,
  type WindowExplanation,
  type WindowProgram,
  type WindowRead,
  windowSchema,
} from "./aggregate/window-program.ts";
// error

export { acceptsArgument, aggregateResultType, isOrderSensitive } from "./definition/aggregate-type.ts";
// definition: the user API
export {
  type Aggregate,
  type AggregateOptions,
  avg,
  count,
  type Derived,
  type DispersionOptions,
  type DistinctOptions,
  derive,
  distinctCount,
  type Feature,
  first,
  firstN,
  last,
  lastN,
  max,
  min,
  type NumericExpr,
  type OrderedExpr,
  stddev,
  sum,
  variance,
} from "./definition/aggregates.ts";
// definition: what works on definitions
export { tablesOf } from "./definition/check-source.ts";
export { collectDefinitions } from "./definition/collect.ts";
export { type AnyDefinition, isDefinition, issuesOf, modelOf, referenceOf } from "./definition/definition.ts";
export type { Duration } from "./definition/duration.ts";
export { type AnyEntity, type Entity, type EntityOptions, entity } from "./definition/entity.ts";
export type {
  AnyExpr,
  BoolExpr,
  BytesExpr,
  CastTarget,
  Condition,
  DateExpr,
  DateParts,
  DecimalExpr,
  Expr,
  ExprByClass,
  InstantLiteral,
  NestedExpr,
  NumberClass,
  NumberExpr,
  NumberJs,
  Numeric,
  OfKind,
  Ordered,
  Promotion,
  RowOf,
  ScalarExpr,
  TextExpr,
  TimeExpr,
  UuidExpr,
} from "./definition/expr-types.ts";
export { featureView, type ViewOptions } from "./definition/feature-view.ts";
export { foreignView } from "./definition/foreign-view.ts";
export { from } from "./definition/from.ts";
export {
  type AnyScalarExpr,
  type CaseBuilder,
  caseWhen,
  coalesce,
  type FreeLiteral,
  type FreeType,
  greatest,
  least,
  literal,
} from "./definition/functions.ts";
export { type AnyLabel, type Label, type LabelOptions, label } from "./definition/label.ts";
export type {
  AggregateFunction,
  AggregateModel,
  ColumnModel,
  CsvFormat,
  EntityModel,
  FeatureModel,
  FileSourceModel,
  LabelModel,
  Meta,
  NamedValue,
  ObjectModel,
  PlainViewModel,
  PushSourceModel,
  RepositoryModel,
  RequestViewModel,
  ServiceModel,
  SourceModel,
  SqlSourceModel,
  StreamModel,
  ViewModel,
  ViewReference,
  WindowedViewModel,
} from "./definition/model.ts";
export { json, list, map, set, struct, vector } from "./definition/nested-types.ts";
export { physicalName } from "./definition/physical-name.ts";
export { didYouMean, nearest } from "./definition/read.ts";
export { isLabel } from "./definition/read-references.ts";
export { type ComputeInput, type RequestViewOptions, requestView } from "./definition/request-view.ts";
export type {
  FeatureStatus,
  FlatFeatures,
  Interval,
  Knowledge,
  LabelColumns,
  OnlineFeatures,
  Selected,
  ServiceOf,
  SpineColumns,
  SpineReference,
  TrainingRow,
  TrainingSet,
  TypedRetrieval,
  Wanted,
  WriteOptions,
  Written,
} from "./definition/retrieval-types.ts";
export { type AnyService, featureService, type Service } from "./definition/service.ts";
export {
  type AnySource,
  type Columns,
  type CsvOptions,
  csv,
  type KafkaOptions,
  kafka,
  type ParquetOptions,
  type PushSourceOptions,
  parquet,
  push,
  type Source,
  type SqlOptions,
  type Stream,
  sql,
} from "./definition/source.ts";
export type { NoExtra, Nothing, TypeMessage } from "./definition/type-message.ts";
export { validateRepository, validateUses } from "./definition/validate.ts";
export {
  type AnyKeyType,
  type AnyMapKey,
  type AnyNotNull,
  type AnyScalar,
  type AnyValueType,
  type Bool,
  type Bytes,
  bool,
  bytes,
  type CalendarDate,
  type Decimal,
  date,
  decimal,
  type Float32,
  type Float64,
  float32,
  float64,
  type Int32,
  type Int64,
  int32,
  int64,
  type JsonText,
  type List,
  type MapOf,
  type MetaOptions,
  type NestedTag,
  type Nullable,
  nullable,
  type SetOf,
  type Struct,
  type StructFields,
  string,
  type TagText,
  type Text,
  type Timestamp,
  timestamp,
  type Uuid,
  uuid,
  type ValueClass,
  type Vector,
  valueTypeOf,
} from "./definition/value-types.ts";
export type { AnyView, ValuesOf, View } from "./definition/view.ts";
export { checkWindow, defaultHopUs, tailUs } from "./definition/window.ts";
export { type ErrorCode, errorCodes } from "./error/codes.ts";
export { AsofError, assert, type Issue, printValue, sentenceOf } from "./error/error.ts";
export { canCast } from "./expression/cast.ts";
export { columnsOf } from "./expression/columns.ts";
export type { ColumnLayout } from "./expression/compile-node.ts";
export type { ExpressionDialect, TimePart } from "./expression/dialect.ts";
// expression
export { compileExpression, compileFilter } from "./expression/evaluate.ts";
export type { CallNode, CaseNode, ColumnNode, ExpressionNode, LiteralNode, Operator } from "./expression/node.ts";
export { expressionFault } from "./expression/signature.ts";
export { printExpression } from "./expression/sql.ts";
export { checkOnline } from "./flow/check-online.ts";
export { checkSources } from "./flow/check-sources.ts";
export {
  type DeleteRequest,
  type DeletionReport,
  deleteEntity,
  forgetLostErasures,
  liftErasure,
  listErasures,
} from "./flow/delete-entity.ts";
export type { EntityKey, KeyRemoval, OnlineRemoval } from "./flow/erase-key.ts";
export { type ErasureSecret, type Erasures, openErasures } from "./flow/erasures.ts";
export { type EchoedColumn, FeastAnswer, type FeastColumn, shapeAsFeast } from "./flow/feast-answer.ts";
export { type EntityColumns, readEntitiesAsFeast } from "./flow/feast-entities.ts";
export { FeastException } from "./flow/feast-error.ts";
export { refuseServiceCollisions, resolveAsFeast, serviceNotFound, versionsNotServed } from "./flow/feast-references.ts";
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
export { keyColumns, type PushRequest, push as pushRows, pushSource, writeViews } from "./flow/ingest.ts";
export type { ViewProgress } from "./flow/jobs.ts";
export { loadLineage } from "./flow/load-lineage.ts";
export {
  type MaterializedView,
  type MaterializeOutcome,
  type MaterializeProgress,
  type MaterializeRequest,
  materialize,
} from "./flow/materialize.ts";
export { type MaterializeToNowRequest, materializeToNow } from "./flow/materialize-to-now.ts";
export { compileOnline, type EntityRow, type OnlineProgram } from "./flow/online.ts";
export { type AnsweredRow, OnlineAnswer } from "./flow/online-answer.ts";
export { compareParity, type ParityMismatch, type ParityReport, type ParityRequest, type ServedAnswer } from "./flow/parity.ts";
export { eventTimeOf, type PushCounts, parsePushedRows, sourceColumns, writeRowsOnline } from "./flow/push.ts";
export {
  onlineViewOf,
  RegistryCache,
  type RegistryView,
  refuseVersionText,
  registeredService,
  storedView,
  viewRegistry,
} from "./flow/registry-view.ts";
export { entityKeyTypes } from "./flow/resolve-entity-key.ts";
export { keptVersion, projectsOf, resolveVersions, servedVersion } from "./flow/resolve-versions.ts";
export { defaultFlowSettings, type FeastCompatibility, type FlowSettings, type Runtime } from "./flow/runtime.ts";
export type { FeatureCoverage, ServedRegistry, ServedView } from "./flow/served.ts";
export type { SourceHolding } from "./flow/source-holdings.ts";
export {
  type ComputeStatisticsRequest,
  computeStatistics,
  type KeptStatistics,
  type ListStatisticsRequest,
  listStatistics,
} from "./flow/statistics.ts";
export {
  type ActivateOptions,
  type ActivateOutcome,
  activateVersion,
  type DroppedVersion,
  diffVersions,
  dropVersion,
  listVersions,
  type VersionDifference,
  type VersionInfo,
} from "./flow/versions.ts";
export { explainValue, type WhyAnswer, type WhyRequest, type WhyRow } from "./flow/why.ts";
// plan
export { type ApplyOutcome, applyDefinitions, applyPlan, throwRefusals } from "./plan/apply-plan.ts";
export { createFeatureRegistry, type FeatureRegistryConfig } from "./plan/create-feature-registry.ts";
export { printExpressionText } from "./plan/expression-text.ts";
export { printFieldChange, printFieldPath } from "./plan/field-text.ts";
export {
  type FieldDifference,
  type Implications,
  type Plan,
  type PlanAction,
  type PlanEntry,
  type PlanKind,
  type PlanOptions,
  type PlanWarning,
  printObject,
} from "./plan/plan.ts";
export { planChanges } from "./plan/plan-changes.ts";
export { planToJson } from "./plan/plan-json.ts";
export { type RenderOptions, renderPlan } from "./plan/render-plan.ts";
// request plans
export { planRequest, type RequestOutput, type RequestPlan, type RequestPlanOptions, type StoredUse } from "./plan/request-plan.ts";
export { snapshotForPlan } from "./plan/shared-views.ts";
export { teardownPlan } from "./plan/teardown-plan.ts";
// platform
export { type Clock, systemClock } from "./platform/clock.ts";
export { type Random, systemRandom } from "./platform/random.ts";
export { sleep } from "./platform/sleep.ts";
// point-in-time
export { compileJoin, refuseNameCollisions } from "./point-in-time/compile-join.ts";
export type { AggregateDialect, Dialect, EngineColumn, Fold, InstantRange, StatisticsDialect } from "./point-in-time/dialect.ts";
export { type BoundHistory, countUndated, type HistoryQuery, logColumns, selectHistory } from "./point-in-time/history-sql.ts";
export type { ErasedKey, History, Immature, JoinPlan, LabelJoin, LogReference, SpinePlan, ViewJoin } from "./point-in-time/join-plan.ts";
export { selectKnownEnd } from "./point-in-time/labels-sql.ts";
export { type Moments, selectMoments } from "./point-in-time/moments-sql.ts";
export type {
  HistoryTables,
  JoinProgram,
  JoinTables,
  OutputColumn,
  ReportQuery,
  SideColumn,
  SideTable,
  SpineTable,
  Step,
} from "./point-in-time/program.ts";
export { compilePull } from "./point-in-time/pull-sql.ts";
export {
  type DescribedRows,
  describeColumns,
  planValuesAtEnd,
  type StatisticsEngine,
  selectActiveKeys,
  selectPlainRows,
} from "./point-in-time/statistics.ts";
export {
  type FeatureStatistics,
  type Histogram,
  type QuantileName,
  quantilePercents,
  type StatisticsLimits,
  type StatisticsRequest,
  statisticsLimits,
  type TopValue,
  type ViewStatistics,
} from "./point-in-time/statistics-request.ts";
// registry
export { canonicalJson, fingerprintOf } from "./registry/canonical-json.ts";
export { type EncodedDefinition, encodeDefinition, recordKindOf } from "./registry/encode-definition.ts";
export { decodeErasure, type Erasure, erasureIdOf, secretBytesMin, secretIdOf } from "./registry/erasure.ts";
export type { FeatureFilter, FeatureRegistry, LineageFact, RegisteredFeature } from "./registry/feature-registry.ts";
export { type DerivedEdge, lineageNode, lineageOfService, lineageOfView } from "./registry/lineage.ts";
export {
  findLineageNodes,
  type LineageDirection,
  type LineageGraph,
  type LineageWalk,
  lineageGraph,
  walkLineage,
} from "./registry/lineage-graph.ts";
export { openMemoryRegistry } from "./registry/memory-registry.ts";
export { decodeModels, type ModelsByName, modelsFromSnapshot, repositoryFromSnapshot, servedViewOf } from "./registry/models.ts";
export { forgetRetired, type RetiredGenerations, retiredGenerations } from "./registry/retired.ts";
export { rowSchemaOf } from "./registry/row-schema.ts";
export {
  decodeSourceState,
  encodeSourceState,
  moveHandover,
  newSourceState,
  recordIngest,
  type SourceState,
} from "./registry/source-state.ts";
export { decodeType, type Encoding, encodeType } from "./registry/type-text.ts";
export {
  putState,
  sourceStateKey,
  updateSourceState,
  updateState,
  updateStates,
  updateViewState,
  viewStateKey,
} from "./registry/update-state.ts";
export {
  activateGeneration,
  addGeneration,
  addSchema,
  type Coverage as StoredCoverage,
  deleteViewState,
  dropFeatures,
  forgetGenerations,
  generationOf,
  hasOnlineData,
  type IncrementalCursor,
  newViewState,
  openGeneration,
  recordCoverage,
  recordCursor,
  recordMaterialized,
  replaceActive,
  returnToGeneration,
  type ServedDefinition,
  type ViewState,
  versionOf,
} from "./registry/view-state.ts";
export { decodeViewState, encodeViewState } from "./registry/view-state-codec.ts";
export { decodeViewVersion, parseUsed, parseVersion, printUsed, printVersion, putViewVersion } from "./registry/view-version.ts";
export { type KeyCodec, type KeyPart, keyCodecOf, keyPartsOf, packedKeys, type StoreKeys } from "./store/key-codec.ts";
// store
export { openMemoryOnlineStore } from "./store/memory-online.ts";
// store contracts
export type {
  ColumnInfo,
  ColumnVector,
  ComputedColumns,
  FolderLayout,
  GivenSpine,
  KeyValue,
  LabelReport,
  LogErasure,
  LogErasureReport,
  LogRow,
  OfflineResult,
  OfflineStore,
  PartitionColumn,
  PulledBatch,
  PulledColumn,
  PullRequest,
  ReadAs,
  RecordBatch,
  RetrievalReport,
  RunOptions,
  SourceColumn,
  SourceDescription,
  SpineInput,
} from "./store/offline.ts";
export type {
  KeyBytes,
  MaybePromise,
  OnlineReader,
  OnlineRow,
  OnlineStore,
  OnlineTombstone,
  OnlineView,
  OnlineWriter,
  ReadRequest,
  ReadResult,
  RowSchema,
  StatePart,
  StateWrite,
  StoredRow,
  StoredState,
} from "./store/online.ts";
export { entombs, isTombstone, packTombstone, type RowPacker, type RowReader, rowPacker, rowReader } from "./store/packed-row.ts";
export type {
  ChangeSet,
  JobRecord,
  JobStatus,
  Json,
  LineageEdge,
  LineageEdgeKey,
  RecordKey,
  RecordKind,
  RegistryChange,
  RegistryRecord,
  RegistrySnapshot,
  RegistryStore,
  StatisticsFilter,
  StatisticsOrigin,
  StatisticsRecord,
} from "./store/registry.ts";
export { definitionKinds, recordKinds } from "./store/registry.ts";
export { rowSchema } from "./store/row-schema.ts";
export { storedSchema } from "./store/stored-schema.ts";
// value
export { asBuffer, ByteWriter, compareBytes } from "./value/bytes.ts";
export { compileRowCodec, type RowCodec } from "./value/codec.ts";
export { decimalToUnscaled, fitsPrecision, parseUnscaled, unscaledToDecimal } from "./value/decimal.ts";
export { formatDuration, parseDuration } from "./value/duration.ts";
export { equalValues } from "./value/equality.ts";
export { type ComparedFunction, equalAggregate, type FloatBounds } from "./value/equality-float.ts";
export { sha256Hex } from "./value/hash.ts";
export { valueFromJson, valueFromText, valueToJson } from "./value/json.ts";
export { compileKeyDecoder, compileKeyEncoder, decodeEntityKey, encodeEntityKey } from "./value/key.ts";
export { compileNormalizer, normalizeValue } from "./value/normalize.ts";
export type { Normalizer } from "./value/normalize-nested.ts";
export {
  compareText,
  compareValue,
  compileOrderKey,
  encodeOrderKey,
  orderColumns,
  type ValueComparison,
  valueComparison,
} from "./value/order.ts";
export { compileStruct, fieldOf, isStruct, isValueList, isValueMap, type StructValue } from "./value/struct.ts";
export {
  civilFromDays,
  dateToDays,
  daysToDate,
  floorTo,
  formatInstant,
  instantToDays,
  parseInstant,
  parseInstantAt,
} from "./value/time.ts";
export {
  isEntityKey,
  isMapKey,
  isNumeric,
  isOrderable,
  printType,
  type StructField,
  sameType,
  structType,
  type Value,
  type ValueKind,
  type ValueType,
} from "./value/type.ts";
