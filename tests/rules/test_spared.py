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

from fixtures import pickles as p
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
    "torch._dynamo.convert_frame.ConvertFrame": KEPT,
    "torch._dynamo.hooks.Hooks": KEPT,
    "joblib.memory.Memory": KEPT,
    "joblib.memory.MemorizedFunc": KEPT,
    "joblib.memory.MemorizedResult": KEPT,
    "importlib.metadata.EntryPoint": KEPT,
    "logging.StreamHandler": KEPT,
    "typing.ForwardRef": KEPT,
    "subprocess.CalledProcessError.__init__": set(),
    "subprocess.CompletedProcess.check_returncode": set(),
    "joblib.memory.Memory.eval": set(),
    "importlib.metadata.EntryPoint.load": set(),
    "toolz.functoolz._restore_curry": set(),
    "tempfile._TemporaryFileCloser": set(),
    "dbm.dumb._Database": set(),
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


def made(module, name, state):
    """An object as pickles hold it: made of nothing, then filled."""
    return p.stack_global(module, name) + p.EMPTY_TUPLE + p.NEWOBJ + p.dictionary(state) + p.BUILD


ENTRY = made("importlib.metadata", "EntryPoint", {"name": "a", "value": "os:system", "group": "g"})
CACHED = made("joblib.memory", "MemorizedFunc", {"func_id": "x"})
LINEAR = made("torch.nn.modules.linear", "Linear", {"x": 1})
FRAME = made("torch._dynamo.convert_frame", "ConvertFrame", {"x": 1})
CURRY = p.stack_global("toolz.functoolz", "curry")
OWN = p.stack_global("acme", "f")
NUMBA = p.stack_global("numba.core.serialize", "_unpickle__CustomPickled")
DISPATCHER = p.stream(p.stack_global("numba.core.registry", "CPUDispatcher") + p.EMPTY_DICT + b"\x86")
UNPICKLED = NUMBA + p.literal(DISPATCHER) + b"\x85" + p.REDUCE


def call(name, *operands):
    module, _, last = name.rpartition(".")
    return p.stack_global(module, last) + p.args(*operands) + p.REDUCE


ABUSES = {
    "the method that imports": call("builtins.getattr", ENTRY, "load"),
    "that method later": call("operator.methodcaller", "load") + ENTRY + b"\x85" + p.REDUCE,
    "a cached function called": CACHED + p.args("x") + p.REDUCE,
    "a cached function over a list": call("builtins.list", call("builtins.map", CACHED, b"]" + p.text("x") + b"a")),
    "a cached function planted": made("argparse", "Namespace", {"append": CACHED}) + p.text("v") + b"a",
    "a cached function added": made("argparse", "Namespace", {"add": CACHED}) + p.MARK + p.text("v") + b"\x90",
    "a cached function with a place": call("joblib.memory.MemorizedFunc", OWN, "/tmp/x"),
    "a compiled module with a context of its own": call("torch._dynamo.eval_frame.OptimizedModule", LINEAR, OWN),
    "a context with a function of its own": call("torch._dynamo.eval_frame.OptimizeContext", OWN, OWN, True),
    "a frame converter called": FRAME + p.args("x") + p.REDUCE,
    "a waiting function out of a text": call("toolz.functoolz._restore_curry", CURRY, "os:system", p.EMPTY_TUPLE),
    "a waiting function of another kind": call("toolz.functoolz._restore_curry", OWN, OWN, p.EMPTY_TUPLE),
    "a waiting function called": call("toolz.functoolz._restore_curry", CURRY, OWN) + p.args("x") + p.REDUCE,
    "numba, what is computed": NUMBA + p.args(OWN + p.EMPTY_TUPLE + p.REDUCE) + p.REDUCE,
    "numba, what came out called": UNPICKLED + p.EMPTY_TUPLE + p.REDUCE,
    "numba, a command inside": NUMBA + p.literal(p.stream(call("os.system", "id"))) + b"\x85" + p.REDUCE,
    "another method of a mail client": call("builtins.getattr", p.stack_global("imaplib", "IMAP4"), "login"),
    "a method of an unknown object called": call("builtins.getattr", made("acme", "C", {}), "run") + b")" + p.REDUCE,
    "a module beside the exceptions of a client": call("requests.exceptions.CompatJSONDecodeError", "x"),
    "a shell beside the exceptions of a client": call("aiohttp.client_exceptions.asyncio.run", "x"),
}
MEANT = {
    "an entry point": ENTRY,
    "an entry point of older versions": call("importlib.metadata.EntryPoint", "a", "b:c", "g"),
    "a cached function": CACHED,
    "a compiled module": call(
        "torch._dynamo.eval_frame.OptimizedModule",
        LINEAR,
        call("torch._dynamo.eval_frame.OptimizeContext", FRAME, p.stack_global("contextlib", "nullcontext"), True),
    ),
    "an exception of a compiled module": call(
        "torch._dynamo.exc._reconstruct_torch_dynamo_exception",
        p.stack_global("torch._dynamo.exc", "Unsupported"),
        p.EMPTY_TUPLE,
    ),
    "a waiting function": call("toolz.functoolz._restore_curry", CURRY, OWN, p.EMPTY_TUPLE, p.EMPTY_DICT),
    "a function of numba": UNPICKLED,
    "an exception of a mail client": call("builtins.getattr", p.stack_global("imaplib", "IMAP4"), "abort"),
    "a class within a class": call("builtins.getattr", p.stack_global("acme", "Net"), "Config"),
    "a method of an object": call("builtins.getattr", made("acme", "Net", {"x": 1}), "forward"),
    "a partial function": call("functools.partial", OWN),
    "an object of old protocols": call(
        "copyreg._reconstructor", p.stack_global("joblib.memory", "Memory"), p.stack_global("builtins", "object"), None
    ),
}


@pytest.fixture(scope="module")
def severities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("abuses")
    for name, code in (ABUSES | MEANT).items():
        (folder / f"{name}.pkl").write_bytes(p.stream(code))
    found = {}
    for finding in scan([str(folder)], builtin()).findings:
        found.setdefault(Path(finding.artifact.split("!")[0]).stem, set()).add(finding.severity)
    return found


@pytest.mark.parametrize("name", ABUSES)
def test_what_harmless_objects_lead_to_is_critical(name, severities):
    assert "critical" in severities[name]


@pytest.mark.parametrize("name", MEANT)
def test_harmless_objects_as_their_picklers_write_them_are_warnings(name, severities):
    assert "warning" in severities[name]
    assert "critical" not in severities[name]


@pytest.mark.parametrize("vendor", ["joblib.externals", "numba", "pyspark", "ray", "srsly"])
def test_cloudpickle_inside_another_package_is_judged_as_itself(vendor, tmp_path):
    module = f"{vendor}.cloudpickle.cloudpickle"
    numbers, parts = (1, 0, 0, 1, 2, 3), (p.literal(b"\x97\x00"), p.EMPTY_TUPLE, p.EMPTY_TUPLE, p.EMPTY_TUPLE)
    rest = ("f.py", "f", "f", 1, p.literal(b""), p.literal(b""), p.EMPTY_TUPLE, p.EMPTY_TUPLE)
    code = call(f"{module}._builtin_type", "CodeType") + p.args(*numbers, *parts, *rest) + p.REDUCE
    streams = {
        "function": call(f"{module}._make_function", code, p.EMPTY_DICT, None, None, None),
        "class": call(f"{module}._make_skeleton_class", p.stack_global("builtins", "type"), "Net", p.EMPTY_TUPLE)
        + p.EMPTY_TUPLE
        + p.NEWOBJ,
        "called": call(f"{module}._make_function", code) + p.EMPTY_TUPLE + p.REDUCE,
        "changed": call(f"{module}._function_setstate", p.stack_global("json", "loads"), p.EMPTY_TUPLE),
        "metaclass": call(f"{module}._make_skeleton_class", OWN, "Net", p.EMPTY_TUPLE),
        "module": call("builtins.getattr", call(f"{module}.subimport", "os"), "system"),
    }
    for name, data in streams.items():
        (tmp_path / f"{name}.pkl").write_bytes(p.stream(data))
    found = {name: set() for name in streams}
    for finding in scan([str(tmp_path)], builtin()).findings:
        found[Path(finding.artifact).stem].add(finding.severity)
    critical = {name for name, severities in found.items() if "critical" in severities}
    assert critical == {"called", "changed", "metaclass", "module"}
    assert all("warning" in severities for severities in found.values())


def rebuilt(*names, module="numpy", cls="_CustomPickled", operand=None, beside=b""):
    """A compiled function inside another as the pickler of numba writes it: a function of the file makes it."""
    base = "numba.cloudpickle.cloudpickle"

    def function(*names):
        parts = (p.literal(b"\x97\x00"), p.EMPTY_TUPLE, p.args(*names), p.EMPTY_TUPLE)
        rest = ("f.py", "f", "f", 1, p.literal(b""), p.literal(b""), p.EMPTY_TUPLE, p.EMPTY_TUPLE)
        code = call(f"{base}._builtin_type", "CodeType") + p.args(1, 0, 0, 1, 2, 3, *parts, *rest) + p.REDUCE
        return call(f"{base}._make_function", code, p.EMPTY_DICT, None, None, None)

    custom = p.stack_global("numba.core.serialize", cls)
    method = call(f"{base}._builtin_type", "MethodType") + p.args(function(), custom) + p.REDUCE
    operands = (custom, operand or p.stack_global("numba.core.registry", "CPUDispatcher"), p.EMPTY_DICT)
    kept = function(*names) + call(f"{base}.subimport", module) + beside
    return p.stream(NUMBA + p.literal(p.stream(kept + method + p.args(*operands) + p.REDUCE)) + b"\x85" + p.REDUCE)


HOSTILE = {
    "a command": rebuilt("os", "system"),
    "a file": rebuilt("open", "write"),
    "a climb": rebuilt("__class__"),
    "a module": rebuilt("m", "f", module="shutil"),
    "another class": rebuilt("np", cls="Other"),
    "another callable": rebuilt("np", operand=OWN),
    "a command as callable": rebuilt("np", operand=p.stack_global("os", "system")),
    "what another pickle holds": rebuilt("np", beside=UNPICKLED),
    "a command beside": rebuilt("np", beside=call("os.system", "id")),
}


def graded(data, tmp_path):
    (tmp_path / "m.pkl").write_bytes(data)
    return {finding.severity for finding in scan([str(tmp_path / "m.pkl")], builtin()).findings}


def test_a_compiled_function_that_keeps_another_is_a_warning(tmp_path):
    assert graded(rebuilt("np", "zeros"), tmp_path) & {"warning", "critical"} == {"warning"}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_only_looks_like_a_compiled_function_is_critical(name, tmp_path):
    assert "critical" in graded(HOSTILE[name], tmp_path)
