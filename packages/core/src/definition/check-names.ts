import { printValue } from "../error/error.ts";
import type { IssueList } from "./read.ts";

const maxNameLength = 128;
/** As wide as the names in Feast's SQL registries. */
const maxFreeNameLength = 255;

/**
 * Names of entities, sources and services stand alone wherever they are given, so that they may be any line of text: Feast calls a
 * source that was given no name by its path. A leading `__` is for internal objects.
 */
export function checkFreeName(name: string, what: string, path: string, list: IssueList): void {
  const fault = freeNameFault(name);
  if (fault === null) return;
  const fix = "Use one line of text, at most 255 characters, not beginning with __ nor with a space, and not ending in one.";
  list.add(
    "ASOF_NAME_INVALID",
    path,
    name.toWellFormed(),
    `${printValue(name.toWellFormed())} cannot be the name of ${what}: ${fault}.`,
    fix,
  );
}

function freeNameFault(name: string): string | null {
  if (name === "") return "it is empty";
  if (name.length > maxFreeNameLength) return `it is longer than ${maxFreeNameLength} characters`;
  if (name.startsWith("__")) return "names that begin with __ are reserved";
  if (!name.isWellFormed()) return "it is not well-formed Unicode";
  if (/[\p{Cc}\u2028\u2029]/u.test(name)) return "it has a line break or another control character";
  return name === name.trim() ? null : "it begins or ends with a space";
}

/**
 * Names of views become parts of references (`project/view:feature`), of tables and keys, so that they are letters, digits
 * and `_ - .`; a leading `__` is for internal columns. Those of labels are held to the same.
 */
export function checkObjectName(name: string, what: string, path: string, list: IssueList): void {
  const fault = objectNameFault(name);
  if (fault === null) return;
  const fix = "Use letters, digits, _, - and ., at most 128 of them, not beginning with __, - or a point.";
  list.add("ASOF_NAME_INVALID", path, name, `${printValue(name)} cannot be the name of ${what}: ${fault}.`, fix);
}

function objectNameFault(name: string): string | null {
  if (name === "") return "it is empty";
  if (name.length > maxNameLength) return `it is longer than ${maxNameLength} characters`;
  if (name.startsWith("__")) return "names that begin with __ are reserved";
  if (!/^[\p{L}\p{N}_]/u.test(name)) return "it does not begin with a letter or digit";
  return /^[\p{L}\p{M}\p{N}_.-]*$/u.test(name) ? null : "it has a character that references cannot hold";
}

/** Feast appends `_v<N>` to a view's name for its versions, also in table names: such a name would be read as a version. */
export function checkViewName(name: string, path: string, list: IssueList): void {
  checkObjectName(name, "a feature view", path, list);
  if (!/_v[0-9]+$/.test(name)) return;
  const message = `A view's name cannot end in "${/_v[0-9]+$/.exec(name)?.[0] ?? ""}": stores keep versions of a view under such names.`;
  list.add(
    "ASOF_NAME_INVALID",
    path,
    name,
    message,
    `Call it "${name.replace(/_v[0-9]+$/, "")}" or, for example, "${name.replace(/_v([0-9]+)$/, "_$1")}".`,
  );
}

/** Features and columns may be called anything that every store can hold. */
export function checkColumnName(name: string, what: string, path: string, list: IssueList): void {
  const fault =
    name === ""
      ? "it is empty"
      : !name.isWellFormed()
        ? "it is not well-formed Unicode"
        : name.includes("\0")
          ? "it holds a zero byte"
          : name === "__proto__"
            ? "rows in JavaScript cannot have a member of that name"
            : null;
  if (fault === null) return;
  list.add(
    "ASOF_NAME_INVALID",
    path,
    name.toWellFormed(),
    `${printValue(name.toWellFormed())} cannot be the name of ${what}: ${fault}.`,
    "Give it another name.",
  );
}

/** Reports every name that occurs twice in a list. */
export function checkUnique(names: readonly string[], what: string, path: string, list: IssueList): void {
  const seen = new Set<string>();
  const reported = new Set<string>();
  for (const name of names) {
    if (seen.has(name) && !reported.has(name)) {
      list.add("ASOF_NAME_DUPLICATE", path, name, `Two ${what} are called "${name}".`, "Rename or remove one of them.");
      reported.add(name);
    }
    seen.add(name);
  }
}
