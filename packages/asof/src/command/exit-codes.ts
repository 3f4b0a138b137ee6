/** What the command's exit codes mean. An error's own code is in core's list of errors. */
export const exitCodes: readonly { readonly code: number; readonly meaning: string }[] = [
  { code: 0, meaning: "done" },
  { code: 1, meaning: "failed: a job, a store, an engine or the world" },
  { code: 2, meaning: "wrong use: flags, yaml, definitions, input data; nothing was changed" },
  { code: 3, meaning: "refused: a plan that would break something, or another repository's object" },
  { code: 4, meaning: "parity: served values differ from training values" },
  { code: 70, meaning: "a defect of asof itself; please report it with the stack that is printed" },
  { code: 130, meaning: "interrupted; what was finished is kept" },
];
