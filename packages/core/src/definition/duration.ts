/** A whole number of seconds, minutes, hours or days (86,400 s): `"90s"`, `"30d"`. Months and years have no fixed length. */
export type Duration = `${bigint}${"s" | "m" | "h" | "d"}`;
