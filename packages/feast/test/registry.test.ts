import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, seededRandom } from "@asof/testkit";
import { asofRegistryField, FeastRegistryFile, type FeastRegistryKind } from "../src/index.ts";
import {
  DataSource,
  Entity,
  FeatureService,
  FeatureView,
  FeatureViewVersionRecord,
  OnDemandFeatureView,
  Project,
  Registry,
  SavedDataset,
  StreamFeatureView,
} from "../src/messages.ts";
import { readGolden, readGoldenBytes } from "./golden.test.support.ts";
import {
  addUnknownFields,
  canonicalMessage,
  fieldNumber,
  type MessageNode,
  parseMessage,
  printMessage,
} from "./message-tree.test.support.ts";

const golden = readGoldenBytes("registry.pb");

/** Kinds of which the golden registry has objects: their key in its JSON form, and where the names lie in that. */
const jsonKeys: Partial<Record<FeastRegistryKind, string>> = {
  project: "projects",
  entity: "entities",
  data_source: "data_sources",
  feature_view: "feature_views",
  stream_feature_view: "stream_feature_views",
  on_demand_feature_view: "on_demand_feature_views",
  feature_service: "feature_services",
  saved_dataset: "saved_datasets",
  permission: "permissions",
};

test("Feast's registry is written back byte for byte", () => {
  assert.ok(Buffer.from(FeastRegistryFile.decode(golden).encode()).equals(golden));
});

test("every object of Feast's registry is found under its name, as its JSON form has it", () => {
  const json =
    readGolden<Readonly<Record<string, readonly { spec?: Record<string, unknown>; name?: string; project?: string }[]>>>("registry.json");
  const file = FeastRegistryFile.decode(golden);
  const lists = Object.keys(json).filter((key) => Array.isArray(json[key]));
  const covered: string[] = [...Object.values(jsonKeys)];
  assert.deepEqual(
    lists.filter((key) => !covered.includes(key)),
    [],
    "the golden registry has objects that this test does not read",
  );
  for (const [kind, key] of Object.entries(jsonKeys) as [FeastRegistryKind, string][]) {
    const expected = (json[key] ?? []).map((object) => {
      const { name, project = name } = object.spec ?? object;
      return { project, name };
    });
    assert.ok(expected.length > 0, key);
    assert.deepEqual(
      [...file.iterate(kind)].map(({ project, name }) => ({ project, name })),
      expected,
    );
    for (const { project, name } of expected) assert.ok(file.get(kind, String(project), String(name)) !== null);
    assert.deepEqual([...file.iterate(kind, "another")], []);
  }
});

/** The changes a test makes to objects, by generated code: as a user of a newer description would. */
const changes = {
  entity: {
    type: "feast.core.Entity",
    within: "feast.core.EntitySpecV2",
    change: (bytes: Uint8Array) => rewrite(Entity, bytes, (m) => m.spec),
  },
  feature_view: {
    type: "feast.core.FeatureView",
    within: "feast.core.FeatureViewSpec",
    change: (bytes: Uint8Array) => rewrite(FeatureView, bytes, (m) => m.spec),
  },
  stream_feature_view: {
    type: "feast.core.StreamFeatureView",
    within: "feast.core.StreamFeatureViewSpec",
    change: (bytes: Uint8Array) => rewrite(StreamFeatureView, bytes, (m) => m.spec),
  },
  on_demand_feature_view: {
    type: "feast.core.OnDemandFeatureView",
    within: "feast.core.OnDemandFeatureViewSpec",
    change: (bytes: Uint8Array) => rewrite(OnDemandFeatureView, bytes, (m) => m.spec),
  },
  feature_service: {
    type: "feast.core.FeatureService",
    within: "feast.core.FeatureServiceSpec",
    change: (bytes: Uint8Array) => rewrite(FeatureService, bytes, (m) => m.spec),
  },
  project: {
    type: "feast.core.Project",
    within: "feast.core.ProjectSpec",
    change: (bytes: Uint8Array) => rewrite(Project, bytes, (m) => m.spec),
  },
  data_source: { type: "feast.core.DataSource", within: null, change: (bytes: Uint8Array) => rewrite(DataSource, bytes, (m) => m) },
} as const;
type ChangedKind = keyof typeof changes;

interface Codec<T> {
  decode(bytes: Uint8Array): T;
  encode(message: T): { finish(): Uint8Array };
}

function rewrite<T>(codec: Codec<T>, bytes: Uint8Array, described: (message: T) => { description: string } | undefined): Uint8Array {
  const message = codec.decode(bytes);
  const target = described(message);
  assert.ok(target !== undefined);
  target.description = "changed by a test";
  return codec.encode(message).finish();
}

/** The same change made to the tree of a message. */
function withDescription(tree: MessageNode, kind: ChangedKind): MessageNode {
  const { type, within } = changes[kind];
  if (within !== null && tree.type === type)
    return {
      ...tree,
      fields: tree.fields.map((field) =>
        field.number === 1 && !Buffer.isBuffer(field.content) ? { ...field, content: withDescription(field.content, kind) } : field,
      ),
    };
  const number = fieldNumber(tree.type, "description");
  return {
    ...tree,
    fields: [...tree.fields.filter((field) => field.number !== number), { number, wire: 2, content: Buffer.from("changed by a test") }],
  };
}

test("unknown fields at every level survive the change of one object, and all other bytes stay as they are", () => {
  const tree = parseMessage("feast.core.Registry", golden);
  assert.ok(printMessage(tree).equals(golden), "the test's own reader loses nothing");
  const changed = new Map<ChangedKind, number>();
  for (let seed = 0; seed < 60; seed++) {
    const random = seededRandom(`registry ${seed}`);
    const before = addUnknownFields(random, tree);
    const bytes = printMessage(before);
    const file = FeastRegistryFile.decode(bytes);
    assert.ok(Buffer.from(file.encode()).equals(bytes), `seed ${seed}: unchanged`);
    const kind = choose(random, Object.keys(changes) as ChangedKind[]);
    const { name, project, bytes: object } = choose(random, [...file.iterate(kind)]);
    file.put(kind, changes[kind].change(object));
    changed.set(kind, (changed.get(kind) ?? 0) + 1);
    const after = parseMessage("feast.core.Registry", Buffer.from(file.encode()));
    assert.equal(after.fields.length, before.fields.length, `seed ${seed}`);
    const different = after.fields.filter(
      (field, i) => !printMessage({ type: "", fields: [field] }).equals(printMessage({ type: "", fields: before.fields.slice(i, i + 1) })),
    );
    assert.equal(different.length, 1, `seed ${seed}: ${kind} ${project} ${name}`);
    const expected = withDescription(parseMessage(changes[kind].type, Buffer.from(object)), kind);
    const found = different[0]?.content;
    assert.ok(found !== undefined && !Buffer.isBuffer(found));
    assert.deepEqual(canonicalMessage(found), canonicalMessage(expected), `seed ${seed}: ${kind} ${project} ${name}`);
  }
  assert.deepEqual([...changed.keys()].sort(), Object.keys(changes).sort(), "a kind was never changed");
});

test("objects are added, replaced and removed; others keep their place", () => {
  const file = FeastRegistryFile.decode(golden);
  const names = (): string[] => [...file.iterate("entity")].map(({ name }) => name);
  const before = names();
  const added = Entity.encode(Entity.create({ spec: { name: "card", project: "compat", joinKey: "card_id" } })).finish();
  file.put("entity", added);
  assert.deepEqual(names(), [...before, "card"]);
  assert.deepEqual(file.get("entity", "compat", "card"), added);
  assert.ok(file.delete("entity", "compat", "card"));
  assert.equal(file.delete("entity", "compat", "card"), false);
  assert.ok(Buffer.from(file.encode()).equals(golden));
  const dataset = [...file.iterate("saved_dataset")][0];
  assert.ok(dataset !== undefined && SavedDataset.decode(dataset.bytes).spec?.name === dataset.name);
  assert.equal(file.get("entity", "another", before[0] ?? ""), null);
});

test("a new registry is one that Feast's messages read", () => {
  const file = FeastRegistryFile.empty();
  file.touch("0b6c2a4e-0000-4000-8000-000000000000", 1_700_000_000_123_456);
  file.put("feature_view", FeatureView.encode(FeatureView.create({ spec: { name: "v", project: "p" } })).finish());
  file.put("entity", Entity.encode(Entity.create({ spec: { name: "e", project: "p" } })).finish());
  for (const version of [0, 1, 12])
    file.put(
      "feature_view_version",
      FeatureViewVersionRecord.encode(
        FeatureViewVersionRecord.create({ featureViewName: "v", projectId: "p", versionNumber: version }),
      ).finish(),
    );
  file.setField(asofRegistryField, [Buffer.from("one"), Buffer.from("two")]);
  const bytes = file.encode();
  const registry = Registry.decode(bytes);
  assert.equal(registry.registrySchemaVersion, "1");
  assert.equal(registry.versionId, "0b6c2a4e-0000-4000-8000-000000000000");
  assert.deepEqual([registry.lastUpdated?.seconds, registry.lastUpdated?.nanos], [1_700_000_000n, 123_456_000]);
  assert.deepEqual(
    registry.featureViewVersionHistory?.records.map(({ versionNumber }) => versionNumber),
    [0, 1, 12],
  );
  const reread = FeastRegistryFile.decode(bytes);
  assert.equal(reread.lastUpdatedUs, 1_700_000_000_123_456);
  assert.deepEqual(
    reread.getField(asofRegistryField).map((value) => Buffer.from(value).toString()),
    ["one", "two"],
  );
  assert.deepEqual(
    [...reread.iterate("feature_view_version", "p")].map(({ name }) => name),
    ["v@v0", "v@v1", "v@v12"],
  );
  assert.ok(reread.delete("feature_view_version", "p", "v@v1"));
  assert.equal(Registry.decode(reread.encode()).featureViewVersionHistory?.records.length, 2);
  // Fields lie in the order of their numbers, as every writer of protobuf puts them.
  assert.deepEqual(
    parseMessage("feast.core.Registry", Buffer.from(bytes)).fields.map(({ number }) => number),
    [1, 3, 4, 5, 6, 18, asofRegistryField, asofRegistryField],
  );
});

test("a registry that is cut short, newer or something else is refused with a code", () => {
  const fields = parseMessage("feast.core.Registry", golden).fields;
  const ends = new Set<number>();
  let at = 0;
  for (const field of fields) {
    at += printMessage({ type: "", fields: [field] }).length;
    ends.add(at);
  }
  const versionEnd = golden.indexOf(Buffer.from("1a0131", "hex")) + 3;
  let refused = 0;
  for (let length = 0; length < golden.length; length++) {
    // Protobuf has no end: behind the version a cut between two objects cannot be told from a registry without the rest.
    if (ends.has(length) && length >= versionEnd) continue;
    assert.throws(
      () => FeastRegistryFile.decode(golden.subarray(0, length), "data/registry.db"),
      { code: "ASOF_REGISTRY_UNREADABLE" },
      `cut at ${length}`,
    );
    refused++;
  }
  assert.ok(refused > golden.length - fields.length - 1);
  const withVersion = (version: string): Buffer => Buffer.concat([Buffer.from([0x1a, version.length]), Buffer.from(version)]);
  for (const version of ["2", "1.1", "v2"])
    assert.throws(() => FeastRegistryFile.decode(withVersion(version)), {
      code: "ASOF_REGISTRY_VERSION",
      value: version,
      message: /Upgrade asof/,
    });
  for (const text of ["", "project: demo\n", "SQLite format 3\0", '{"entities": []}'])
    assert.throws(() => FeastRegistryFile.decode(Buffer.from(text)), { code: "ASOF_REGISTRY_UNREADABLE" }, text);
  // An object whose inside is damaged is refused when it is asked for, before anything is written.
  const broken = FeastRegistryFile.decode(Buffer.concat([Buffer.from("0a030a0561", "hex"), withVersion("1")]));
  assert.throws(() => broken.get("entity", "p", "e"), { code: "ASOF_REGISTRY_UNREADABLE", message: /kind entity/ });
  assert.throws(() => FeastRegistryFile.empty().put("entity", Buffer.from("0a05", "hex")), { code: "ASOF_REGISTRY_UNREADABLE" });
});
