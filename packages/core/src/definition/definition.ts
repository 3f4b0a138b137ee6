import type { Issue } from "../error/error.ts";
import { assert } from "../error/error.ts";
import type { AnyEntity } from "./entity.ts";
import type { AnyLabel } from "./label.ts";
import type { EntityModel, LabelModel, ObjectModel, ServiceModel, SourceModel, ViewModel, ViewReference } from "./model.ts";
import { payloadOf } from "./payload.ts";
import type { AnyService } from "./service.ts";
import type { AnySource } from "./source.ts";
import { type AnyView, viewReference } from "./view.ts";

/** Anything that a builder defines. */
export type AnyDefinition = AnyEntity | AnySource | AnyView | AnyLabel | AnyService;

/** The plain frozen data behind a definition. Of a picked, renamed or aliased view: the view itself. */
export function modelOf(definition: AnyEntity): EntityModel;
export function modelOf(definition: AnySource): SourceModel;
export function modelOf(definition: AnyView): ViewModel;
export function modelOf(definition: AnyLabel): LabelModel;
export function modelOf(definition: AnyService): ServiceModel;
export function modelOf(definition: AnyDefinition): ObjectModel;
export function modelOf(definition: AnyDefinition): ObjectModel {
  const payload = payloadOf(definition);
  assert(payload?.of === "definition", `"${definition.name}" was not made by a builder of asof`);
  return payload.model;
}

/** The view together with its alias, choice of features, renamed keys and age limit. */
export function referenceOf(view: AnyView): ViewReference {
  const reference = viewReference(view);
  assert(reference !== null, `"${view.name}" was not made by featureView or requestView`);
  return reference;
}

/** Faults found while a definition and all it refers to were built; `validateRepository` adds those that show only together. */
export function issuesOf(definition: AnyDefinition): readonly Issue[] {
  const payload = payloadOf(definition);
  return payload?.of === "definition" ? [...new Set(payload.issues)] : [];
}

/** Whether a value, for example an export of a module, is a definition. */
export function isDefinition(value: unknown): value is AnyDefinition {
  return payloadOf(value)?.of === "definition";
}
