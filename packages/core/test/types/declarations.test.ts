import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type Compiler, compilers, ScratchProject } from "./compiler.ts";

const shop = readFileSync(join(import.meta.dirname, "shop.ts"), "utf8");
/** Everything that inference can show, without a type written by the user. */
const definitions = `${shop.replace(/^export declare const store.*$/m, "")}
import { caseWhen, coalesce, derive, literal, variance } from "@asof/core";
export const row = baskets.row;
export const parts = [row.spend, row.plan, row.price, row.paid_at, row.paid_on, row.receipt, row.scan, row.tags, row.used_coupon, row.note];
export const chosen = coalesce(row.discount, literal(0));
export const choice = caseWhen(row.spend.gt(1), "a");
export const aggregate = variance(baskets.row.spend, { window: "7d" });
export const derived = derive(row.spend.div(row.items));
export const alias = basketActivity.as("other").withKeys({ customer_id: "buyer_id" }).pick("spend_30d");
export const types = { decimal: decimal(10, 2), list: list(string()), nullable: nullable(int64()) };
export const topic = kafka({ topic: "baskets" });
`;

describe("declarations of users' definitions", () => {
  for (const compiler of Object.keys(compilers) as Compiler[]) {
    test(`are emitted without an unnamed type, and mean the same, under ${compiler}`, () => {
      const imported = definitions.replaceAll('"@asof/core"', '"asof"');
      using project = new ScratchProject({ "src/definitions.ts": imported }, { through: "asof" });
      // TS4023, TS2742, TS2883: a type that the index does not export.
      assert.deepEqual(project.compile(compiler, { declarations: true }).diagnostics, []);
      const emitted = readFileSync(join(project.folder, "dist/src/definitions.d.ts"), "utf8");
      assert.match(emitted, /churnFeatures: [^;]*\bView<"churn_features", \{\s+readonly customer_id: number;\s+\}, \{/);
      assert.doesNotMatch(emitted, /\bany\b/);
      assert.doesNotMatch(emitted, /@asof\/core/, "a type is named by a package that users did not install");

      using consumer = new ScratchProject({ "src/definitions.d.ts": emitted, "src/use.ts": use }, { through: "asof" });
      assert.deepEqual(
        consumer.compile(compiler).diagnostics.map((d) => d.text),
        ["Property 'spend_3d' does not exist on type '{ readonly spend_30d: number | null; }'. Did you mean 'spend_30d'?"],
      );
    });

    test(`are emitted for the example under ${compiler}`, () => {
      const folder = join(import.meta.dirname, "../../../../examples/predictflow/features");
      const names = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
      assert.ok(names.includes("services.ts"));
      const files = Object.fromEntries(names.map((name) => [`src/${name}`, readFileSync(join(folder, name), "utf8")]));
      using project = new ScratchProject(files, { through: "asof" });
      assert.deepEqual(project.compile(compiler, { declarations: true }).diagnostics, []);
      assert.match(readFileSync(join(project.folder, "dist/src/services.d.ts"), "utf8"), /churnV1: [^;]*Service<"churn_v1"/);
    });
  }
});

const use = `import type { TypedRetrieval } from "asof";
import { alias, churnV1 } from "./definitions.js";
declare const store: TypedRetrieval<unknown>;
const { rows } = await store.getOnlineFeatures({ service: churnV1, entities: [{ customer_id: 1, amount: 2, promo: null }] });
export const ratio: number | null = rows[0].spend_trend.ratio;
const other = await store.getOnlineFeatures({ features: [alias], entities: [{ buyer_id: 1 }] });
export const typo = other.rows[0].other.spend_3d;
`;
