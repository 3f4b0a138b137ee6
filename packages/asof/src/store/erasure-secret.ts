import { randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { AsofError, type ErasureSecret, secretBytesMin } from "@asof/core";

/**
 * The secret with which erased keys are hashed: `erasure.key` of the configuration, else the file `erasure.key_file`, which the first
 * deletion makes, readable by its owner alone. Read once.
 */
export function erasureSecretOf({ key, keyFile }: { readonly key: string | null; readonly keyFile: string }): ErasureSecret {
  if (key !== null) {
    const secret = Promise.resolve(parse(key, "erasure.key"));
    return { place: "erasure.key", load: () => secret, create: () => secret };
  }
  let known: Uint8Array | null = null;
  const load = async (): Promise<Uint8Array | null> => {
    known ??= await readSecret(keyFile);
    return known;
  };
  return {
    place: keyFile,
    load,
    create: async () => {
      const secret = (await load()) ?? (await writeSecret(keyFile));
      known = secret;
      return secret;
    },
  };
}

async function readSecret(path: string): Promise<Uint8Array | null> {
  try {
    return parse((await readFile(path, "utf8")).trim(), path);
  } catch (error) {
    if (error instanceof AsofError) throw error;
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new AsofError("ASOF_ERASURE_KEY", `The key file "${path}" cannot be read: ${reasonOf(error)}.`, {
      path,
      fix: "Let this user read it.",
      cause: error,
    });
  }
}

/** Makes the file; of several processes that do so at once all get what the first one wrote. */
async function writeSecret(path: string): Promise<Uint8Array> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(`${randomBytes(secretBytesMin).toString("hex")}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    // A link appears with its content, and not where another one is.
    await link(temporary, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) {
      throw new AsofError("ASOF_ERASURE_KEY", `The key file "${path}" cannot be written: ${reasonOf(error)}.`, {
        path,
        fix: "Let this user write it, or set erasure.key.",
        cause: error,
      });
    }
  }
  await rm(temporary, { force: true });
  const secret = await readSecret(path);
  if (secret !== null) return secret;
  throw new AsofError("ASOF_ERASURE_KEY", `The key file "${path}" vanished while it was made.`, { path, fix: "Run it again." });
}

function parse(text: string, place: string): Uint8Array {
  if (/^[0-9a-fA-F]+$/.test(text) && text.length >= 2 * secretBytesMin && text.length % 2 === 0)
    return new Uint8Array(Buffer.from(text, "hex"));
  throw new AsofError("ASOF_ERASURE_KEY", `What is in ${place} is not a key of ${2 * secretBytesMin} hexadecimal digits or more.`, {
    path: place,
    fix: "Restore it, or, for a project without erasures, make one with `openssl rand -hex 32`.",
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
