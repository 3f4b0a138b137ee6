import type { ColumnModel, FeatureModel, RequestViewModel } from "./model.ts";
import { type IssueList, OptionReader } from "./read.ts";
import { describe, readColumns } from "./read-columns.ts";
import { readReferences } from "./read-references.ts";

type Compute = NonNullable<RequestViewModel["compute"]>;

/** Reads a request view's options, outputs and function. */
export function readRequestView(name: string, options: unknown, features: unknown, compute: unknown, list: IssueList): RequestViewModel {
  const path = `feature_views.${name}`;
  const reader = new OptionReader(options, path, list, ["inputs", "request", "onError"]);
  const request = reader.value("request");
  const outputs = readColumns(features, `${path}.features`, list);
  if (outputs.length === 0) {
    list.add(
      "ASOF_DEFINITION_INVALID",
      `${path}.features`,
      undefined,
      "A view needs features.",
      "Give its outputs as the third argument: { ratio: float64() }.",
    );
  }
  return Object.freeze({
    kind: "view",
    form: "request",
    name,
    inputs: readReferences(reader.value("inputs") ?? [], `${path}.inputs`, list),
    request: request === undefined ? Object.freeze([]) : readColumns(request, `${path}.request`, list),
    features: Object.freeze(outputs.map(outputOf)),
    onError: readOnError(reader, list),
    source: typeof compute === "function" ? String(compute) : "",
    ...readCompute(compute, path, list),
    meta: reader.meta(),
  });
}

function outputOf({ name, type, meta }: ColumnModel): FeatureModel {
  return Object.freeze({ kind: "computed", name, type, nullable: true, meta });
}

function readCompute(compute: unknown, path: string, list: IssueList): { readonly compute?: Compute } {
  const fix = "Give it as the fourth argument: ({ request, t }) => ({ … }).";
  if (!isCompute(compute)) {
    list.add("ASOF_DEFINITION_INVALID", `${path}.compute`, undefined, `The function is ${describe(compute)}, not a function.`, fix);
    return {};
  }
  if (["AsyncFunction", "AsyncGeneratorFunction", "GeneratorFunction"].includes(compute.constructor.name)) {
    const message = "The function is asynchronous or a generator; a request view runs synchronously, in training and serving alike.";
    list.add(
      "ASOF_DEFINITION_INVALID",
      `${path}.compute`,
      undefined,
      message,
      "Make it a plain function; read other data through an input view.",
    );
  }
  return { compute };
}

function isCompute(value: unknown): value is Compute {
  return typeof value === "function";
}

function readOnError(reader: OptionReader, list: IssueList): "throw" | "null" {
  const value = reader.value("onError") ?? "throw";
  if (value === "throw" || value === "null") return value;
  list.add(
    "ASOF_DEFINITION_INVALID",
    `${reader.path}.onError`,
    value,
    'onError is "throw" or "null".',
    'Write onError: "null", or leave it out.',
  );
  return "throw";
}
