import type { CommandContext } from "./context.ts";

/** How often a line is written where there is no terminal, in ms. */
const pipedEveryMs = 2_000;
/** How often the line on a terminal changes, in ms: faster only flickers. */
const terminalEveryMs = 80;

/** Progress of long work on standard error: one moving line on a terminal, a line now and then when piped, nothing with `--json`. */
export class Progress {
  readonly #context: CommandContext;
  #lastMs = Number.NEGATIVE_INFINITY;
  #isShown = false;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  update(text: string): void {
    if (this.#context.json) return;
    const nowMs = performance.now();
    const { isTerminal, stderr } = this.#context;
    if (nowMs - this.#lastMs < (isTerminal ? terminalEveryMs : pipedEveryMs)) return;
    this.#lastMs = nowMs;
    this.#isShown = isTerminal;
    stderr.write(isTerminal ? `\r\u001b[2K${text}` : `${text}\n`);
  }

  /** Clears the moving line. May be called twice. */
  done(): void {
    if (this.#isShown) this.#context.stderr.write("\r\u001b[2K");
    this.#isShown = false;
  }
}
