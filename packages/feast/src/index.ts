/** What Feast writes and reads: its protobuf messages, entity keys and values. */

export { feastStreamOf } from "./definition/decode-source.ts";
export { type FeastKind, type FeastObject, feastId } from "./definition/objects.ts";
export { bytesWithProject } from "./definition/project.ts";
export { pythonOf } from "./definition/python.ts";
export type { UnsupportedObject } from "./definition/unsupported.ts";
export type { FileRegistryConfig } from "./file/config.ts";
// the registry's file
export { goneError, lockedError } from "./file/errors.ts";
export { registryBusyTimeoutMs } from "./file/lock-holder.ts";
export { type FeastRegistryStore, openFileRegistry } from "./file/store.ts";
// entity keys
export {
  compileFeastKeyDecoder,
  compileFeastKeyEncoder,
  entityless,
  type FeastJoinKey,
  feastKeyPrefix,
} from "./key/entity-key.ts";
export { feastEntityId, feastRedisField, feastRedisKey, feastRedisTimestampField } from "./key/redis-key.ts";
// asof's records and Feast's objects
export { type Absorbed, type AbsorbInput, absorbFeast, knownModels } from "./mirror/absorb.ts";
export type { FeastUse } from "./mirror/feast-version.ts";
export { descriptionOf, keptDefinition, mirrorChanges } from "./mirror/mirror.ts";
// rows of online stores in Feast's layout
export { feastKeys } from "./online/feast-keys.ts";
export {
  type CellsReader,
  type CellsWriter,
  compileCellsReader,
  compileCellsWriter,
  timesOf,
  type WrittenFeature,
} from "./online/feast-rows.ts";
export { type CellStamp, compareTimes, type FeatureCell, secondsOf } from "./online/feature-cell.ts";
// registry
export type { FeastObjectName, FeastRegistryKind } from "./registry/kinds.ts";
export { lazyRecord } from "./registry/lazy-record.ts";
export { asofRegistryField, FeastRegistryFile, type FeastRegistryObject } from "./registry/registry-file.ts";
// values
export { coerceLikeFeast, guessedType } from "./value/coerce.ts";
export { convertFeastValue } from "./value/convert.ts";
export { type FeastTypeName, feastTypeName, feastTypeOf, feastTypes } from "./value/feast-type.ts";
export { type FeastCollection, type FeastMap, type FeastScalar, type FeastValue, readFeastValue } from "./value/read-any.ts";
export { compileFeastValueReader } from "./value/read-value.ts";
export { compileFeastValueWriter } from "./value/write-value.ts";
