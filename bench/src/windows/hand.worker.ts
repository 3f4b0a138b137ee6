import { withDuckDb, writeParquet } from "../duckdb.ts";
import { replyFromWorker, startTimer, workerArguments } from "../worker-process.ts";
import type { WindowsData } from "./data.ts";
import { type HandForm, handQuery } from "./hand-query.ts";

export interface HandArguments {
  readonly warm: WindowsData;
  readonly data: WindowsData;
  readonly form: HandForm;
  readonly out: string;
}

const { warm, data, form, out } = workerArguments<HandArguments>();
await withDuckDb(async (connection) => {
  await writeParquet(connection, handQuery(warm, form), `${out}.warm`);
  const timer = startTimer();
  await writeParquet(connection, handQuery(data, form), out);
  replyFromWorker(timer());
});
