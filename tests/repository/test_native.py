"""What hands hostile bytes to a native library runs in a process of its own."""

import ast
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORMATS = json.loads((ROOT / "schemas" / "formats.json").read_bytes())["formats"]
# Libraries whose C code understands a whole format. Decompression and RE2 are fed in pieces, everywhere; numpy is given
# values alone, and what it has for whole files is used nowhere.
NATIVE = {"xml", "lxml", "sqlite3", "h5py", "onnx", "google", "pyarrow", "netCDF4", "PIL", "msgpack", "blosc"}


def imported(path):
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


PACKAGES = sorted({entry["parser"].rpartition(".")[2] for entry in FORMATS.values()})


@pytest.mark.parametrize("package", PACKAGES)
def test_parsers_with_a_native_library_are_isolated(package):
    modules = (ROOT / "parsers" / package).rglob("*.py")
    if any(NATIVE.intersection(imported(path)) for path in modules):
        mine = [entry for entry in FORMATS.values() if entry["parser"].rpartition(".")[2] == package]
        assert all(entry.get("isolated") for entry in mine)


def test_numpy_reads_no_file():
    whole = {"load", "loadtxt", "genfromtxt", "fromfile", "fromregex", "memmap", "open_memmap", "read_array"}
    for path in (ROOT / "parsers").rglob("*.py"):
        tree = ast.parse(path.read_bytes())
        named = {alias.asname or alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in named & {"np"}
        }
        assert not used & whole, path


def test_recognisers_run_everywhere_and_need_none():
    for package in PACKAGES:
        assert not NATIVE.intersection(imported(ROOT / "parsers" / package / "__init__.py"))
