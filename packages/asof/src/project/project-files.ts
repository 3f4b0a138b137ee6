/** Versions that a project is made with. */
export interface ProjectVersions {
  readonly asof: string;
}

/**
 * Files of a new project that the example does not have: in this repository the workspace plays their part. Relative path → text.
 */
export function projectFiles(project: string, versions: ProjectVersions): Readonly<Record<string, string>> {
  return {
    "package.json": printJson({
      name: project.replaceAll("_", "-").toLowerCase(),
      private: true,
      type: "module",
      scripts: { test: "node --test 'test/**/*.test.ts'", types: "tsc" },
      dependencies: { asof: versions.asof },
      // Node from npm: `npx asof` and `npm test` then run on it, whatever the machine has.
      devDependencies: { "@types/node": "^24.19.0", node: "^24.21.0", typescript: "^7.0.2" },
    }),
    "tsconfig.json": printJson({
      compilerOptions: {
        target: "es2024",
        lib: ["es2024", "esnext.disposable"],
        module: "nodenext",
        strict: true,
        noUncheckedIndexedAccess: true,
        noEmit: true,
        // Node runs the files as they are, so only types that can be stripped are possible.
        erasableSyntaxOnly: true,
        verbatimModuleSyntax: true,
        allowImportingTsExtensions: true,
        skipLibCheck: true,
        types: ["node"],
      },
      include: ["features", "feature_store", "test"],
    }),
    ".gitignore": ["node_modules/", "data/online/", "data/log/", "data/registry.db*", "*.tmp", ""].join("\n"),
  };
}

function printJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
