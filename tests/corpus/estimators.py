"""Every estimator of scikit-learn, fitted on small data."""

import warnings

from tests.corpus.writing import every

LIBRARIES = ("sklearn", "numpy", "joblib")
SMALL = {"n_estimators": 5, "max_iter": 20, "n_init": 1, "n_components": 2, "cv": 2, "max_depth": 3, "n_jobs": None}
WRAPPED = ("estimator", "base_estimator")
SKIPPED = ("SparseCoder",)  # needs a dictionary, made below


def data():
    """Features, classes, targets and texts."""
    import numpy as np

    rng = np.random.default_rng(0)
    features = np.abs(rng.normal(size=(40, 4)))
    classes = np.arange(40) % 2
    return features, classes, features @ np.arange(1.0, 5.0) + rng.normal(size=40) * 0.1


def make(name, kind):
    """An estimator with small parameters."""
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    classifier = (
        "Classif" in name or "Chain" in name or name in ("OneVsRestClassifier", "RFE", "RFECV", "SelectFromModel")
    )
    inner = LogisticRegression() if classifier else Ridge()
    trees = [("a", DecisionTreeClassifier(max_depth=2)), ("b", DecisionTreeClassifier(max_depth=1))]
    if "Regress" in name:
        trees = [("a", DecisionTreeRegressor(max_depth=2)), ("b", Ridge())]
    special = {
        "ColumnTransformer": lambda: kind([("a", "passthrough", [0]), ("b", "drop", [1])]),
        "Pipeline": lambda: kind([("m", Ridge())]),
        "FeatureUnion": lambda: kind([("p", "passthrough")]),
        "VotingClassifier": lambda: kind(trees),
        "VotingRegressor": lambda: kind(trees),
        "StackingClassifier": lambda: kind(trees, cv=2),
        "StackingRegressor": lambda: kind(trees, cv=2),
        "GridSearchCV": lambda: kind(Ridge(), {"alpha": [0.1, 1.0]}, cv=2),
        "RandomizedSearchCV": lambda: kind(Ridge(), {"alpha": [0.1, 1.0]}, n_iter=2, cv=2, random_state=0),
        "HalvingGridSearchCV": lambda: kind(Ridge(), {"alpha": [0.1, 1.0]}, cv=2),
        "HalvingRandomSearchCV": lambda: kind(Ridge(), {"alpha": [0.1, 1.0]}, cv=2, random_state=0),
        "SparseCoder": lambda: kind(__import__("numpy").eye(4)),
        "GaussianRandomProjection": lambda: kind(n_components=2),
        "SparseRandomProjection": lambda: kind(n_components=2),
        "SelectKBest": lambda: kind(k=2),
        "TunedThresholdClassifierCV": lambda: kind(LogisticRegression(), cv=2),
        "FixedThresholdClassifier": lambda: kind(LogisticRegression()),
        "SelfTrainingClassifier": lambda: kind(LogisticRegression()),
        "FrozenEstimator": lambda: kind(Ridge()),
    }
    if name in special:
        return special[name]()
    import inspect

    parameters = inspect.signature(kind.__init__).parameters
    given = {key: value for key, value in SMALL.items() if key in parameters}
    for key in WRAPPED:
        if key in parameters and parameters[key].default is inspect.Parameter.empty:
            given[key] = inner
    try:
        return kind(**given)
    except TypeError:
        return kind()


def fitted(name, kind):
    """A fitted estimator, or None when it will not be fitted to any of these data."""
    features, classes, targets = data()
    texts = ["eval the model", "import the data", "os system call"] * 4
    multi = [[1, 0], [0, 1]] * 20
    tries = (
        (features, classes),
        (features, targets),
        (features, None),
        (texts, None),
        (features, multi),
        ([{"a": 1, "b": "x"}, {"a": 2}], None),
        ([["a", "b"], ["c"]], None),
        (features[:, 0], targets),
        (classes, None),
        (features, features[:, :2]),
    )
    for first, second in tries:
        try:
            model = make(name, kind)
            return model.fit(first) if second is None else model.fit(first, second)
        except Exception:
            continue
    return None


def more():
    """Pipelines, searches and options that put functions and classes into the state of an estimator."""
    import numpy as np
    from sklearn.compose import make_column_transformer
    from sklearn.decomposition import PCA
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, WhiteKernel
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import make_scorer, mean_squared_error
    from sklearn.model_selection import GridSearchCV, KFold
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
    from sklearn.svm import SVC

    features, classes, targets = data()
    yield "pipeline", make_pipeline(StandardScaler(), PCA(2), LogisticRegression()).fit(features, classes)
    yield "columns", make_column_transformer((OneHotEncoder(), [0]), (StandardScaler(), [1])).fit(features)
    yield "gaussian-kernels", GaussianProcessRegressor(RBF() + WhiteKernel()).fit(features, targets)
    yield "function-transformer", FunctionTransformer(np.log1p).fit(features)
    yield "scorer", GridSearchCV(SVC(), {"C": [1, 2]}, cv=KFold(2), scoring="accuracy").fit(features, classes)
    yield "own-scorer", make_scorer(mean_squared_error, greater_is_better=False)
    for algorithm in ("ball_tree", "kd_tree", "brute"):
        yield f"neighbours-{algorithm}", KNeighborsClassifier(algorithm=algorithm).fit(features, classes)
    for metric in ("minkowski", "manhattan", "chebyshev", "cosine"):
        yield f"metric-{metric}", KNeighborsClassifier(metric=metric).fit(features, classes)
    words = ["password eval exec", "lambda import os", "model data system"]
    yield "words", TfidfVectorizer().fit(words)


def files():
    """Every estimator in every form."""
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.utils import all_estimators

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, kind in all_estimators():
            model = fitted(name, kind)
            yield from every(
                name if model is not None else f"{name}-unfitted",
                model if model is not None else make_unfitted(name, kind),
            )
        for name, model in more():
            yield from every(name, model)


def make_unfitted(name, kind):
    """An estimator that nothing here fits."""
    try:
        return make(name, kind)
    except Exception:
        return {"class": kind}
