import { checkArrows } from "./arrows.ts";
import { checkForms, checkNames, checkSizes } from "./code.ts";
import { checkDead } from "./dead.ts";
import type { Exception } from "./exceptions.ts";
import { checkManifests } from "./manifests.ts";
import { checkLinks, checkTexts } from "./texts.ts";
import { type Fault, fault, type Tree } from "./tree.ts";

/** Every rule of the house, in the order in which it reports. */
const checks: readonly ((tree: Tree) => readonly Fault[])[] = [
  checkArrows,
  checkForms,
  checkSizes,
  checkNames,
  checkDead,
  checkTexts,
  checkLinks,
  checkManifests,
];

/** All faults of a project that no exception covers, and exceptions that cover more than there is. */
export function judge(tree: Tree, exceptions: readonly Exception[]): readonly Fault[] {
  const faults = checks.flatMap((check) => check(tree));
  const isCovered = (f: Fault): boolean => {
    const exception = exceptions.find((e) => e.rule === f.rule && e.file === f.file);
    return exception !== undefined && total(faults, exception) <= exception.allows;
  };
  const loose = exceptions.flatMap((exception) => {
    const found = total(faults, exception);
    if (found >= exception.allows) return [];
    return [
      fault(
        "exceptions",
        exception.file,
        0,
        `the exception from "${exception.rule}" allows ${exception.allows} and ${found} is used; ${found === 0 ? "delete it" : `lower it to ${found}`}.`,
      ),
    ];
  });
  return [...faults.filter((f) => !isCovered(f)), ...loose];
}

function total(faults: readonly Fault[], { rule, file }: Exception): number {
  return faults.filter((f) => f.rule === rule && f.file === file).reduce((sum, f) => sum + f.measure, 0);
}
