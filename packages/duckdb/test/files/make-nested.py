"""Writes nested-arrow.parquet and nested-pandas.parquet here, as pyarrow 26.0.1 and pandas 2.3.3 do."""
import pyarrow as pa, pyarrow.parquet as pq, pandas as pd, numpy as np, datetime as dt
t = pa.table({
 "id": pa.array([1,2,3], pa.int64()),
 "ts": pa.array([dt.datetime(2024,2,1)]*3, pa.timestamp("ns")),
 "labels": pa.array([["b","a","b"], [], None], pa.list_(pa.string())),
 "scores": pa.array([[("b",1.5),("a",None)], [], None], pa.map_(pa.string(), pa.float64())),
 "address": pa.array([{"city":"Oslo","zip":None,"lines":["x",None]}, {"city":"","zip":"1","lines":[]}, None], pa.struct([("zip",pa.string()),("city",pa.string()),("lines",pa.list_(pa.large_string()))])),
 "raw": pa.array(['{"a": 1}', ' null', None], pa.string()),
 "embedding": pa.array([[1.0,2.0,3.0],[0.1,float("nan"),-0.0],None], pa.list_(pa.float32(), 3)),
 "rows": pa.array([[{"at":dt.datetime(2024,1,1,0,0,0,1),"value":None}, None], [], None], pa.list_(pa.struct([("at",pa.timestamp("us","UTC")),("value",pa.float64())]))),
 "seen_at": pa.array([dt.datetime(1969,12,31,23,59,59,500000), dt.datetime(2024,1,1,0,0,0,999999), None], pa.timestamp("us")),
})
pq.write_table(t, "nested-arrow.parquet")
df = pd.DataFrame({"id":[1,2], "ts": pd.to_datetime(["2024-02-01"]*2), "labels":[["z","y"], None], "address":[{"city":"Oslo","zip":"0150","lines":["a"]}, None], "embedding":[np.array([1,2,3],dtype="float32"), None], "raw":['[1]', None]})
df.to_parquet("nested-pandas.parquet")
