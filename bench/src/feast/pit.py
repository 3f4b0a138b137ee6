"""Feast's side of the bench "pit": the same views and spine, the result written to Parquet."""

import json
import os
import sys
import time
from datetime import timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

from peak_memory import peak_memory_mib

arguments = json.loads(sys.argv[1])
features = [f"f{i}" for i in range(arguments["featuresPerView"])]


def open_store(data, name):
    folder = os.path.join(arguments["repository"], name)
    os.makedirs(folder, exist_ok=True)
    config = RepoConfig(
        project="bench",
        provider="local",
        registry=os.path.join(folder, "registry.pb"),
        offline_store={"type": arguments["engine"]},
        online_store={"type": "sqlite", "path": os.path.join(folder, "online.db")},
        entity_key_serialization_version=3,
    )
    store = FeatureStore(config=config)
    customer = Entity(name="customer", join_keys=["customer_id"], value_type=ValueType.INT64)
    views = [
        FeatureView(
            name=f"v{i}",
            entities=[customer],
            ttl=timedelta(days=arguments["ttlDays"]),
            schema=[Field(name=f, dtype=Float64) for f in features],
            source=FileSource(
                name=f"source_{i}",
                path=os.path.join(data["folder"], f"view_{i}.parquet"),
                timestamp_field="event_timestamp",
                created_timestamp_column="created",
            ),
            online=True,
        )
        for i in range(data["views"])
    ]
    store.apply([customer, *views])
    return store


def retrieve(store, data, out):
    started, cpu_before = time.perf_counter(), time.process_time()
    spine = pd.read_parquet(os.path.join(data["folder"], "spine.parquet"))
    references = [f"v{i}:{f}" for i in range(data["views"]) for f in features]
    job = store.get_historical_features(entity_df=spine, features=references, full_feature_names=True)
    table = job.to_arrow()
    pq.write_table(table, out, compression="zstd")
    return {
        "seconds": time.perf_counter() - started,
        "cpuSeconds": time.process_time() - cpu_before,
        "rows": table.num_rows,
    }


retrieve(open_store(arguments["warm"], "warm"), arguments["warm"], arguments["out"] + ".warm")
store = open_store(arguments["data"], "main")
reply = retrieve(store, arguments["data"], arguments["out"])
print()
print(json.dumps({**reply, "peakMiB": peak_memory_mib()}))
