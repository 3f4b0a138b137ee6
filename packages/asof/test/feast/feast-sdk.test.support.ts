import { FeastProcess } from "@asof/testkit";
import type { SdkAnswer, SdkRequest } from "./recorded-answers.test.support.ts";

/** `feast apply`, and reads in the form of the recordings. */
const prelude = `
import base64, datetime as dt, math, os, sys, types
from pathlib import Path
import pandas as pd
import feast
from feast.data_source import PushMode
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus

definitions = types.ModuleType("features"); sys.modules["features"] = definitions; definitions.__file__ = "features.py"
exec(compile(Path("features.py").read_text(), "features.py", "exec"), definitions.__dict__)
store = feast.FeatureStore(repo_path=".")

def apply():
    from feast.feature_view import DUMMY_ENTITY
    from feast.repo_contents import RepoContents
    from feast.repo_operations import apply_total_with_repo_instance
    if DUMMY_ENTITY not in definitions.ALL["entities"]: definitions.ALL["entities"].append(DUMMY_ENTITY)
    apply_total_with_repo_instance(store, "compat", store.registry, RepoContents(label_views=[], **definitions.ALL), skip_source_validation=False)

def form(v):
    if isinstance(v, dt.datetime): return {"datetime": v.isoformat()}
    if isinstance(v, bytes): return {"bytes_b64": base64.b64encode(v).decode()}
    if isinstance(v, float) and not math.isfinite(v): return {"float": {"inf": "infinity", "-inf": "-infinity"}.get(repr(v), "nan")}
    if isinstance(v, int) and not isinstance(v, bool) and int(float(v)) != v: return {"int": str(v)}
    if isinstance(v, (list, tuple)): return [form(x) for x in v]
    return v

def read(request):
    try:
        features = store.get_feature_service(request["feature_service"]) if "feature_service" in request else request["features"]
        answer = store.get_online_features(features, request["entities"], request.get("full_feature_names", False))
        return {"to_dict": {k: form(v) for k, v in answer.to_dict(include_event_timestamps=True).items()},
                "statuses": [[FieldStatus.Name(s) for s in x.statuses] for x in answer.proto.results]}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {str(error)[:200]}"}

def frame(rows):
    data = pd.DataFrame(rows)
    for column in data.columns:
        if column in ("ts", "event_timestamp", "created"): data[column] = pd.to_datetime(data[column], utc=True, format="ISO8601")
    return data

reply(feast.__version__)
`;

/** The SDK of the real Feast over a repository folder. */
export class FeastSdk implements AsyncDisposable {
  readonly #process: FeastProcess;

  private constructor(process: FeastProcess) {
    this.#process = process;
  }

  static async start(folder: string): Promise<FeastSdk> {
    const process = await FeastProcess.start(folder);
    await process.run(prelude);
    return new FeastSdk(process);
  }

  run(program: string, input: unknown = null): Promise<unknown> {
    return this.#process.run(program, input);
  }

  /** `feast apply`. */
  async apply(): Promise<void> {
    await this.run("apply()");
  }

  /** `feast materialize` of the views that Feast's local engine can materialize. */
  async materialize(start: string, end: string): Promise<void> {
    const views = ["driver_stats", "trip_totals", "global_stats"];
    await this.run("store.materialize(*[dt.datetime.fromisoformat(t) for t in given[0]], feature_views=given[1])", [[start, end], views]);
  }

  /** Reads online features. */
  async read(request: SdkRequest): Promise<SdkAnswer> {
    return (await this.run("reply(read(given))", request)) as SdkAnswer;
  }

  /** `store.push` to the online store. */
  async push(source: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    await this.run("store.push(given[0], frame(given[1]), to=PushMode.ONLINE)", [source, rows]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
