import { type Fault, fault, type Tree } from "./tree.ts";

/** Every dependency has its reason on record, and all packages carry one version. */
export function checkManifests(tree: Tree): readonly Fault[] {
  const workspace = new Set(tree.packages.map((p) => p.name));
  const records = tree.files
    .filter((file) => /^docs\/decisions\/.+\.md$/.test(file))
    .map((file) => tree.text(file))
    .join("\n");
  const version = tree.packages.find((p) => p.folder === "")?.version;
  return tree.packages.flatMap((p) => {
    const file = p.folder === "" ? "package.json" : `${p.folder}/package.json`;
    const unexplained = [...p.dependencies, ...p.devDependencies].filter(
      (name) => !workspace.has(name) && !records.includes(`\`${name}\``),
    );
    return [
      ...unexplained.map((name) =>
        fault("dependencies", file, 0, `no record in docs/decisions/ says why \`${name}\` is needed; add its line.`),
      ),
      ...(p.version === version
        ? []
        : [fault("dependencies", file, 0, `has version ${p.version}, and the project ${version}; they move together.`)]),
      ...(p.name === "@asof/core" && p.dependencies.length > 0
        ? [fault("dependencies", file, 0, `core has no dependencies, and this lists ${p.dependencies.join(", ")}.`)]
        : []),
    ];
  });
}
