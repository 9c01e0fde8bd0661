"""pandas: frames, series, indexes and their types."""

import warnings

from tests.corpus.writing import every

LIBRARIES = ("pandas", "numpy", "joblib")


def frames():
    """Names and values."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    yield "mixed", pd.DataFrame({"a": [1, 2], "b": [1.5, np.nan], "c": ["x", None], "d": [True, False]})
    yield "floats", pd.DataFrame(rng.normal(size=(50, 4)), columns=list("abcd"))
    yield "categories", pd.DataFrame({"c": pd.Categorical(["x", "y"], ordered=True)})
    yield "dates", pd.DataFrame({"d": pd.date_range("2026-01-01", periods=3, tz="UTC")})
    yield "naive-dates", pd.DataFrame({"d": pd.date_range("2026-01-01", periods=3)})
    yield "periods", pd.Series(pd.period_range("2026-01", periods=3, freq="M"))
    yield "deltas", pd.Series(pd.to_timedelta([1, 2], unit="h"))
    yield (
        "nullable",
        pd.DataFrame({"i": pd.array([1, None], dtype="Int64"), "b": pd.array([True, None], dtype="boolean")}),
    )
    yield "strings", pd.Series(["a", "b", None], dtype="string")
    yield "objects", pd.Series([{"a": 1}, [1, 2], None])
    yield "intervals", pd.Series(pd.interval_range(0, 3))
    yield "sparse", pd.Series(pd.arrays.SparseArray([0, 0, 1]))
    yield "multi-index", pd.Series([1, 2], index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]))
    yield "range-index", pd.RangeIndex(5)
    yield "index", pd.Index(["a", "b"], name="k")
    yield "date-index", pd.date_range("2026-01-01", periods=3, freq="D")
    yield "category-index", pd.CategoricalIndex(["a", "b"])
    yield "interval-index", pd.interval_range(0, 3)
    yield "series", pd.Series([1.0, 2.0], name="s")
    yield "timestamp", pd.Timestamp("2026-01-01", tz="UTC")
    yield "timedelta", pd.Timedelta("1h")
    yield "period", pd.Period("2026-01", freq="M")
    yield "interval", pd.Interval(0, 1)
    yield "dtypes", [pd.CategoricalDtype(["a"]), pd.Int64Dtype(), pd.StringDtype(), pd.DatetimeTZDtype(tz="UTC")]
    yield "missing", [pd.NA, pd.NaT]
    yield "offset", [pd.offsets.Day(2), pd.offsets.MonthEnd(), pd.offsets.BusinessDay()]
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["source"] = "file.csv"
    yield "attributes", frame
    yield "wide", pd.DataFrame({f"c{i}": [float(i)] for i in range(300)})


def files():
    """Every value in every form."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, value in frames():
            yield from every(name, value, codecs=("none", "zlib", "lz4"))
