import { resolve } from "node:path";
import { openSession } from "../store/open-session.ts";
import type { Session } from "../store/session.ts";
import type { CommandContext } from "./context.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly chdir?: string;
}

/** The repository folder a command works in. */
export function repositoryOf(context: CommandContext, options: GlobalOptions): string {
  return resolve(context.workingFolder, options.chdir ?? ".");
}

/** Opens the repository's session for one command and closes it whatever happens. */
export async function withSession<T>(context: CommandContext, options: GlobalOptions, run: (session: Session) => Promise<T>): Promise<T> {
  await using session = await openSession({ repo: repositoryOf(context, options), environment: context.environment });
  return await run(session);
}
