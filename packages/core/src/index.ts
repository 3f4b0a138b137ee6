// error

// definition
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
// store contracts
export type * from "./store/offline.ts";
export type * from "./store/online.ts";
export type * from "./store/registry.ts";
export { definitionKinds } from "./store/registry.ts";
// value
export { isNumeric, isOrderable, printType, sameType, type Value, type ValueKind, type ValueType } from "./value/type.ts";
