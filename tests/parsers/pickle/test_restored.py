"""Attributes that a class hands to a callable when BUILD restores an object of it."""

import pytest

from fixtures import pickles as p
from fixtures.reading import Read

SOURCE = "_parse_args = None"
CLASS = p.imported("scipy.stats._continuous_distns", "norm_gen")
HELPER = p.imported("copyreg", "_reconstructor")
MADE = {
    "NEWOBJ": CLASS + p.EMPTY_TUPLE + p.NEWOBJ,
    "REDUCE": CLASS + p.EMPTY_TUPLE + p.REDUCE,
    "a helper": p.imported("copyreg", "_reconstructor")
    + p.args(CLASS, p.imported("builtins", "object"), None)
    + p.REDUCE,
}
PAIR = p.args("_parse_arg_template", SOURCE)
STATES = {
    "a dictionary": p.dictionary({"_parse_arg_template": SOURCE, "name": "norm"}),
    "pairs": p.args(PAIR, p.args("name", "norm")),
    "a list of pairs": p.EMPTY_LIST + PAIR + b"a",
    "keys that are a pair": p.args(p.dictionary({"_parse_arg_template": 0, SOURCE: 0})),
}


def evaluated(stream):
    """Target and value of what BUILD calls."""
    return [(call.target, call.args[0].value) for call in Read(stream).calls if call.kind == "build"]


@pytest.mark.parametrize("made", MADE)
def test_source_in_the_state_of_a_distribution_is_run(made):
    stream = p.stream(MADE[made], STATES["a dictionary"], p.BUILD)
    assert evaluated(stream) == [("builtins.exec", SOURCE)]


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_all_that_updates_a_dictionary(state):
    assert evaluated(p.stream(MADE["NEWOBJ"], STATES[state], p.BUILD)) == [("builtins.exec", SOURCE)]


def test_a_state_that_a_call_makes_may_hold_it():
    made = p.imported("collections", "OrderedDict") + p.args(p.EMPTY_LIST + PAIR + b"a") + p.REDUCE
    assert evaluated(p.stream(MADE["NEWOBJ"], made, p.BUILD)) == [("builtins.exec", None)]


@pytest.mark.parametrize(
    "state",
    [p.dictionary({"name": "norm"}), p.args(p.dictionary({"a": 1, "b": 2, "c": 3}), CLASS + b")R"), p.NONE],
    ids=["another attribute", "before SciPy 1.6", "none"],
)
def test_nothing_is_called_without_that_attribute(state):
    assert evaluated(p.stream(MADE["NEWOBJ"], state, p.BUILD)) == []


def test_another_class_keeps_what_it_is_given():
    other = p.imported("sklearn.svm._classes", "SVC") + p.EMPTY_TUPLE + p.NEWOBJ
    assert evaluated(p.stream(MADE["NEWOBJ"], p.POP, other, STATES["a dictionary"], p.BUILD)) == []


def test_a_context_of_a_compiled_module_is_called():
    module = p.imported("torch._dynamo.eval_frame", "OptimizedModule") + p.EMPTY_TUPLE + p.NEWOBJ
    state = p.dictionary({"dynamo_ctx": p.imported("acme", "hook"), "_orig_mod": None})
    assert evaluated(p.stream(module, state, p.BUILD)) == [("acme.hook", None)]


def test_a_context_that_a_call_made_is_called():
    module = p.imported("torch._dynamo.eval_frame", "OptimizedModule") + p.EMPTY_TUPLE + p.NEWOBJ
    function = p.imported("cloudpickle.cloudpickle", "_make_function") + p.args(None) + p.REDUCE
    calls = Read(p.stream(module, p.dictionary({"dynamo_ctx": function}), p.BUILD)).calls
    assert [call.flows_from for call in calls if call.kind == "build"] == [{"cloudpickle.cloudpickle._make_function"}]


@pytest.mark.parametrize("folds", [0, 100])
@pytest.mark.parametrize(
    ("spelling", "operands"),
    [("numpy.core:_ufunc_reconstruct", ()), ("scipy._lib._uarray._backend:unpickle_function", (None,))],
)
def test_a_function_that_is_restored_by_its_name_is_an_import(monkeypatch, folds, spelling, operands):
    monkeypatch.setattr("modelaudit.parsers.pickle.calling.FOLDS_MAX", folds)
    module, _, name = spelling.partition(":")
    read = Read(p.stream(p.imported(module, name), p.args("os", "getcwd", *operands), p.REDUCE))
    assert "os.getcwd" in {fact.qualname for fact in read.imports}
