import { createHash, createHmac } from "node:crypto";

/** SHA-256 as 64 lowercase hexadecimal digits; text is hashed as UTF-8. */
export function sha256Hex(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** HMAC-SHA-256 under a secret as 64 lowercase hexadecimal digits; text is hashed as UTF-8. */
export function hmacSha256Hex(secret: Uint8Array, content: string): string {
  return createHmac("sha256", secret).update(content).digest("hex");
}
