"""An account is in the order in which things happen, and shows what a person wants to see of them."""

from fixtures import pickles as p
from fixtures import vectors
from modelaudit.pipeline.facts import accounts
from modelaudit.pipeline.scan import Options
from modelaudit.reports import View
from modelaudit.reports.account.gather import Account
from modelaudit.reports.account.text import render


def steps(tmp_path, data):
    """Verb and text of every step of a file."""
    path = tmp_path / "m.pkl"
    path.write_bytes(data)
    (found,) = list(accounts([str(path)], Options(None), lambda: Account(60), []))
    (chapter,) = found[1].chapters(str(path))
    return [f"{step.do} {step.text}" for step in chapter.steps]


def test_what_a_call_fetches_stands_behind_it_and_before_its_use(tmp_path):
    assert steps(tmp_path, vectors.STREAMS["methodcaller of locate"])[2:] == [
        "import pydoc.locate",
        "call pydoc.locate('os')",
        "import os",
        "import os.system",
        "call os.system('echo hi') from _operator.methodcaller",
    ]


def test_what_a_call_sets_stands_behind_it(tmp_path):
    data = p.reduce_call("builtins", "setattr", p.imported("acme", "X"), "fit", p.imported("acme", "f"))
    assert steps(tmp_path, data)[-2:] == [
        "call builtins.setattr(acme.X, 'fit', acme.f)",
        "set state of acme.X: fit; callables among the values: acme.f",
    ]


def test_shapes_are_written_out_and_tell_calls_apart(tmp_path):
    call = p.imported("m", "f")
    shapes = [b"K\x02K\x03\x86", b"K\x05\x85", b")", p.text("a") + b"K\x01\x86"]
    data = p.stream(*[call + shape + b"\x85R" for shape in shapes * 20])
    found = {step for step in steps(tmp_path, data) if step.startswith("call")}
    assert found == {"call m.f((2, 3))", "call m.f((5,))", "call m.f(<tuple>)"}


def test_an_empty_key_is_seen(tmp_path):
    made = p.imported("collections", "OrderedDict") + b")R" + p.text("") + b"K\x01s"
    assert steps(tmp_path, p.stream(made))[-1] == "set state of collections.OrderedDict(…): ''"


def test_a_reader_that_stops_before_the_end_is_named(tmp_path):
    path = tmp_path / "m.pkl"
    path.write_bytes(vectors.DISAGREEMENTS["octal INT"])
    (found,) = list(accounts([str(path)], Options(None), lambda: Account(60), []))
    told = render(*found, {}, View(verbose=False, quiet=False, width=200))
    assert "ends with STOP, which the reader in Python does not reach" in " ".join(told.split())
