/** Where randomness comes from: seeded in tests, the platform's in production. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A fresh identifier, 32 lowercase hexadecimal digits. */
  id(): string;
}

/** The platform's random source. The only place in core that reads it. */
export const systemRandom: Random = {
  next: () => Math.random(),
  id: () => globalThis.crypto.randomUUID().replaceAll("-", ""),
};
