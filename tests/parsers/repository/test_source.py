"""Python source: what runs when, and what names mean."""

import pytest

from fixtures import mutants
from fixtures import repositories as repo
from modelaudit.engine.facts import Code, Defect, Fact
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.plain import parse as parse_plain
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.repository.source import source_facts


def calls(text):
    return {fact.phase: fact.calls for fact in source_facts("m.py", text.encode()) if isinstance(fact, Code)}


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.getpid()",
        "import os as o\no.getpid()",
        "getattr(__import__('o' + 's'), 'get' + 'pid')()",
        "import os\nos.__dict__['getpid']()",
        "import os\nvars(os)['getpid']()",
        "import sys\nsys.modules['os'].getpid()",
        "from os import *\ngetpid()",
        "import os\nlist(map(os.getpid, []))",
        "import os, functools\nfunctools.partial(os.getpid)()",
        "import os, threading\nthreading.Thread(target=os.getpid).start()",
        "import os\n(lambda: os.getpid())()",
        "import os\ngetattr(os, bytes.fromhex('676574706964').decode())()",
        "import os\ngetattr(os, f\"get{'pid'}\")()",
        "import os\ngetattr(os, 'dipteg'[::-1])()",
        "import os\ngetattr(os, ''.join(['get', chr(112), 'id']))()",
        "exec(compile('import os;os.getpid()', 'a', 'exec'))",
        "from os import getpid\ngetpid()",
        "from os import getpid as g\ng()",
        "import os\nrun = os.getpid\nrun()",
        "__import__('os').getpid()",
        "import importlib\nimportlib.import_module('os').getpid()",
        "import os\ngetattr(os, 'getpid')()",
        "import os\ndef f():\n    os.getpid()\nf()",
        "import os\nclass A:\n    x = os.getpid()",
        "import os\ndef f(x=os.getpid()):\n    pass",
        "import os\n@os.getpid\ndef f():\n    pass",
        "import os\nif True:\n    for _ in [1]:\n        os.getpid()",
        "import os\nx = [os.getpid() for _ in (1,)]",
    ],
)
def test_what_runs_on_import_is_found(text):
    assert "os.getpid" in calls(text)["import"]


@pytest.mark.parametrize(
    "text",
    [
        "import os\ndef f():\n    os.getpid()",
        "import os\nx = lambda: os.getpid()",
        "import os\nif __name__ == '__main__':\n    os.getpid()",
        "import os\nclass A:\n    def f(self):\n        os.getpid()",
    ],
)
def test_what_runs_when_it_is_called_is_apart(text):
    found = calls(text)
    assert "os.getpid" in found["function"]
    assert "os.getpid" not in found["import"]


def test_methods_that_run_unasked_are_apart():
    found = calls(
        "import os\nclass A:\n    def __init__(self):\n        self.f()\n    def f(self):\n        os.getpid()"
    )
    assert "os.getpid" in found["method"]


def test_built_in_functions_have_their_module_unless_the_source_defines_them():
    assert "builtins.eval" in calls("eval('1')")["import"]
    assert "builtins.eval" not in calls("def eval(x):\n    pass\neval('1')")["import"]
    assert calls(repo.MODELING).keys() == {"import", "method", "function"}
    assert "builtins.eval" not in calls(repo.MODELING)["function"]


def test_a_file_named_as_source_is_read_as_source():
    facts = list(parse_plain(Input("m.py", BytesReader(b"x = = 3\n"), "text", extension=".py"), Context()))
    assert [fact.code for fact in facts if isinstance(fact, Defect)] == ["python-syntax"]


def test_mutated_source_never_raises():
    for seed in range(300):
        assert all(isinstance(fact, Fact) for fact in source_facts("m", mutants.mutant(repo.MODELING.encode(), seed)))


def test_text_that_is_run_where_it_is_written_counts_as_source():
    assert "os.getpid" in calls("exec('import os as o\\no.getpid()')")["import"]
    assert "os.getpid" in calls("def f():\n    eval(\"__import__('os').getpid()\")")["function"]
    assert calls("exec('no Python at all (')")["import"] == {"builtins.exec"}


def test_commands_of_a_setup_are_called_by_pip():
    body = "class I({0}):\n    def run(self):\n        os.getpid()\n"
    setup = "import os\nfrom setuptools.command.install import install\n" + body.format("install")
    assert "os.getpid" in calls(setup)["method"]
    assert "method" not in calls("import os\n" + body.format("object"))
