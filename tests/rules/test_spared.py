"""Harmless classes beside dangerous callables: each use of each of them, and the attributes that they lead to.

A deny list covers whole modules and classes; `callables_spared` names the uses that it does not mean. Nothing is
ever loaded.
"""

import csv
import functools
import hashlib
import logging
import pickle
import subprocess
import time
import warnings
from http.client import IncompleteRead
from pathlib import Path
from urllib.error import URLError

import pytest
from rules.test_both_lists import USES
from rules.test_matrix import from_stack, streams

from fixtures.ruling import builtin
from modelaudit.pipeline.scan import scan

KEPT = {"kept", "newobj of nothing", "a dictionary as state after newobj of nothing", "an item after newobj of nothing"}
REDUCED = {use for use in USES if use.startswith("reduce of ")} | {
    f"{then} after reduce of {what}"
    for then in ("a dictionary as state", "an item")
    for what in ("nothing", "a text", "a list")
}
RAISED = REDUCED | {"kept"}
SPARED = {  # of the lists whose names are critical in every use: which uses are not
    "subprocess.CalledProcessError": RAISED,
    "subprocess.SubprocessError": RAISED,
    "subprocess.TimeoutExpired": RAISED,
    "torch._dynamo.exc.Unsupported": RAISED,
    "subprocess.CompletedProcess": KEPT,
    "torch._dynamo.eval_frame.OptimizedModule": KEPT,
    "joblib.memory.Memory": KEPT,
    "logging.StreamHandler": KEPT,
    "typing.ForwardRef": KEPT,
    "subprocess.CalledProcessError.__init__": set(),
    "subprocess.CompletedProcess.check_returncode": set(),
    "joblib.memory.Memory.eval": set(),
    "logging.StreamHandler.emit": set(),
    "typing.ForwardRef._evaluate": set(),
    "subprocess.Popen": set(),
    "torch._dynamo.eval_frame.optimize": set(),
}


@pytest.fixture(scope="module")
def critical(tmp_path_factory):
    """For each use, the names of which something critical is said."""
    folder, subjects = tmp_path_factory.mktemp("spared"), {}
    for number, (use, make) in enumerate(USES.items()):
        data, by_name = streams(sorted(SPARED), from_stack, make)
        path = folder / f"{number}.pkl"
        path.write_bytes(data)
        subjects[path.name] = use, {subject: name for name, subject in by_name.items()}
    found = {use: set() for use in USES}
    for finding in scan([str(folder)], builtin()).findings:
        use, names = subjects[Path(finding.artifact).name]
        if finding.severity == "critical" and finding.subject in names:
            found[use].add(names[finding.subject])
    return found


@pytest.mark.parametrize("name", SPARED)
def test_a_class_beside_dangerous_callables_is_critical_but_in_its_own_shapes(name, critical):
    assert {use for use, names in critical.items() if name not in names} == SPARED[name]


OBJECTS = [
    subprocess.CalledProcessError(1, ["make"], b"out", b"err"),
    subprocess.TimeoutExpired(["make"], 3.0),
    subprocess.CompletedProcess(["make"], 0, b"", b""),
    URLError("refused"),
    IncompleteRead(b"x"),
    hashlib.sha256,
    warnings.warn,
    functools.partial(warnings.warn, "x"),
    functools.partial(time.sleep, 1),
    logging.getLogger("acme"),
    csv.Error("x"),
]


@pytest.mark.parametrize("made", OBJECTS, ids=repr)
@pytest.mark.parametrize("protocol", [2, 5])
def test_ordinary_objects_of_those_modules_say_nothing(made, protocol, tmp_path):
    path = tmp_path / "made.pkl"
    path.write_bytes(pickle.dumps({"kept": made}, protocol))
    assert [finding.rule for finding in scan([str(path)], builtin()).findings if finding.severity != "info"] == []
