import { resolve } from "node:path";
import { physicalFolder } from "../platform/folder.ts";
import { explainUnsupported } from "../store/explain-unsupported.ts";
import { openSession } from "../store/open-session.ts";
import type { Session } from "../store/session.ts";
import type { CommandContext } from "./context.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly chdir?: string;
  readonly featureStoreYaml?: string;
}

/** A path as the user means it: relative to `-c`, as if the command had been started there. */
export function resolveFrom(context: CommandContext, options: GlobalOptions, path = "."): string {
  return resolve(physicalFolder(resolve(context.workingFolder, options.chdir ?? ".")), path);
}

/** Opens the repository's session for one command and closes it whatever happens. */
export async function withSession<T>(context: CommandContext, options: GlobalOptions, run: (session: Session) => Promise<T>): Promise<T> {
  const { featureStoreYaml } = options;
  await using session = await openSession({
    repo: resolveFrom(context, options),
    configFile: featureStoreYaml === undefined ? undefined : resolveFrom(context, options, featureStoreYaml),
    environment: context.environment,
    signal: context.signal,
  });
  context.signal.throwIfAborted();
  return await run(session).catch(async (error: unknown) => {
    throw await explainUnsupported(session.runtime.registry, session.runtime.project, error);
  });
}
