// contract
export { type ContractCase, describeContract, type Gap } from "./contract/describe-contract.ts";
export { onlineStoreContract } from "./contract/online-store.ts";
export { registryStoreContract } from "./contract/registry-store.ts";
// sample definitions
export { sample } from "./sample/repository.ts";
