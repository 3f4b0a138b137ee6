// error

// definition
export { acceptsArgument, aggregateResultType, isOrderSensitive } from "./definition/aggregate-type.ts";
export type * from "./definition/model.ts";
export { type ErrorCode, errorCodes } from "./error/codes.ts";
export { AsofError, assert, type Issue, printValue } from "./error/error.ts";
// expression
export type * from "./expression/node.ts";
// platform
export { type Clock, systemClock } from "./platform/clock.ts";
export { type Random, systemRandom } from "./platform/random.ts";
// point-in-time
export type * from "./point-in-time/join-plan.ts";
// store
export { openMemoryOnlineStore } from "./store/memory-online.ts";
export { type RowPacker, type RowReader, rowPacker, rowReader } from "./store/packed-row.ts";
export { rowSchema } from "./store/row-schema.ts";
// store contracts
export type * from "./store/offline.ts";
export type * from "./store/online.ts";
export type * from "./store/registry.ts";
export { definitionKinds } from "./store/registry.ts";
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
