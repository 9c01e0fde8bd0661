"""NumPy and SciPy: arrays of every type, scalars, generators, sparse matrices, distributions, interpolators."""

import io
import warnings

from tests.corpus.writing import every, pickles

LIBRARIES = ("numpy", "scipy", "joblib")


def arrays():
    """Arrays and what stands beside them in NumPy."""
    import numpy as np

    for kind in (
        "f2",
        "f4",
        "f8",
        ">f8",
        "i1",
        "i4",
        "i8",
        "u1",
        "u8",
        "?",
        "c8",
        "c16",
        "M8[ns]",
        "m8[s]",
        "U8",
        "S8",
    ):
        yield (
            f"array-{kind.strip('?>').replace('[', '-').rstrip(']') or 'bool'}-{'be' if kind[0] == '>' else 'le'}",
            np.zeros((3, 4), kind),
        )
    yield "fortran", np.asfortranarray(np.arange(12.0).reshape(3, 4))
    yield "strided", np.arange(20)[::3]
    yield "empty", np.zeros((0, 3))
    yield "scalar-array", np.array(3.5)
    yield "large", np.random.default_rng(0).normal(size=(200, 100))
    yield "structured", np.zeros(3, [("x", "f4"), ("y", "i8", (2,)), ("z", [("a", "U4")])])
    yield "objects", np.array([1, "x", None, (1, 2)], dtype=object)
    yield "nested-objects", np.array([np.arange(3), np.arange(4)], dtype=object)
    yield "record", np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    yield "masked", np.ma.masked_array([1, 2, 3], mask=[0, 1, 0])
    yield "matrix", np.asmatrix(np.eye(2)) if hasattr(np, "asmatrix") else np.eye(2)
    yield "dtype", [np.dtype("f8"), np.dtype([("a", "i4")]), np.float32, np.int64]
    yield (
        "scalars",
        [
            np.float64(1.5),
            np.int32(3),
            np.bool_(True),
            np.str_("x"),
            np.bytes_(b"x"),
            np.datetime64("2026-01-01"),
            np.complex64(1j),
        ],
    )
    yield "random-state", np.random.RandomState(3)
    yield "generator", np.random.default_rng(3)
    yield "philox", np.random.Generator(np.random.Philox(3))
    yield "seed", np.random.SeedSequence(3)
    yield "ufuncs", [np.add, np.exp, np.mean, np.sum]
    yield "polynomial", np.polynomial.Polynomial([1, 2, 3])
    yield "poly1d", np.poly1d([1, 2])
    yield "text", np.array(["a", "b"], dtype=np.dtypes.StringDType()) if hasattr(np, "dtypes") else np.array(["a"])


def science():
    """What SciPy pickles."""
    import numpy as np
    from scipy import interpolate, sparse, spatial, stats

    x = np.linspace(0, 1, 8)
    for kind in ("csr", "csc", "coo", "bsr", "dia", "dok", "lil"):
        yield f"{kind}-matrix", sparse.random(6, 6, 0.3, format=kind, random_state=0)
        yield f"{kind}-array", getattr(sparse, f"{kind}_array")(np.eye(3))
    yield "norm", stats.norm(0, 1)
    yield "gamma", stats.gamma(2.0)
    yield "poisson", stats.poisson(3)
    yield "uniform", stats.uniform
    yield "kde", stats.gaussian_kde(x)
    yield "multivariate", stats.multivariate_normal([0, 0])
    yield "linear-interpolator", interpolate.interp1d(x, x**2)
    yield "spline", interpolate.CubicSpline(x, x**2)
    yield "bspline", interpolate.make_interp_spline(x, x**2)
    yield "rbf", interpolate.RBFInterpolator(x[:, None], x)
    yield "pchip", interpolate.PchipInterpolator(x, x)
    yield "kd-tree", spatial.cKDTree(np.random.default_rng(0).normal(size=(9, 2)))
    yield "rotation", spatial.transform.Rotation.from_euler("z", 0.3)


def named_pickles(name, value):
    """Name and bytes for each protocol."""
    return ((f"{name}-{suffix}", data) for suffix, data in pickles(value))


def files():
    """Every value in every form, and NumPy's own files."""
    import numpy as np

    for source in (arrays, science):
        for name, value in source():
            # joblib writes the addresses of such an array's texts
            yield from named_pickles(name, value) if name == "text" else every(name, value)
    for name, value in arrays():
        if isinstance(value, np.ndarray) and not isinstance(value, np.ma.MaskedArray):
            target = io.BytesIO()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    np.save(target, value)
            except (TypeError, ValueError):
                continue
            mark = "-pickled" if value.dtype.hasobject else ""
            yield f"{name}{mark}.npy", target.getvalue()
    for name, save in (("plain", np.savez), ("compressed", np.savez_compressed)):
        target = io.BytesIO()
        save(target, weights=np.eye(3), bias=np.zeros(3))
        yield f"{name}.npz", target.getvalue()
