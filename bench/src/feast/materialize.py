"""Feast's side of the bench "materialize": the same rows into its embedded online store."""

import hashlib
import json
import os
import struct
import sys
import time
from datetime import datetime, timezone

from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

from peak_memory import peak_memory_mib

arguments = json.loads(sys.argv[1])
data, folder = arguments["data"], arguments["repository"]
os.makedirs(folder, exist_ok=True)
store = FeatureStore(
    config=RepoConfig(
        project="bench",
        provider="local",
        registry=os.path.join(folder, "registry.pb"),
        offline_store={"type": "duckdb"},
        online_store={"type": "sqlite", "path": os.path.join(folder, "online.db")},
        entity_key_serialization_version=3,
    )
)
customer = Entity(name="customer", join_keys=["customer_id"], value_type=ValueType.INT64)
view = FeatureView(
    name="v0",
    entities=[customer],
    schema=[Field(name=f"f{i}", dtype=Float64) for i in range(arguments["featuresPerRow"])],
    source=FileSource(name="rows", path=os.path.join(data["folder"], "rows.parquet"), timestamp_field="event_timestamp"),
    online=True,
)
store.apply([customer, view])
started, cpu_before = time.perf_counter(), time.process_time()
store.materialize(datetime.fromisoformat(arguments["start"]), datetime.fromisoformat(arguments["end"]).astimezone(timezone.utc))
reply = {"seconds": time.perf_counter() - started, "cpuSeconds": time.process_time() - cpu_before}

names = [f"f{i}" for i in range(arguments["featuresPerRow"])]
keys = range(min(arguments["keysRead"], data["keys"]))
answer = store.get_online_features(features=[f"v0:{n}" for n in names], entity_rows=[{"customer_id": k} for k in keys]).to_dict()
values = [answer[n][k] for k in keys for n in names]
packed = struct.pack(f"<{len(values)}d", *[float("nan") if v is None else v for v in values])
reply["checksum"] = hashlib.sha256(packed).hexdigest()[:16]
print()
print(json.dumps({**reply, "peakMiB": peak_memory_mib()}))
