"""Names that scikit-learn and pandas had years ago, which published models still hold, are as ordinary as today's."""

import pytest

from fixtures import pickles as p
from modelaudit.pipeline.scan import scan

NAMES = [
    "sklearn.cluster.k_means_.KMeans",
    "sklearn.decomposition.pca.PCA",
    "sklearn.ensemble.forest.ExtraTreesClassifier",
    "sklearn.ensemble.gradient_boosting.BinomialDeviance",
    "sklearn.ensemble.voting_classifier.VotingClassifier",
    "sklearn.grid_search.GridSearchCV",
    "sklearn.linear_model.stochastic_gradient.SGDClassifier",
    "sklearn.neighbors.classification.KNeighborsClassifier",
    "sklearn.neural_network.multilayer_perceptron.MLPClassifier",
    "sklearn.preprocessing.imputation.Imputer",
    "sklearn.svm.classes.LinearSVC",
    "sklearn.tree.tree.ExtraTreeRegressor",
    "pandas.core.categorical.Categorical",
    "pandas.core.index.Int64Index",
    "pandas.core.internals.BlockManager",
    "pandas.core.series.TimeSeries",
    "pandas.indexes.numeric.Int64Index",
    "pandas.tseries.index.DatetimeIndex",
]


def severities(ruleset, tmp_path, data):
    path = tmp_path / "m.pkl"
    path.write_bytes(data)
    return {finding.severity for finding in scan([str(path)], ruleset).findings if finding.active}


def instance(name):
    module, _, last = name.rpartition(".")
    return p.glob(module, last) + p.EMPTY_TUPLE + p.NEWOBJ + p.dictionary({"x": 1}, 2) + p.BUILD


def test_an_instance_is_silent(ruleset, tmp_path):
    data = b"".join(p.stream(instance(name), protocol=2) for name in NAMES)
    assert severities(ruleset, tmp_path, data) == set()


def test_rebuilt_parts_are_silent(ruleset, tmp_path):
    index = p.glob("pandas.core.index", "_new_Index")
    index += p.args(p.glob("pandas.core.index", "Index"), p.EMPTY_DICT, protocol=2) + p.REDUCE
    metric = p.glob("sklearn.neighbors.dist_metrics", "newObj")
    metric += p.args(p.glob("sklearn.neighbors.dist_metrics", "EuclideanDistance"), protocol=2) + p.REDUCE
    for body in (index, metric):
        assert severities(ruleset, tmp_path, p.stream(body, protocol=2)) == set()


@pytest.mark.parametrize(
    "name", ["sklearn.svm.classes.run", "sklearn.svm.other.SVC", "pandas.core.index.f", "sklearnx.svm.SVC"]
)
def test_other_names_of_these_modules_are_not_known(ruleset, tmp_path, name):
    assert severities(ruleset, tmp_path, p.stream(instance(name), protocol=2)) == {"warning"}


def test_state_on_such_a_class_itself_is_critical(ruleset, tmp_path):
    data = p.stream(p.glob("sklearn.svm.classes", "SVC"), p.dictionary({"fit": 1}, 2), p.BUILD, protocol=2)
    assert severities(ruleset, tmp_path, data) >= {"critical"}
