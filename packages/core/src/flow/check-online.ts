import type { FeatureModel, PlainViewModel, RepositoryModel } from "../definition/model.ts";
import { AsofError, type Issue, sentenceOf } from "../error/error.ts";
import { compileViewKey } from "../store/key-codec.ts";
import type { OnlineStore } from "../store/online.ts";
import { printType, type ValueType } from "../value/type.ts";

/**
 * What the online store cannot keep of the views defined: keys of types that its layout lacks, timestamps finer than it has them. Told when
 * definitions are planned, since later a single row would make a materialization fail. Windowed state is in asof's own form everywhere.
 */
export function checkOnline(online: Pick<OnlineStore, "type" | "keys" | "capabilities">, definitions: RepositoryModel): readonly Issue[] {
  return definitions.views.flatMap((view): readonly Issue[] => {
    if (view.form !== "plain") return [];
    const features = online.capabilities.timestamps === "seconds" ? view.features.filter((feature) => hasFineTimestamp(feature.type)) : [];
    return [...checkKey(online, view), ...features.map((feature) => tooFine(online.type, view, feature))];
  });
}

function checkKey(online: Pick<OnlineStore, "keys">, view: PlainViewModel): readonly Issue[] {
  try {
    compileViewKey(online.keys, view);
    return [];
  } catch (error) {
    if (!(error instanceof AsofError)) throw error;
    return [{ code: error.code, path: `views.${view.name}`, message: sentenceOf(error), fix: error.fix ?? "", value: error.value }];
  }
}

function hasFineTimestamp(type: ValueType): boolean {
  switch (type.kind) {
    case "timestamp":
      return type.precision === undefined;
    case "list":
    case "set":
      return hasFineTimestamp(type.of);
    case "map":
      return hasFineTimestamp(type.key) || hasFineTimestamp(type.value);
    case "struct":
      return type.fields.some((field) => hasFineTimestamp(field.type));
    default:
      return false;
  }
}

function tooFine(store: string, view: PlainViewModel, feature: FeatureModel): Issue {
  return {
    code: "ASOF_COLUMN_TYPE",
    path: `views.${view.name}.${feature.name}`,
    value: printType(feature.type),
    message: `Feature "${view.name}:${feature.name}" is ${printType(feature.type)}, and the online store (${store}) keeps whole seconds.`,
    fix: 'Declare it timestamp({ precision: "s" }), which cuts it to seconds offline too.',
  };
}
