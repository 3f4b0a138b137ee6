import assert from "node:assert/strict";
import { test } from "node:test";
import { csv, entity, featureService, featureView, float64, from, int64, modelOf, type ServiceModel, type ViewModel } from "@asof/core";
import { Message } from "../wire/message.ts";
import { decodeFeastService } from "./decode-service.ts";
import { encodeService } from "./encode-service.ts";
import { encodeView } from "./encode-view.ts";
import { projection, serviceFields, serviceSpec } from "./fields.ts";

const user = entity("user", { key: { user_id: int64() } });
const orders = csv("orders", { path: "orders.csv", eventTime: "ts", columns: { amount: float64(), items: float64() } });
const view = featureView("view", { entities: [user], source: orders }, { amount: float64(), items: float64() });
const model = modelOf(view) as ViewModel;

/** A service as Feast's bytes, and read from them again. */
function throughFeast(service: ServiceModel): { readonly spec: Message; readonly read: ServiceModel } {
  if (model.form === "request") return assert.fail();
  const viewSpec = encodeView(model, { spec: null, kafka: null });
  const spec = encodeService(service, null, { specOf: () => viewSpec, isFeastsOwn: () => false });
  const object = new Message();
  object.setMessage(serviceFields.spec, spec);
  const found = { view: model, features: model.features.map((feature) => feature.name) };
  return { spec, read: decodeFeastService(object.encode(), (name) => (name === "view" ? found : undefined), service) };
}

test("a version that a service asks for by its number is Feast's version tag, v0 too", () => {
  const v0 = view.version(0).pick("amount");
  const service = modelOf(featureService("s", [view.pick("amount"), v0, view.version(3).as("third")])) as ServiceModel;
  const { spec, read } = throughFeast(service);
  assert.deepEqual(
    spec
      .messages(serviceSpec.features)
      .map((p) => [p.text(projection.view), p.text(projection.alias), p.has(projection.versionTag), p.number(projection.versionTag)]),
    [
      ["view", "", false, 0],
      ["view", "", true, 0],
      ["view", "third", true, 3],
    ],
  );
  assert.deepEqual(read.views, service.views);
  assert.deepEqual(
    encodeService(service, spec, { specOf: () => null, isFeastsOwn: () => false }).messages(serviceSpec.features).length,
    3,
    "written over what is there",
  );
});

test("views of other projects are left out, and stay in their places when the service is read", () => {
  const service = modelOf(featureService("s", [from("growth", view).as("theirs"), view])) as ServiceModel;
  const { spec, read } = throughFeast(service);
  assert.deepEqual(
    spec.messages(serviceSpec.features).map((p) => p.text(projection.alias)),
    [""],
  );
  assert.deepEqual(read.views, service.views);
});
