/** What {@link openDuckDbOfflineStore} is opened with. */
export interface DuckDbConfig {
  /** Absolute path of the repository: relative paths of sources start there. */
  readonly repositoryPath: string;
  /** DuckDB's `memory_limit`, for example `"4GB"`; default 80 % of the machine's memory. What does not fit is spilled to disk. */
  readonly memoryLimit?: string | undefined;
  /** Threads that queries use; default all cores. */
  readonly threads?: number | undefined;
  /** Where a folder for spilled data is made, which is removed at close; default the system's temporary folder. */
  readonly temporaryFolder?: string | undefined;
  /** Absolute path of the folder of the offline logs. */
  readonly logFolder: string;
}
