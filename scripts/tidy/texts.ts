import { dirname, join } from "node:path/posix";
import { type Fault, fault, type Tree } from "./tree.ts";

const trackedBytesMax = 5 * 1024 * 1024;
const textFile = /\.(ts|mts|js|mjs|cjs|json|md|sql|ya?ml|sh|html|css|csv|txt)$|(^|\/)\.[a-z]+(rc|config|ignore)$|^\.ci\//;

/** Words left for later. Written apart, so that this file does not hold them. */
const leftover = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`);
/** Folders that exist on one machine only. */
/** In tests made-up paths are fine, those of this machine are not. */
const ownPath = /(?<![\w.~/-])\/(root|work)\/[\w.-]+/;
const absolutePath = /(?<![\w.~/-])(\/(home|Users|root|work|workspace|mnt|private)\/[\w.-]+|[A-Z]:\\\\?Users\\)/;
/** Package registries and their mirrors by address: the address is the user's setting, not the project's. */
const registryHost =
  /https?:\/\/[\w.-]*(registry|artifactory|nexus|verdaccio|mirror|jfrog)[\w.-]*[/:]|https?:\/\/[^\s"']*\/(npm|pypi|simple|artifactory|repository)\/[^\s"']/i;

/** What must not stand in any tracked text, and files that do not belong into a repository. */
export function checkTexts(tree: Tree): readonly Fault[] {
  return tree.files.flatMap((file) => {
    const bytes = tree.sizeBytes(file);
    if (bytes > trackedBytesMax)
      return [
        fault(
          "large file",
          file,
          0,
          `has ${(bytes / 1048576).toFixed(1)} MiB, and 5 is the limit. Generate it, or fetch it when it is needed.`,
        ),
      ];
    // The rules' own tests hold what the rules look for.
    if (!textFile.test(file) || file.startsWith("scripts/tidy/")) return [];
    return file === "package-lock.json"
      ? checkLock(file, tree.text(file))
      : checkLines(file, tree.text(file), /\.test\./.test(file) ? ownPath : absolutePath);
  });
}

function checkLines(file: string, text: string, paths: RegExp): readonly Fault[] {
  return text.split("\n").flatMap((content, i) => {
    const found = (pattern: RegExp): string | undefined => pattern.exec(content)?.[0];
    const word = found(leftover);
    const path = found(paths);
    const host = found(registryHost);
    return [
      ...(word === undefined ? [] : [fault("leftover", file, i + 1, `"${word}": do it now, or write an issue.`)]),
      ...(path === undefined ? [] : [fault("machine", file, i + 1, `"${path}" exists on one machine only; write a relative path.`)]),
      ...(host === undefined
        ? []
        : [fault("machine", file, i + 1, `"${host}" is the address of a package registry; leave it to the user's settings.`)]),
    ];
  });
}

/** A lock without addresses installs from whatever registry the user has. */
function checkLock(file: string, text: string): readonly Fault[] {
  return text
    .split("\n")
    .flatMap((content, i) =>
      /"resolved":\s*"(https?|git\+|file):/.test(content)
        ? [fault("machine", file, i + 1, "the lock names a registry; install with the project's .npmrc (omit-lockfile-registry-resolved).")]
        : [],
    );
}

/** Links of the documents lead somewhere, and so do mentions of documents in the code. */
export function checkLinks(tree: Tree): readonly Fault[] {
  const inDocuments = tree.files.filter((file) => file.endsWith(".md")).flatMap((file) => checkDocument(tree, file));
  const inCode = tree.sources
    .filter(({ file }) => !file.startsWith("scripts/tidy/"))
    .flatMap(({ file }) =>
      tree
        .text(file)
        .split("\n")
        .flatMap((content, i) => [...content.matchAll(/(?<![\w./-])docs\/[\w./-]+\.md/g)].map(([path]) => ({ path, line: i + 1 })))
        .filter(({ path }) => !tree.has(path))
        .map(({ path, line }) => fault("links", file, line, `there is no ${path}.`)),
    );
  return [...inDocuments, ...inCode];
}

function checkDocument(tree: Tree, file: string): readonly Fault[] {
  return withoutCode(tree.text(file))
    .split("\n")
    .flatMap((content, i) => linkTargets(content).flatMap((target) => checkLink(tree, file, i + 1, target)));
}

function linkTargets(content: string): readonly string[] {
  const inline = [...content.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)].map((match) => match[1] ?? "");
  const reference = /^\s*\[[^\]]+\]:\s+(\S+)/.exec(content)?.[1];
  return reference === undefined ? inline : [...inline, reference];
}

function checkLink(tree: Tree, file: string, line: number, target: string): readonly Fault[] {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return [];
  const [path = "", anchor] = decodeURI(target).split("#");
  const destination = path === "" ? file : join(dirname(file), path);
  if (!tree.has(destination)) return [fault("links", file, line, `the link ${target} leads nowhere.`)];
  if (anchor === undefined || !destination.endsWith(".md") || anchors(tree.text(destination)).has(anchor)) return [];
  return [fault("links", file, line, `${destination} has no heading #${anchor}.`)];
}

/** Anchors as code hosts make them from headings. */
function anchors(text: string): ReadonlySet<string> {
  const found = new Set<string>();
  const seen = new Map<string, number>();
  for (const [, title = ""] of withoutCode(text, false).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    found.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return found;
}

/** The text with code emptied, line numbers kept. */
function withoutCode(text: string, inline = true): string {
  const blocks = text.replace(/^(```+|~~~+)[\s\S]*?^\1[^\S\n]*$/gm, (block) => block.replace(/[^\n]/g, ""));
  return inline ? blocks.replace(/`[^`\n]*`/g, "") : blocks;
}
