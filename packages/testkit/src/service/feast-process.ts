import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable } from "node:stream";
import { feastPython } from "./feast-python.ts";

/** Feast writes the times of its SQLite tables by the local zone, and orders features by a set. */
const surroundings = ["TZ=UTC", "PYTHONHASHSEED=0", "PYTHONWARNINGS=ignore"];

/** What a Python program raised, by the name of its class. */
export class PythonError extends Error {
  readonly type: string;

  constructor(type: string, message: string, trace: string) {
    super(`${type}: ${message}\n${trace}`);
    this.type = type;
  }
}

/**
 * A Python process with the real Feast, in UTC. Programs run one after the other in one namespace, so that a repository that one of them
 * opened is there for the next: starting Python with Feast takes seconds.
 */
export class FeastProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;
  #printed = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#printed = (this.#printed + text).slice(-20_000);
    });
    const pipe = child.stdio[3] as Readable;
    this.#lines = createInterface({ input: pipe });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** @param folder where the process runs: Feast reads relative paths from there. */
  static async start(folder: string): Promise<FeastProcess> {
    const python = await feastPython({ say: (text) => process.stderr.write(`${text}\n`) });
    const child = spawn("env", [...surroundings, python, join(import.meta.dirname, "serve-programs.py")], {
      cwd: folder,
      stdio: ["pipe", "ignore", "pipe", "pipe"],
    });
    return new FeastProcess(child);
  }

  /**
   * Runs a program, which finds `input` as `given` and answers by `reply(value)`.
   * @returns the reply. Integers beyond 2^53 come as `{int: text}`, bytes as `{bytes: base64}`, special floats as `{float: text}`; input takes
   *   the same forms.
   * @throws PythonError with what the program raised.
   */
  async run(program: string, input: unknown = null): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify({ program, input })}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`Python ended in the middle of a program:\n${this.#printed}`);
    const answer: unknown = JSON.parse(value);
    if (isRecord(answer) && isRecord(answer.error)) {
      const { type, message, trace } = answer.error;
      throw new PythonError(String(type), String(message), String(trace));
    }
    return isRecord(answer) ? answer.value : null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise<void>((done) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) done();
      else this.#child.once("exit", () => done());
    });
    this.#child.stdin?.end();
    await ended;
    this.#lines.close();
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
