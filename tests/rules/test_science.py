"""Ordinary objects of scientific libraries are silent as long as they are used as those libraries write them."""

import pytest

from fixtures import pickles
from modelaudit.engine.judge import judge
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.facts import facts

SILENT = [
    "networkx.classes.digraph.DiGraph",
    "networkx.classes.coreviews.AdjacencyView",
    "xarray.core.dataset.Dataset",
    "statsmodels.regression.linear_model.RegressionResultsWrapper",
    "statsmodels.tsa.arima.model.ARIMA",
    "gensim.models.phrases.Phrases",
    "polars.dataframe.frame.DataFrame",
    "shap._explanation.Explanation",
    "pandas.core.groupby.grouper.Grouping",
    "scipy.spatial._qhull.Delaunay",
    "scipy.stats._distn_infrastructure.rv_sample",
    "decimal.DecimalTuple",
    "transformers.models.bert.modeling_bert.BertModel",
    "transformers.trainer_callback.TrainerState",
    "torch.distributions.normal.Normal",
    "torch.optim.swa_utils.AveragedModel",
    "torch.nn.parallel.data_parallel.DataParallel",
    "torch.nn.utils.prune.L1Unstructured",
    "torch.utils.data.dataloader.DataLoader",
    "optuna.study.study.Study",
    "optuna.distributions.FloatDistribution",
    "optuna.samplers._tpe.sampler.TPESampler",
    "nltk.stem.porter.PorterStemmer",
    "nltk.tag.sequential.UnigramTagger",
    "sktime.forecasting.naive._naive.NaiveForecaster",
    "PIL.Image.Image",
    "hmmlearn.hmm.GMMHMM",
    "hmmlearn.base.ConvergenceMonitor",
    "fairlearn.postprocessing._threshold_optimizer.ThresholdOptimizer",
    "fairlearn.reductions._moments.utility_parity.DemographicParity",
    "lifelines.fitters.kaplan_meier_fitter.KaplanMeierFitter",
    "lifelines.statistics.StatisticalResult",
    "surprise.trainset.Trainset",
    "tslearn.clustering.kmeans.TimeSeriesKMeans",
    "gensim.models.nmf.Nmf",
    "hdbscan.prediction.PredictionData",
    "implicit.nearest_neighbours.BM25Recommender",
    "interpret.glassbox._ebm._ebm.ExplainableBoostingClassifier",
    "nltk.tag.tnt.TnT",
    "pygam.terms.TermList",
    "skopt.space.space.Real",
    "surprise.prediction_algorithms.matrix_factorization.SVD",
]
CALLED = [
    ("pytz", "_p", "Europe/Berlin", 3600, 0, "CET"),
    ("pytz", "FixedOffset", 60),
    ("pytz", "_UTC"),
    ("pendulum.date", "Date", 2020, 1, 1),
    ("optuna.trial._state", "TrialState", 1),
    ("nltk.probability", "FreqDist", pickles.dictionary({"a": 1})),
    ("lifelines.utils", "CensoringType", "right"),
    ("sqlite3", "OperationalError", "x"),
    ("struct", "error", "x"),
    ("zipfile", "BadZipFile", "x"),
    ("pandas.errors", "EmptyDataError", "x"),
    ("asyncio.exceptions", "CancelledError"),
]


def said(tmp_path, data: bytes):
    (tmp_path / "m.pkl").write_bytes(data)
    (tree,) = facts([str(tmp_path / "m.pkl")])
    return {(finding.severity, finding.rule) for finding in judge(load_ruleset(), tree).findings}


@pytest.mark.parametrize("name", SILENT)
def test_an_object_with_state_is_silent(tmp_path, name):
    module, _, cls = name.rpartition(".")
    assert said(tmp_path, pickles.build(module, cls, {"x": 1}).replace(b"}", b")\x81}", 1)) == set()


@pytest.mark.parametrize("made", CALLED, ids=lambda made: f"{made[0]}.{made[1]}")
def test_what_rebuilds_itself_with_plain_values_is_silent(tmp_path, made):
    assert said(tmp_path, pickles.reduce_call(*made)) == set()


@pytest.mark.parametrize("name", ["pytz._p.x", "nltk.data.load", "optuna.storages._rdb.storage.RDBStorage"])
def test_what_stands_beside_them_is_not(tmp_path, name):
    module, _, last = name.rpartition(".")
    assert {severity for severity, _ in said(tmp_path, pickles.reduce_call(module, last, "x"))} & {
        "warning",
        "critical",
    }


@pytest.mark.parametrize("name", SILENT)
def test_the_same_class_called_is_not(tmp_path, name):
    module, _, cls = name.rpartition(".")
    assert "warning" in {severity for severity, _ in said(tmp_path, pickles.reduce_call(module, cls, "x"))}


def test_a_restored_formula_is_told(tmp_path):
    data = pickles.build("statsmodels.base.data", "PandasData", {"restore_design_info": 1}).replace(b"}", b")\x81}", 1)
    assert ("warning", "MA1069") in said(tmp_path, data)


def test_a_saved_memory_map_is_an_array(tmp_path):
    made = pickles.stream(
        pickles.stack_global("numpy.core.multiarray", "_reconstruct"),
        pickles.args(pickles.stack_global("numpy", "memmap"), pickles.args(0), pickles.literal(b"b")),
        b"R",
    )
    assert said(tmp_path, made) == set()


def test_a_memory_map_that_is_called_opens_a_file(tmp_path):
    assert "critical" in {severity for severity, _ in said(tmp_path, pickles.reduce_call("numpy", "memmap", "x"))}


def method(name: str) -> bytes:
    """A method of a survival model that the file keeps by its name."""
    fitter = pickles.stack_global("lifelines.fitters.nelson_aalen_fitter", "NelsonAalenFitter") + b")\x81"
    return pickles.stream(pickles.stack_global("builtins", "getattr"), pickles.args(fitter, name), b"R")


def test_a_fitter_keeps_its_own_method(tmp_path):
    assert said(tmp_path, method("_variance_f_smooth")) == set()


@pytest.mark.parametrize("name", ["__init__", "fit", "__reduce__"])
def test_other_methods_of_a_fitter_are_told(tmp_path, name):
    assert {severity for severity, _ in said(tmp_path, method(name))} & {"warning", "critical"}


def test_a_formula_that_is_evaluated_later_is_told(tmp_path):
    assert ("warning", "MA1090") in said(tmp_path, pickles.reduce_call("formulaic.model_spec", "ModelSpec", "x"))
