import type { Clock, Random } from "@asof/core";
import type { FeastUse } from "../mirror/feast-version.ts";

/** How a registry in Feast's file is opened. */
export interface FileRegistryConfig extends Partial<FeastUse> {
  /** The protobuf file. Its folder and the file are made by the first write, not before. */
  readonly path: string;
  /** How long to wait while other processes write, in ms. Default 5,000: a commit takes milliseconds, so a longer wait is a fault. */
  readonly busyTimeoutMs?: number | undefined;
  /** How long to wait for a file that is not whole, in ms. Default 1,000: Feast writes it in place, in one go. */
  readonly tornTimeoutMs?: number | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** Names what is written. Default: the platform's. */
  readonly random?: Random | undefined;
}

export const defaultTornTimeoutMs = 1_000;
