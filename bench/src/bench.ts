import type { MeasuredCase } from "./case-line.ts";

/** What a bench is run with. */
export interface BenchContext {
  /** Tiny sizes and no Feast: for the test that the bench works at all. */
  readonly smoke: boolean;
  /** Adds the cases that take minutes. */
  readonly full: boolean;
  /** An empty folder for data, removed after the run. */
  readonly folder: string;
  /** The Python of the Feast environment, made on first use. */
  feastPython(): Promise<string>;
  /** Tells a person what is going on. */
  say(text: string): void;
}

export interface Bench {
  readonly name: string;
  run(context: BenchContext): Promise<readonly MeasuredCase[]>;
}
