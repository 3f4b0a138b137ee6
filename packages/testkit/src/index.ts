// contract
export { type ContractCase, describeContract, type Gap } from "./contract/describe-contract.ts";
export { onlineStoreContract } from "./contract/online-store.ts";
export { registryStoreContract } from "./contract/registry-store.ts";
// random values
export { anyValue, everyType } from "./generate/any-value.ts";
export { chance, choose, int, seededRandom, shuffle, times } from "./random/seeded-random.ts";
// sample definitions
export { sample } from "./sample/repository.ts";
