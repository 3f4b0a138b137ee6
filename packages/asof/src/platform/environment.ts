/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The process's own environment. The only place of this package, beside the command, that reads it. */
export const systemEnvironment: Environment = process.env;
