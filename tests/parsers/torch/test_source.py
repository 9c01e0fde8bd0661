"""Code in PyTorch archives: what it calls and names, also when it is hostile, and what rules make of it."""

import random

import pytest

from fixtures import archives, pickles, torches
from fixtures.archives import Entry, archive
from modelaudit.engine.facts import Code, Defect, Limit, Metadata
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.torch.source import SOURCE_MAX, read
from modelaudit.parsers.zip import parse, recognise_torch
from modelaudit.pipeline.scan import scan

SCRIPT = """class Net(Module):
  __parameters__ = ["weight", ]
  training : bool
  linear : __torch__.torch.nn.modules.linear.Linear
  def forward(self: __torch__.acme.Net,
    x: Tensor) -> Tensor:
    _0 = torch.sum((self.linear).forward(x, ))
    BODY
    return torch.add(_0, CONSTANTS.c0)
"""
EMPTY = pickles.stream(pickles.NONE, protocol=2)


def facts(text: str, language: str = "torchscript"):
    return list(read("m.pt", "m/code/net.py", BytesReader(text.encode()), language, 7))


def script(body: str) -> bytes:
    members = [Entry("m/data.pkl", EMPTY), Entry("m/code/__torch__/net.py", SCRIPT.replace("BODY", body).encode())]
    return archive(members)


def package(source: str, externs: str = "torch\n") -> bytes:
    members = [Entry("p/.data/extern_modules", externs.encode()), Entry("p/acme/net.py", source.encode())]
    return archive(members)


def found(ruleset, tmp_path, data):
    path = tmp_path / "m.pt"
    path.write_bytes(data)
    return {(f.rule, f.severity) for f in scan([str(path)], ruleset).findings if f.active}


def test_calls_names_and_constants():
    (code,) = facts(SCRIPT.replace("BODY", "_1 = ops.prim.NumToTensor(3)"))
    assert {"torch.sum", "torch.add", "ops.prim.NumToTensor"} <= code.calls
    assert {"Net", "forward", "self", "training"} <= code.names
    assert code.constants == ("weight",)
    assert (code.language, code.phase, code.places[0].offset) == ("torchscript", "function", 7)


def test_an_operator_of_python_is_seen():
    (code,) = facts(SCRIPT.replace("BODY", "_1 = ^run('x', 1)(x)"))
    assert "prim.PythonOp" in code.calls


def test_names_of_imports_are_the_whole_names():
    text = (
        "import os as o\nfrom subprocess import run as go\nimport a.b\no.system('x')\ndef f():\n    go()\n    a.b.c()\n"
    )
    on_import, later = facts(text, "python")
    assert (on_import.phase, on_import.calls) == ("import", {"os.system"})
    assert (later.phase, later.calls) == ("function", {"subprocess.run", "a.b.c"})
    assert later.imports == {"os", "subprocess", "a.b"}


def test_text_that_is_no_syntax_is_a_defect_and_read_by_name():
    defect, code = facts("class Net(Module):\n  def forward(self -> torch.from_file('/x')\n")
    assert isinstance(defect, Defect)
    assert defect.code == "source-syntax"
    assert "torch.from_file" in code.calls


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "-" * 100_000 + "1",
        "a." * 100_000 + "b()",
        "x = " + "[" * 5000,
        "\0",
        "def f(:" * 999,
        "class " * 9,
    ],
    ids=range(7),
)
def test_hostile_text_neither_raises_nor_hangs(text):
    assert any(isinstance(fact, Code) for fact in facts(text))


def test_changed_text_never_raises():
    rng = random.Random(7)
    for _ in range(200):
        text = bytearray(SCRIPT.encode())
        for _ in range(rng.randrange(1, 8)):
            text[rng.randrange(len(text))] = rng.randrange(256)
        assert list(read("m.pt", "x.py", BytesReader(bytes(text)), "torchscript", 0))


def test_a_long_text_is_read_in_parts_and_to_a_limit():
    part = SCRIPT.replace("BODY", "_1 = torch.mul(x, 2)")
    items = facts(part * 5000 + "class Last(Module):\n  def forward(self):\n    return torch.save(1, 2)\n")
    assert not any(isinstance(item, Defect) for item in items)
    assert "torch.save" in next(item for item in items if isinstance(item, Code)).calls
    assert any(isinstance(item, Limit) for item in facts("#" * (SOURCE_MAX + 1)))


def test_ordinary_code_says_nothing(ruleset, tmp_path):
    assert found(ruleset, tmp_path, script("_1 = ops.torchvision.nms(x, x, 0.5)")) == set()


@pytest.mark.parametrize(
    ("body", "rule", "severity"),
    [
        ("_1 = torch.from_file('/tmp/x', True, 9)", "MA3340", "critical"),
        ("_1 = ops.aten.from_file('/tmp/x', True, 9)", "MA3340", "critical"),
        ("torch.save(x, '/tmp/x')", "MA3340", "critical"),
        ("_1 = ops.acme.run(x)", "MA3341", "warning"),
        ("_1 = ^run()(x)", "MA3342", "critical"),
        ("_1 = = 3", "MA3343", "warning"),
    ],
)
def test_code_that_reaches_out_is_found(ruleset, tmp_path, body, rule, severity):
    assert (rule, severity) in found(ruleset, tmp_path, script(body))


def test_a_package_is_recognised_and_its_host_modules_told():
    data = package("import torch\n", "torch\nsubprocess\n")
    assert recognise_torch(data[:4096], BytesReader(data))
    items = list(parse(Input("m.pt", BytesReader(data), "pytorch-zip", formats=frozenset({"pytorch-zip"})), Context()))
    values = [(item.key, item.value) for item in items if isinstance(item, Metadata)]
    assert values == [("extern_module", "torch"), ("extern_module", "subprocess")]


def test_a_package_with_modules_is_a_warning_and_with_a_command_critical(ruleset, tmp_path):
    assert found(ruleset, tmp_path, package("import torch\ndef f(x):\n    return torch.add(x, x)\n")) == {
        ("MA3344", "warning")
    }
    evil = found(ruleset, tmp_path, package("import os\nos.system('echo')\n", "os\n"))
    assert evil >= {("MA3344", "warning"), ("MA3345", "critical"), ("MA3346", "info")}


def stored(size: int, count: int, key: str = "0") -> bytes:
    obj = pickles.stream(
        torches.persistent("storage", pickles.glob("torch", "FloatStorage"), key, "cpu", count), protocol=2
    )
    return archive([Entry("m/data.pkl", obj), Entry("m/data/0", bytes(size)), Entry("m/version", b"3\n")])


def test_storages_that_fit_say_nothing(ruleset, tmp_path):
    assert found(ruleset, tmp_path, stored(16, 4)) == set()


@pytest.mark.parametrize(("size", "count", "key"), [(16, 5, "0"), (16, 3, "0"), (16, 4, "1")])
def test_storages_that_do_not_fit_are_found(ruleset, tmp_path, size, count, key):
    assert found(ruleset, tmp_path, stored(size, count, key)) == {("MA3347", "warning")}


def test_a_checkpoint_with_many_storages_fits():
    items = list(parse(Input("m.pt", BytesReader(archives.checkpoint()), "pytorch-zip"), Context()))
    assert [item for item in items if isinstance(item, Defect)] == []
