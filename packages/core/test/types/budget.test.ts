import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Compiler, compilers, ScratchProject } from "./compiler.ts";
import { largeRepository } from "./large-repository.ts";

const instantiationsMax = 1_500_000;
const size = { views: 300, features: 30, services: 20, viewsPerService: 15, retrievals: 50 };

// A count, not seconds: it is the same on every machine. TypeScript 7 needs 0.95 M, 5.9 about half.
describe("a repository of 300 views with 30 features", () => {
  for (const compiler of Object.keys(compilers) as Compiler[]) {
    test(`type-checks within the budget under ${compiler}`, (t) => {
      using project = new ScratchProject(largeRepository(size));
      const { diagnostics, figures } = project.compile(compiler);
      assert.deepEqual(diagnostics, []);
      const instantiations = figures.get("Instantiations") ?? 0;
      t.diagnostic(`${compiler}: ${instantiations} instantiations, ${figures.get("Types")} types, ${figures.get("Check time")} s`);
      assert.ok(instantiations > 100_000, "the repository was not checked");
      assert.ok(instantiations <= instantiationsMax, `${instantiations} instantiations are more than ${instantiationsMax}`);
    });
  }

  test("reports a typo in the midst of it", () => {
    const files = largeRepository({ ...size, views: 20, services: 1, retrievals: 2 });
    const changed = (files["src/views_1.ts"] ?? "").replace('sum("column_0"', 'sum("column_x"');
    using project = new ScratchProject({ ...files, "src/views_1.ts": changed });
    const { diagnostics } = project.compile("TypeScript 7");
    assert.deepEqual(
      diagnostics.map((d) => d.code),
      ["TS2345"],
    );
  });
});
