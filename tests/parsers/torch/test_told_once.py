"""Code in PyTorch archives is told and judged once, though each member is an artifact of its own as well."""

import pytest

from fixtures import pickles
from fixtures.archives import Entry, archive
from modelaudit.pipeline.scan import scan

EMPTY = pickles.stream(pickles.NONE, protocol=2)
SCRIPT = "class Net(Module):\n  def forward(self, x: Tensor) -> Tensor:\n    return self.eval(torch.relu(float(x)))\n"


def package(source):
    return archive([Entry("p/.data/extern_modules", b"torch\n"), Entry("p/acme/net.py", source.encode())])


def script(text):
    return archive([Entry("m/data.pkl", EMPTY), Entry("m/code/__torch__/net.py", text.encode())])


def found(ruleset, tmp_path, data):
    path = tmp_path / "m.pt"
    path.write_bytes(data)
    return sorted((f.rule, f.severity, "!" in f.artifact) for f in scan([str(path)], ruleset).findings if f.active)


@pytest.mark.parametrize(
    ("source", "grade"),
    [
        ("import os\nos.system('echo')\n", "critical"),
        ("from os import system as s\ns('echo')\n", "critical"),
        ("import os\nclass Net:\n    def __init__(self):\n        os.system('echo')\n", "critical"),
        ("import urllib.request as r\nr.urlopen('https://example.org')\n", "critical"),
        ("import subprocess\ndef f(x):\n    subprocess.run(x)\n", "warning"),
        ("VERSION = open('version').read()\n", "warning"),
        ("import os\nos.system('echo'\n", "warning"),
    ],
)
def test_a_module_of_a_package_is_judged_by_the_archive_alone(ruleset, tmp_path, source, grade):
    rules = found(ruleset, tmp_path, package(source))
    assert ("MA3345", grade, False) in rules
    assert ("MA3344", "warning", False) in rules
    assert not any(nested for _, _, nested in rules)


ORDINARY = """import typing, torch, logging
logging.basicConfig()
T = typing.NamedTuple("T", [])

@torch.jit.script
def f(x):
    return x
"""


def test_what_ordinary_modules_do_on_import_is_the_package_s_warning_alone(ruleset, tmp_path):
    assert found(ruleset, tmp_path, package(ORDINARY)) == [("MA3344", "warning", False)]


def test_torchscript_is_not_read_as_python(ruleset, tmp_path):
    """In TorchScript `float` and the like are operators, and a module may have a method called `eval`."""
    assert found(ruleset, tmp_path, script(SCRIPT)) == []


@pytest.mark.parametrize("name", ["m/code/__torch__/net.py", "m/code/evil.py"])
@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.system('echo')\n",
        "from os import system as s\ns('echo')\n",
        "class Net(Module):\n  def forward(self):\n    return eval('x')\n",
    ],
)
def test_python_that_stands_for_torchscript_is_critical(ruleset, tmp_path, name, source):
    data = archive([Entry("m/data.pkl", EMPTY), Entry(name, source.encode())])
    assert found(ruleset, tmp_path, data) == [("MA3348", "critical", False)]


def test_source_that_no_archive_has_told_is_judged_where_it_stands(ruleset, tmp_path):
    data = archive([Entry("a/net.py", b"import os\nos.system('echo')\n")])
    assert ("MA4930", "critical", True) in found(ruleset, tmp_path, data)
