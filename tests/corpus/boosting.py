"""Gradient boosting: XGBoost, LightGBM, CatBoost, pickled and in their own files."""

import pathlib
import tempfile
import warnings

from tests.corpus.estimators import data
from tests.corpus.writing import every

LIBRARIES = ("xgboost", "lightgbm", "catboost", "sklearn", "joblib")


def models():
    """Fitted models."""
    import catboost
    import lightgbm
    import xgboost

    features, classes, targets = data()
    quiet = {"n_estimators": 4, "verbose": -1, "min_child_samples": 2}
    yield "xgb-classifier", xgboost.XGBClassifier(n_estimators=4).fit(features, classes)
    yield "xgb-regressor", xgboost.XGBRegressor(n_estimators=4).fit(features, targets)
    yield "xgb-forest", xgboost.XGBRFRegressor(n_estimators=4).fit(features, targets)
    yield "xgb-ranker", xgboost.XGBRanker(n_estimators=4).fit(features, classes, group=[20, 20])
    yield "xgb-booster", xgboost.train({"max_depth": 2}, xgboost.DMatrix(features, targets), 3)
    yield "lgbm-classifier", lightgbm.LGBMClassifier(**quiet).fit(features, classes)
    yield "lgbm-regressor", lightgbm.LGBMRegressor(**quiet).fit(features, targets)
    yield "lgbm-ranker", lightgbm.LGBMRanker(**quiet).fit(features, classes, group=[20, 20])
    yield "lgbm-booster", lightgbm.LGBMRegressor(**quiet).fit(features, targets).booster_
    yield (
        "cat-classifier",
        catboost.CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False).fit(features, classes),
    )
    yield (
        "cat-regressor",
        catboost.CatBoostRegressor(iterations=3, verbose=0, allow_writing_files=False).fit(features, targets),
    )


def native(name, model, folder):
    """The models in their libraries' own files."""
    if name == "xgb-booster":
        for end in ("json", "ubj"):
            path = folder / f"{name}.{end}"
            model.save_model(path)
            yield path
    elif name == "lgbm-booster":
        path = folder / f"{name}.txt"
        model.save_model(path)
        yield path
    elif name.startswith("cat-"):
        path = folder / f"{name}.cbm"
        model.save_model(path)
        yield path


def files():
    """Every model in every form."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        for name, model in models():
            yield from every(name, model)
            for path in native(name, model, pathlib.Path(folder)):
                yield path.name, path.read_bytes()
