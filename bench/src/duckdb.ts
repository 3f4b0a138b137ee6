import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/** A DuckDB of its own for making data, for peers and for checksums, apart from the store under test. */
export async function withDuckDb<T>(
  work: (connection: DuckDBConnection) => Promise<T>,
  options: Readonly<Record<string, string>> = {},
): Promise<T> {
  const instance = await DuckDBInstance.create(":memory:", { ...options });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    return await work(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Text as a SQL literal. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * A pseudo-random whole number in [0, below) that the row number and the name of the draw decide: the same data in every run, in
 * any order of computation.
 */
export function drawSql(row: string, name: string, below: number): string {
  return `CAST(hash(${row}, ${quoted(name)}) % ${below} AS BIGINT)`;
}

/** Writes a query's rows to a Parquet file in their order. */
export function writeParquet(connection: DuckDBConnection, select: string, path: string): Promise<unknown> {
  return connection.run(`COPY (${select}) TO ${quoted(path)} (FORMAT parquet, COMPRESSION snappy)`);
}

/**
 * A checksum of a Parquet file that is the same for every order of rows and columns: the number of rows, and the exclusive or of
 * the rows' hashes over the key columns and these values as doubles with so many digits after the point. NaN counts as null: pandas has
 * no other null.
 */
export async function checksumOfParquet(path: string, keys: readonly string[], values: readonly string[], digits: number): Promise<string> {
  const rounded = values.toSorted().map((name) => {
    const value = `CAST("${name}" AS DOUBLE)`;
    return `CASE WHEN isnan(${value}) THEN NULL ELSE round(${value}, ${digits}) + 0.0 END`;
  });
  const row = [...keys.map((key) => `CAST("${key}" AS BIGINT)`), ...rounded].join(", ");
  return withDuckDb(async (connection) => {
    const query = `SELECT count(*) AS n, bit_xor(hash(${row})) AS x FROM read_parquet(${quoted(path)})`;
    const [found = {}] = (await connection.run(query).then((result) => result.getRowObjectsJS())) as Record<string, unknown>[];
    return `${found.n}:${BigInt(String(found.x ?? 0))
      .toString(16)
      .padStart(16, "0")}`;
  });
}
