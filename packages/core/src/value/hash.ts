import { createHash, hash } from "node:crypto";

/** SHA-256 as 64 lowercase hexadecimal digits; text is hashed as UTF-8. */
export function sha256Hex(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

const blockBytes = 64;

/**
 * HMAC-SHA-256 (RFC 2104) under a secret, of texts as UTF-8, as 64 lowercase hexadecimal digits. Two one-shot hashes: node's own
 * Hmac takes ten times as long for short texts, because it makes two objects for each.
 */
export function compileHmacSha256(secret: Uint8Array): (text: string) => string {
  const key = Buffer.alloc(blockBytes);
  key.set(secret.length > blockBytes ? Buffer.from(hash("sha256", secret), "hex") : secret);
  const inner = Buffer.from(key.map((byte) => byte ^ 0x36));
  const outer = Buffer.alloc(blockBytes + 32);
  outer.set(key.map((byte) => byte ^ 0x5c));
  return (text) => {
    const message = Buffer.allocUnsafe(blockBytes + Buffer.byteLength(text));
    message.set(inner);
    message.write(text, blockBytes);
    outer.write(hash("sha256", message), blockBytes, "hex");
    return hash("sha256", outer);
  };
}
