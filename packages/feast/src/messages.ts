/**
 * Feast's protobuf messages, generated from `proto/` by `buf generate`; a folder of their own in the package's exports, because their
 * code is large and the read path needs none of it. Fields that they do not know are kept in `_unknownFields` and written back.
 */

export { Aggregation } from "./generated/feast/core/Aggregation.ts";
export {
  FileFormat,
  FileFormat_ParquetFormat,
  StreamFormat,
  StreamFormat_AvroFormat,
  StreamFormat_JsonFormat,
  StreamFormat_ProtoFormat,
  TableFormat,
  TableFormat_DeltaFormat,
  TableFormat_HudiFormat,
  TableFormat_IcebergFormat,
  TableFormat_LanceFormat,
} from "./generated/feast/core/DataFormat.ts";
export {
  DataSource,
  DataSource_AthenaOptions,
  DataSource_BigQueryOptions,
  DataSource_CustomSourceOptions,
  DataSource_FileOptions,
  DataSource_KafkaOptions,
  DataSource_KinesisOptions,
  DataSource_PushOptions,
  DataSource_RedshiftOptions,
  DataSource_RequestDataOptions,
  DataSource_SnowflakeOptions,
  DataSource_SourceMeta,
  DataSource_SourceType,
  DataSource_SparkOptions,
  DataSource_TrinoOptions,
} from "./generated/feast/core/DataSource.ts";
export { DatastoreTable } from "./generated/feast/core/DatastoreTable.ts";
export { Entity, EntityMeta, EntitySpecV2 } from "./generated/feast/core/Entity.ts";
export { FeatureSpecV2 } from "./generated/feast/core/Feature.ts";
export {
  FeatureService,
  FeatureServiceMeta,
  FeatureServiceSpec,
  LoggingConfig,
  LoggingConfig_AthenaDestination,
  LoggingConfig_BigQueryDestination,
  LoggingConfig_CouchbaseColumnarDestination,
  LoggingConfig_CustomDestination,
  LoggingConfig_FileDestination,
  LoggingConfig_RedshiftDestination,
  LoggingConfig_SnowflakeDestination,
} from "./generated/feast/core/FeatureService.ts";
export { FeatureTable, FeatureTableMeta, FeatureTableSpec } from "./generated/feast/core/FeatureTable.ts";
export {
  FeatureView,
  FeatureViewMeta,
  FeatureViewSpec,
  FeatureViewState,
  MaterializationInterval,
} from "./generated/feast/core/FeatureView.ts";
export { FeatureViewProjection } from "./generated/feast/core/FeatureViewProjection.ts";
export { FeatureViewVersionHistory, FeatureViewVersionRecord } from "./generated/feast/core/FeatureViewVersion.ts";
export { Infra, InfraObject, InfraObject_CustomInfra } from "./generated/feast/core/InfraObject.ts";
export { ConflictResolutionPolicy, LabelView, LabelViewMeta, LabelViewSpec } from "./generated/feast/core/LabelView.ts";
export {
  OnDemandFeatureView,
  OnDemandFeatureViewMeta,
  OnDemandFeatureViewSpec,
  OnDemandSource,
  UserDefinedFunction,
} from "./generated/feast/core/OnDemandFeatureView.ts";
export {
  Permission,
  PermissionMeta,
  PermissionSpec,
  PermissionSpec_AuthzedAction,
  PermissionSpec_Type,
} from "./generated/feast/core/Permission.ts";
export {
  CombinedGroupNamespacePolicy,
  GroupBasedPolicy,
  NamespaceBasedPolicy,
  Policy,
  RoleBasedPolicy,
} from "./generated/feast/core/Policy.ts";
export { FeatureViewTimestamp, PrecomputedFeatureVector } from "./generated/feast/core/PrecomputedFeatureVector.ts";
export { Project, ProjectMeta, ProjectSpec } from "./generated/feast/core/Project.ts";
export { ProjectMetadata, Registry } from "./generated/feast/core/Registry.ts";
export {
  SavedDataset,
  SavedDatasetColumn,
  SavedDatasetMeta,
  SavedDatasetSpec,
  SavedDatasetStorage,
} from "./generated/feast/core/SavedDataset.ts";
export { SqliteTable } from "./generated/feast/core/SqliteTable.ts";
export { StreamFeatureView, StreamFeatureViewSpec } from "./generated/feast/core/StreamFeatureView.ts";
export { FeatureTransformationV2, SubstraitTransformationV2, UserDefinedFunctionV2 } from "./generated/feast/core/Transformation.ts";
export {
  GEValidationProfile,
  GEValidationProfiler,
  GEValidationProfiler_UserDefinedProfiler,
  ValidationReference,
} from "./generated/feast/core/ValidationProfile.ts";
export { EntityKey } from "./generated/feast/types/EntityKey.ts";
export { Value, ValueType_Enum } from "./generated/feast/types/Value.ts";
export { Duration } from "./generated/google/protobuf/duration.ts";
export { Timestamp } from "./generated/google/protobuf/timestamp.ts";
