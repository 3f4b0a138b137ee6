/** How an online store on SQLite is opened. */
export interface SqliteOnlineConfig {
  /** The database file. Its folder and the file are made by the first write, not before. */
  readonly path: string;
  /**
   * How long to wait while other processes hold the file, in ms. Default 30,000: Feast writes a whole materialization in one transaction,
   * which takes it many seconds.
   */
  readonly busyTimeoutMs?: number | undefined;
}

export const defaultBusyTimeoutMs = 30_000;
