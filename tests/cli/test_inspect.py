"""`modelaudit inspect` as a process: what it tells, in which order, and how much of it."""

import json

import pytest

from fixtures import archives, joblibs, pickles, torches
from modelaudit.cli import inspect

EVIL = pickles.reduce_call("os", "system", "echo \x1b[31mred")
MANY = pickles.stream(
    b"].",  # a first stream, then one with many equal calls and a rare one at its end
    pickles.proto(4),
    pickles.MARK,
    (pickles.stack_global("collections", "OrderedDict") + b")R") * 200,
    pickles.stack_global("acme", "rare") + b")R",
    b"l",
)


def lines(run):
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_the_tree_of_every_kind_of_file(modelaudit, tmp_path, golden):
    files = {
        "a.pkl": EVIL + pickles.build("acme.models", "Net", {"x": 1}),
        "b.pt": archives.checkpoint(),
        "c.pt": torches.legacy(),
        "d.pkl": pickles.computed_import(),
        "e.pkl": pickles.nested_literal(EVIL),
        "f.joblib": pickles.stream(joblibs.wrapper(joblibs.objects()), EVIL),
        "g.pkl": pickles.broken_after(EVIL),
        "h.txt": b"words",
        "i.pkl": pickles.harmless(),
        "j.bin": b"\0\1",
        "k.zip": archives.archive([archives.Entry("a.txt", b"words"), archives.Entry("b", b"\0\1")]),
        "l.zip": archives.archive([archives.Entry("a.pkl", EVIL), archives.Entry("b", b"\0\1")]),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    run = modelaudit("inspect", *files, "--limit", "6")
    assert (run.returncode, run.stderr) == (0, "")
    golden("inspect.txt", run.stdout)


def test_what_comes_from_the_model_is_escaped(modelaudit, tmp_path):
    (tmp_path / "a.pkl").write_bytes(EVIL)
    for options in ((), ("--json",)):
        assert "\x1b" not in modelaudit("inspect", "a.pkl", *options).stdout


def test_colour_is_for_terminals(modelaudit, tmp_path):
    (tmp_path / "a.pkl").write_bytes(EVIL)
    plain = modelaudit("inspect", "a.pkl").stdout
    coloured = modelaudit("inspect", "a.pkl", FORCE_COLOR="1").stdout
    assert "\x1b[" in coloured
    assert "\x1b[" not in plain
    assert "os.system" in coloured


def test_a_narrow_terminal_wraps(modelaudit, tmp_path):
    (tmp_path / "a.pkl").write_bytes(pickles.reduce_call("os", "system", "echo " * 30, "word " * 20))
    run = modelaudit("inspect", "a.pkl", COLUMNS="50")
    assert max(map(len, run.stdout.splitlines())) <= 50


def test_many_steps_are_counted_and_the_rare_import_is_told(modelaudit, tmp_path):
    (tmp_path / "many.pkl").write_bytes(MANY)
    text = modelaudit("inspect", "many.pkl", "--limit", "5").stdout
    assert "import acme.rare" in text
    assert "call acme.rare ×1, call collections.OrderedDict ×195" in text
    assert len(text.splitlines()) < 15


def test_all_steps_on_request(modelaudit, tmp_path):
    (tmp_path / "many.pkl").write_bytes(MANY)
    found = lines(modelaudit("inspect", "many.pkl", "--json", "--limit", "0"))
    assert sum(line["n"] for line in found if line.get("do") == "call") == 201


def test_steps_are_in_the_order_in_which_they_happen(modelaudit, tmp_path):
    (tmp_path / "a.pkl").write_bytes(EVIL)
    steps = [line for line in lines(modelaudit("inspect", "a.pkl", "--json")) if "do" in line]
    assert [(step["do"], step["name"], step["offset"]) for step in steps] == [
        ("import", "os.system", EVIL.index(pickles.STACK_GLOBAL)),
        ("call", "os.system", len(EVIL) - 2),
    ]
    assert steps[1]["args"] == ["'echo \\u001b[31mred'"] or steps[1]["args"] == ["'echo \x1b[31mred'"]


@pytest.mark.parametrize("position", ["front", "back"])
def test_an_account_does_not_grow_with_the_file(modelaudit, tmp_path, position):
    calls = (pickles.stack_global("collections", "OrderedDict") + b")R0") * 100_000
    rare = pickles.stack_global("os", "getcwd") + b")R0"
    body = rare + calls if position == "front" else calls + rare
    (tmp_path / "big.pkl").write_bytes(pickles.stream(body, pickles.NONE))
    run = modelaudit("inspect", "big.pkl")
    assert "os.getcwd" in run.stdout
    assert len(run.stdout.splitlines()) < inspect.LIMIT + 10


def test_what_cannot_be_read_is_said_and_the_rest_is_told(modelaudit, tmp_path):
    (tmp_path / "a.pkl").write_bytes(EVIL)
    run = modelaudit("inspect", "nowhere.pkl", "a.pkl")
    assert run.returncode == 2
    assert "nowhere.pkl" in run.stderr
    assert "os.system" in run.stdout


def test_plain_signs_where_the_encoding_lacks_them(modelaudit, tmp_path):
    (tmp_path / "many.pkl").write_bytes(MANY)
    run = modelaudit("inspect", "many.pkl", "--limit", "5", PYTHONIOENCODING="ascii")
    assert "... 196 more" in run.stdout
    assert "x195" in run.stdout
