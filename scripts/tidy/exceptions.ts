/** A breach that is tolerated for now. */
export interface Exception {
  readonly rule: string;
  readonly file: string;
  /**
   * The sum that is tolerated: lines over the limit for sizes, otherwise the number of faults. It must be exact: when the file
   * gets better the check asks to lower it, so that the list can only shrink.
   */
  readonly allows: number;
  readonly why: string;
}

export const exceptions: readonly Exception[] = [];
