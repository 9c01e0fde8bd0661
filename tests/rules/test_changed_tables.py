"""A call that changes a class, a module or a table of the interpreter is as critical as an opcode that does."""

import pytest

from fixtures import pickles as p
from modelaudit.pipeline.scan import scan


def call(name: str, *operands: object) -> bytes:
    module, _, last = name.partition(":")
    return p.reduce_call(module, last, *operands)


FIT = (p.imported("sklearn.svm._classes", "SVC"), "fit")
PATH = p.imported("sys", "path")
MODULES = p.imported("sys", "modules")
CRITICAL = {
    "attribute of a class": call("builtins:setattr", *FIT, 1),
    "attribute of a class, with a function that is allowed": call(
        "builtins:setattr", *FIT, p.imported("numpy", "mean")
    ),
    "attribute that is taken away": call("builtins:delattr", *FIT),
    "attribute of a module": call("builtins:setattr", p.imported("numpy", "linalg"), "norm", p.imported("acme", "f")),
    "attribute by a method": call("builtins:type.__setattr__", *FIT, p.imported("numpy", "mean")),
    "module by setitem": call("operator:setitem", MODULES, "json", 1),
    "module by update": call("builtins:dict.update", MODULES, p.dictionary({"json": 1})),
    "module by a method of the table": call("sys:modules.update", p.dictionary({"json": 1})),
    "module that is taken away": call("sys:modules.pop", "json"),
    "folder of modules": p.stream(PATH, p.text("/tmp/x"), b"a"),
    "folders of modules": p.stream(PATH, b"(", p.text("/tmp/x"), b"e"),
    "folder by a method": call("sys:path.insert", 0, "/tmp/x"),
    "folder by a method of lists": call("builtins:list.append", PATH, "/tmp/x"),
    "folder by iadd": call("operator:iadd", PATH, b"]" + p.text("/tmp/x") + b"a"),
    "folder by methodcaller": p.stream(
        p.imported("operator", "methodcaller"), p.args("append", "/tmp/x"), b"R", PATH, b"\x85R"
    ),
    "environment": call("os:environ.update", p.dictionary({"LD_PRELOAD": "x.so"})),
    "finder of modules": p.stream(p.imported("sys", "meta_path"), p.imported("acme", "finder"), b"a"),
    "code of a table that a method changed": p.stream(
        p.imported("copyreg", "_inverted_registry.update"), p.args(p.dictionary({"x": 1})), b"R0\x82\x07"
    ),
}


@pytest.mark.parametrize("name", CRITICAL)
def test_it_is_critical(ruleset, tmp_path, name):
    path = tmp_path / "m.pkl"
    path.write_bytes(CRITICAL[name])
    result = scan([str(path)], ruleset)
    assert "critical" in {finding.severity for finding in result.findings}
    assert result.decision.exit_code == 1
