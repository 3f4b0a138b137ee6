import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import { compileObject } from "./compile-object.ts";

const names = ["b", "a", '"]; throw 1; ["', "line\nand \u2028", "__proto__", "constructor"];

describe("making objects of values", () => {
  test("properties come in their order, each from its place; what has no value is null", () => {
    const make = compileObject<number>(["b", "a", "c", "d"], [2, 0, -1, 1]);
    assert.equal(JSON.stringify(make([1, undefined, 3])), '{"b":3,"a":1,"c":null,"d":null}');
  });

  test("any text can be a name", () => {
    const made = compileObject<number>(
      names,
      names.map((_, i) => i),
    )(names.map((_, i) => i));
    assert.deepEqual(
      Object.entries(made),
      Object.entries([0, 1, 2, 3, 4, 5]).map(([i, value]) => [names[Number(i)], value]),
    );
    assert.equal(Object.getPrototypeOf(made), Object.prototype);
  });

  test("a process that makes no code from text makes the same objects", () => {
    const module = JSON.stringify(new URL("./compile-object.ts", import.meta.url).href);
    const script = `
      const { compileObject } = await import(${module});
      const names = ${JSON.stringify(names)};
      const made = compileObject(names, names.map((_, i) => i))(names.map((_, i) => i));
      console.log(JSON.stringify([Object.entries(made), Object.getPrototypeOf(made) === Object.prototype]));`;
    const run = (...options: readonly string[]): string =>
      execFileSync(process.execPath, [...options, "--input-type=module", "--eval", script], { encoding: "utf8" });
    assert.equal(run("--disallow-code-generation-from-strings"), run());
  });
});
