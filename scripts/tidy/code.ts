import type { Finding, SourceFile } from "./source.ts";
import { type Fault, fault, type Tree } from "./tree.ts";

const fileLinesMax = 600;
const functionLinesMax = 70;

/** What stands where a form is forbidden, and what to write instead. */
const advice: Readonly<Record<Finding["kind"], string>> = {
  "Date.now()": "take a Clock instead: time is passed in (only platform/ and the command read it).",
  "new Date()": "take a Clock instead: time is passed in (only platform/ and the command read it).",
  "Math.random()": "take a Random instead: chance is passed in, so that a run can be repeated.",
  "process.env": "take the value as an argument: only platform/ and the command read the environment.",
  "default export": "export by name.",
  "export *": "list the names: an index is a reviewed list.",
  "as unknown as": "such a cast hides a wrong type; parse or narrow instead.",
  only: "the rest of the tests would be left out.",
  "AsofError without fix": "say what to do about it.",
};

/** Forbidden forms in the code. */
export function checkForms(tree: Tree): readonly Fault[] {
  return tree.sources.flatMap((source) =>
    source.findings
      .filter(({ kind }) => !isAllowed(source, kind))
      .map(({ kind, line }) => fault("forms", source.file, line, `${kind}: ${advice[kind]}`)),
  );
}

/** Whether a form may stand in a file. Tools and tests run at a process edge of their own; chance is never theirs. */
function isAllowed({ file, isTest }: SourceFile, kind: Finding["kind"]): boolean {
  const isPlatform = /^packages\/[^/]+\/src\/platform\//.test(file);
  const isCommand = /^packages\/asof\/(src\/command|bin)\//.test(file);
  const isTool = /^(scripts|bench)\//.test(file);
  if (kind === "Math.random()") return isPlatform;
  if (kind === "Date.now()" || kind === "new Date()" || kind === "process.env") return isPlatform || isCommand || isTool || isTest;
  if (kind === "AsofError without fix") return isTool || isTest || file.startsWith("packages/testkit/");
  return false;
}

/** Files of at most 600 lines, functions of at most 70. */
export function checkSizes(tree: Tree): readonly Fault[] {
  return tree.sources.flatMap((source) => [
    ...(source.lines > fileLinesMax
      ? [
          fault(
            "file size",
            source.file,
            0,
            `has ${source.lines} lines, and ${fileLinesMax} is the limit. Split it by idea.`,
            source.lines - fileLinesMax,
          ),
        ]
      : []),
    ...source.functions
      .filter(({ lines }) => lines > functionLinesMax)
      .map(({ name, line, lines }) =>
        fault(
          "function size",
          source.file,
          line,
          `${name} has ${lines} lines, and ${functionLinesMax} is the limit.`,
          lines - functionLinesMax,
        ),
      ),
  ]);
}

const vagueWord = /(^|[-.])(utils?|helpers?|common|manager|misc|stuff)([-.]|$)/;

/** kebab-case file names in packages, and no name that says nothing. Example projects are written as users write. */
export function checkNames(tree: Tree): readonly Fault[] {
  return tree.sources
    .filter(({ file }) => /^(packages|scripts|bench)\//.test(file))
    .flatMap(({ file }) => {
      const parts = file.split("/");
      const name = parts.at(-1) ?? "";
      const vague = parts.slice(1).find((part) => vagueWord.test(part));
      return [
        ...(/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(name) ? [] : [fault("names", file, 0, "file names are kebab-case.")]),
        ...(vague === undefined
          ? []
          : [fault("names", file, 0, `"${vague}" does not say what is in it; name the file after its main export.`)]),
      ];
    });
}
