import type {
  ColumnModel,
  EntityModel,
  ExpressionNode,
  FeatureModel,
  FileSourceModel,
  PlainViewModel,
  RepositoryModel,
  RequestViewModel,
  ServiceModel,
  ValueType,
  ViewModel,
  ViewReference,
  WindowedViewModel,
} from "@asof/core";

// Hand-made definitions for the tests of registry and plan: a small churn repository that uses every kind of object.

const hourUs = 3_600_000_000;
const dayUs = 24 * hourUs;

const int64: ValueType = { kind: "int64", as: "bigint" };
const int64AsNumber: ValueType = { kind: "int64", as: "number" };
const float64: ValueType = { kind: "float64" };
const string: ValueType = { kind: "string" };
const bool: ValueType = { kind: "bool" };

function column(name: string, type: ValueType, nullable = true): ColumnModel {
  return { name, type, nullable, meta: {} };
}

function columnNode(name: string, type: ValueType): ExpressionNode {
  return { node: "column", name, type };
}

const customer: EntityModel = {
  kind: "entity",
  name: "customer",
  keys: [column("customer_id", int64AsNumber, false)],
  meta: { owner: "growth", description: "Who buys." },
};

const baskets: FileSourceModel = {
  kind: "source",
  type: "parquet",
  name: "baskets",
  eventTime: "event_timestamp",
  createdTime: null,
  eventId: "basket_id",
  columns: [column("spend", float64), column("items", int64AsNumber), column("used_coupon", bool)],
  mapping: { event_timestamp: "ts", customer_id: "customer" },
  stream: { type: "kafka", topic: "baskets", options: { group: "asof" } },
  meta: { tags: { pii: "no" } },
  paths: ["data/baskets.parquet"],
  hive: false,
  csv: null,
};

const profiles: FileSourceModel = {
  kind: "source",
  type: "csv",
  name: "profiles",
  eventTime: "event_timestamp",
  createdTime: "created",
  eventId: null,
  columns: [column("tenure", int64), column("charges", float64), column("plan", string)],
  mapping: {},
  stream: null,
  meta: {},
  paths: ["data/profiles/*.csv"],
  hive: true,
  csv: { delimiter: ";", header: true, nullText: "NA", quote: '"', escape: '"' },
};

function plainFeature(name: string, type: ValueType): FeatureModel {
  return { kind: "column", name, type, nullable: true, meta: {} };
}

const sumOfSpend: FeatureModel = {
  kind: "aggregate",
  name: "spend_30d",
  type: float64,
  nullable: true,
  meta: { description: "Spend of 30 days." },
  aggregate: { function: { fn: "sum" }, argument: columnNode("spend", float64), windowUs: 30 * dayUs, hopUs: dayUs, where: null },
};

const couponCount: FeatureModel = {
  kind: "aggregate",
  name: "coupons_90d",
  type: int64AsNumber,
  nullable: true,
  meta: {},
  aggregate: {
    function: { fn: "count" },
    argument: null,
    windowUs: 90 * dayUs,
    hopUs: dayUs,
    where: {
      node: "call",
      op: "eq",
      args: [columnNode("used_coupon", bool), { node: "literal", type: bool, value: true }],
      type: bool,
    },
  },
};

const churn: PlainViewModel = {
  kind: "view",
  form: "plain",
  name: "churn",
  entities: [customer],
  source: profiles,
  ttlUs: 30 * dayUs,
  features: [
    plainFeature("tenure", int64),
    plainFeature("charges", float64),
    {
      kind: "derived",
      name: "per_month",
      type: float64,
      nullable: true,
      meta: { owner: "pricing" },
      expression: {
        node: "case",
        branches: [
          {
            when: {
              node: "call",
              op: "gt",
              args: [columnNode("tenure", int64), { node: "literal", type: int64, value: 9_007_199_254_740_993n }],
              type: bool,
            },
            // biome-ignore lint/suspicious/noThenProperty: the model's name for a branch's value.
            then: { node: "literal", type: float64, value: Number.NaN },
          },
        ],
        otherwise: { node: "call", op: "div", args: [columnNode("charges", float64), columnNode("tenure", int64)], type: float64 },
        type: float64,
      },
    },
  ],
  meta: { owner: "growth", tags: { tier: "gold" } },
};

const activity: WindowedViewModel = {
  kind: "view",
  form: "windowed",
  name: "activity",
  entities: [customer],
  source: baskets,
  separableUs: 120_000_000,
  features: [sumOfSpend, couponCount],
  meta: {},
};

function use(view: ViewModel, change: Partial<ViewReference> = {}): ViewReference {
  return { view, name: view.name, features: null, keys: {}, maxAgeUs: null, ...change };
}

const trend: RequestViewModel = {
  kind: "view",
  form: "request",
  name: "trend",
  inputs: [use(activity, { features: ["spend_30d"] })],
  request: [column("amount", float64, false)],
  features: [{ kind: "computed", name: "ratio", type: float64, nullable: true, meta: {} }],
  onError: "null",
  source: "({ activity, request }) => ({ ratio: request.amount / activity.spend_30d })",
  compute: () => ({ ratio: null }),
  meta: {},
};

const churnService: ServiceModel = {
  kind: "service",
  name: "churn_v1",
  views: [
    use(churn, { maxAgeUs: dayUs, keys: { customer_id: "buyer_id" } }),
    use(activity, { name: "recent", features: ["coupons_90d"] }),
    use(trend),
  ],
  meta: { description: "What the churn model reads." },
};

const repository: RepositoryModel = {
  project: "shop",
  entities: [customer],
  sources: [baskets, profiles],
  views: [churn, activity, trend],
  services: [churnService],
};

/** The sample repository with some objects replaced by name; what refers to them refers to the new ones. */
function repositoryWith(change: {
  readonly customer?: EntityModel;
  readonly baskets?: FileSourceModel;
  readonly profiles?: FileSourceModel;
  readonly churn?: Partial<PlainViewModel>;
  readonly activity?: Partial<WindowedViewModel>;
  readonly service?: (views: { readonly churn: ViewModel; readonly activity: ViewModel; readonly trend: ViewModel }) => ServiceModel | null;
}): RepositoryModel {
  const entity = change.customer ?? customer;
  const basketSource = change.baskets ?? baskets;
  const profileSource = change.profiles ?? profiles;
  const churnView: PlainViewModel = { ...churn, entities: [entity], source: profileSource, ...change.churn };
  const activityView: WindowedViewModel = { ...activity, entities: [entity], source: basketSource, ...change.activity };
  const trendView: RequestViewModel = { ...trend, inputs: [use(activityView, { features: ["spend_30d"] })] };
  const views = { churn: churnView, activity: activityView, trend: trendView };
  const service =
    change.service === undefined
      ? {
          ...churnService,
          views: churnService.views.map((r) => ({ ...r, view: Object.values(views).find((v) => v.name === r.view.name) ?? r.view })),
        }
      : change.service(views);
  return {
    project: "shop",
    entities: [entity],
    sources: [basketSource, profileSource],
    views: [churnView, activityView, trendView],
    services: service === null ? [] : [service],
  };
}

/** A small churn repository as plain models, with helpers to change it. */
export const sample = {
  type: { int64, int64AsNumber, float64, string, bool },
  column,
  columnNode,
  plainFeature,
  use,
  customer,
  baskets,
  profiles,
  churn,
  activity,
  trend,
  churnService,
  repository,
  repositoryWith,
};
