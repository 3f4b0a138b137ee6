/** Resolves after a time. The only timer in core; used between attempts, never to order events. */
export function sleep(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
