"""Graphs: what skl2onnx, ONNX and ONNX Runtime write, and the models that ONNX tests itself with."""

import pathlib
import tempfile
import warnings

LIBRARIES = ("onnx", "skl2onnx", "onnxruntime", "sklearn", "numpy")


def estimators():
    """Estimators of every kind that skl2onnx converts."""
    from sklearn import (
        cluster,
        ensemble,
        linear_model,
        naive_bayes,
        neighbors,
        neural_network,
        preprocessing,
        svm,
        tree,
    )
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline

    yield from (linear_model.LogisticRegression(), linear_model.LinearRegression(), linear_model.Ridge())
    yield from (linear_model.Lasso(), linear_model.ElasticNet(), linear_model.SGDClassifier(), svm.SVC(), svm.SVR())
    yield from (ensemble.RandomForestClassifier(5), ensemble.ExtraTreesClassifier(5), ensemble.RandomForestRegressor(5))
    yield from (ensemble.GradientBoostingClassifier(n_estimators=5), ensemble.AdaBoostClassifier(n_estimators=3))
    yield from (tree.DecisionTreeClassifier(), tree.DecisionTreeRegressor(), cluster.KMeans(3), svm.LinearSVC(), PCA(2))
    yield from (neighbors.KNeighborsClassifier(), neighbors.KNeighborsRegressor(), naive_bayes.GaussianNB())
    yield from (
        naive_bayes.BernoulliNB(),
        neural_network.MLPClassifier((5,), max_iter=20),
        preprocessing.MinMaxScaler(),
    )
    yield make_pipeline(preprocessing.StandardScaler(), preprocessing.PolynomialFeatures(), linear_model.Ridge())


def converted():
    """Each estimator as ONNX."""
    import numpy as np
    from skl2onnx import to_onnx

    data = np.random.default_rng(1).random((60, 4)).astype("float32")
    wanted = (data.sum(1) > 2).astype(int)
    for estimator in estimators():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = to_onnx(estimator.fit(data, wanted), data[:1])
        yield type(estimator).__name__, model


def by_hand():
    """Graphs in graphs, functions, every element type, sparse tensors."""
    from onnx import TensorProto, helper

    shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 4]) for name in ("x", "y", "a", "b")]
    branches = [
        helper.make_graph([helper.make_node(type, ["x"], [name])], name, [], [value])
        for type, name, value in (("Identity", "a", shape[2]), ("Neg", "b", shape[3]))
    ]
    either = helper.make_node("If", ["c"], ["y"], then_branch=branches[0], else_branch=branches[1])
    flag = helper.make_tensor_value_info("c", TensorProto.BOOL, [])
    yield "if", helper.make_model(helper.make_graph([either], "g", [shape[0], flag], [shape[1]]))
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("local", 1)]
    body = helper.make_function("local", "F", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], opsets[:1])
    call = helper.make_graph([helper.make_node("F", ["x"], ["y"], domain="local")], "g", [shape[0]], [shape[1]])
    yield "function", helper.make_model(call, functions=[body], opset_imports=opsets)
    for name in (
        "FLOAT16",
        "BFLOAT16",
        "INT8",
        "UINT8",
        "DOUBLE",
        "INT4",
        "FLOAT8E4M3FN",
        "BOOL",
        "COMPLEX64",
        "STRING",
    ):
        type = getattr(TensorProto, name)
        values = ["one", "two"] if name == "STRING" else [1, 0]
        constant = helper.make_node("Constant", [], ["y"], value=helper.make_tensor("v", type, [2], values))
        value = helper.make_tensor_value_info("y", type, None)
        yield f"type-{name}", helper.make_model(helper.make_graph([constant], "g", [], [value]))


def runtime(data, folder):
    """What ONNX Runtime makes of a model: as ORT, and as ONNX with its own operators."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    for suffix, level in (("ort", "ORT_ENABLE_BASIC"), ("onnx", "ORT_ENABLE_EXTENDED")):
        options = onnxruntime.SessionOptions()
        options.optimized_model_filepath = str(folder / f"optimised.{suffix}")
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
        if suffix == "ort":
            options.add_session_config_entry("session.save_model_format", "ORT")
        onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        yield suffix, (folder / f"optimised.{suffix}").read_bytes()


def files():
    """Every model as ONNX; the converted ones as ONNX Runtime stores them, too; the models of the ONNX project."""
    import onnx

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for title, model in converted():
            data = model.SerializeToString()
            yield f"converted/{title}.onnx", data
            for suffix, stored in runtime(data, folder):
                yield f"runtime/{title}.{suffix}", stored
    for title, model in by_hand():
        yield f"by-hand/{title}.onnx", model.SerializeToString()
    tests = pathlib.Path(onnx.__file__).parent / "backend" / "test" / "data"
    for path in sorted(tests.rglob("model.onnx")):
        yield f"project/{path.parent.name}.onnx", path.read_bytes()
