/** Numbers of the fields of Feast's registry messages, by message. Only those that asof reads or writes. */

export const entityFields = { spec: 1, meta: 2 } as const;
export const entitySpec = { name: 1, valueType: 2, description: 3, joinKey: 4, tags: 8, project: 9, owner: 10 } as const;

export const featureSpec = { name: 1, valueType: 2, tags: 3, description: 4, vectorLength: 7 } as const;

export const dataSource = {
  type: 1,
  fieldMapping: 2,
  timestampField: 3,
  createdTimestampColumn: 5,
  fileOptions: 11,
  kafkaOptions: 13,
  classType: 17,
  name: 20,
  project: 21,
  pushOptions: 22,
  description: 23,
  tags: 24,
  owner: 25,
  batchSource: 26,
  meta: 50,
} as const;
export const fileOptions = { fileFormat: 1, uri: 2, s3EndpointOverride: 3 } as const;
export const fileFormat = { parquet: 1, delta: 2 } as const;
export const kafkaOptions = { bootstrapServers: 1, topic: 2, messageFormat: 3 } as const;
export const streamFormat = { json: 3 } as const;
export const sourceMeta = { created: 3, lastUpdated: 4 } as const;
export const sourceType = { file: 1, kafka: 3, request: 7, push: 9 } as const;

export const viewFields = { spec: 1, meta: 2 } as const;
export const viewSpec = {
  name: 1,
  project: 2,
  entities: 3,
  features: 4,
  tags: 5,
  ttl: 6,
  batchSource: 7,
  online: 8,
  streamSource: 9,
  description: 10,
  owner: 11,
  entityColumns: 12,
  sourceViews: 14,
  transformation: 15,
  mode: 16,
  version: 18,
  disabled: 20,
} as const;
export const viewMeta = { created: 1, lastUpdated: 2, intervals: 3, versionNumber: 4, versionId: 5, state: 6 } as const;
export const viewStateAvailable = 4;
export const interval = { start: 1, end: 2 } as const;

export const serviceFields = { spec: 1, meta: 2 } as const;
export const serviceSpec = { name: 1, project: 2, features: 3, tags: 4, description: 5, owner: 6 } as const;
export const projection = {
  view: 1,
  columns: 2,
  alias: 3,
  joinKeyMap: 4,
  timestampField: 5,
  createdTimestampColumn: 7,
  batchSource: 8,
  streamSource: 9,
  versionTag: 10,
  viewType: 11,
} as const;

export const projectFields = { spec: 1, meta: 2 } as const;
export const projectSpec = { name: 1, description: 2, tags: 3, owner: 4 } as const;

/** The metadata of entities, views, services and projects: its field in the object; created and last updated in it. */
export const objectMeta = { within: 2, created: 1, lastUpdated: 2 } as const;

export const versionRecord = {
  view: 1,
  project: 2,
  number: 3,
  type: 4,
  proto: 5,
  created: 6,
  description: 7,
  versionId: 8,
} as const;

/** The entity that Feast gives views without one, and its key. */
export const dummyEntity = { name: "__dummy", key: "__dummy_id" } as const;

/** Tags in which asof says what Feast's types and entities cannot. */
export const asofTags = { type: "asof:type", partOf: "asof:part_of" } as const;
