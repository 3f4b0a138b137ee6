const weekMs = 7 * 86_400_000;

/** The last basket of the example's data. */
const lastEventMs = Date.parse("2018-01-01T04:01:20Z");

/** By how many whole weeks `asof init` moves the data's times, so that they end in the week before `now`; weekdays and hours stay. */
export function weeksToMove(nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - lastEventMs) / weekMs));
}

/** A command line about the example's own year, 2017, with its dates moved as the data are. */
export function moveDates(line: string, weeks: number): string {
  return line.replace(/(?<![0-9])201[78]-[0-9]{2}-[0-9]{2}(?![0-9])/g, (date) =>
    new Date(Date.parse(date) + weeks * weekMs).toISOString().slice(0, 10),
  );
}
