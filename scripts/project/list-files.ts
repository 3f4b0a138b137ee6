import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";

/**
 * The files of a project, relative to its root with forward slashes, sorted: those under version control or about to be. Without
 * git, all but installed and built ones.
 */
export function listProjectFiles(root: string): readonly string[] {
  return [...(listGit(root) ?? listFolder(root, root))].filter((file) => existsSync(join(root, file))).sort();
}

function listGit(root: string): readonly string[] | null {
  if (!existsSync(join(root, ".git"))) return null;
  const { status, stdout } = spawnSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return status === 0 ? stdout.split("\0").filter((file) => file !== "") : null;
}

function listFolder(root: string, folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (["node_modules", "dist", ".cache", ".git"].includes(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? listFolder(root, path) : [relative(root, path).split(sep).join("/")];
  });
}
