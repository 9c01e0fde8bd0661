"""Imports run one way: a folder knows only the folders below it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("cli", "engine", "parsers", "pipeline", "reports", "sources")
ALLOWED = {
    "cli": {"cli", "pipeline", "reports", "engine", "parsers", "sources"},
    "pipeline": {"pipeline", "sources", "parsers", "engine"},
    "parsers": {"parsers", "engine.facts"},
    "sources": {"sources", "engine.errors", "engine.servers"},
    "reports": {"reports", "engine"},
    "engine": {"engine"},
}
MODULES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def imported_modules(path: Path) -> list[str]:
    """Every module of this package that the file imports, wherever the import stands."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names] if node.module else []
    return [name for name in names if name.split(".")[0] in {"modelaudit", *FOLDERS}]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_imports_only_what_stands_below_it(path: Path) -> None:
    folder = path.relative_to(ROOT).parts[0]
    for name in imported_modules(path):
        if name in {"modelaudit", "modelaudit.__version__"}:  # the package itself: its version and its place
            continue
        assert name.startswith("modelaudit."), f"{name}: the folder itself would be a second copy of the module"
        inner = name.removeprefix("modelaudit.")
        allowed = ALLOWED[folder]
        assert any(inner == a or inner.startswith(f"{a}.") for a in allowed), f"{folder} must not import {name}"


def test_every_folder_of_the_package_is_a_link_to_the_real_folder() -> None:
    for folder in (*FOLDERS, "rules", "policies", "schemas"):
        link = ROOT / "src" / "modelaudit" / folder
        assert link.is_symlink(), folder
        assert link.resolve() == ROOT / folder


def test_no_python_stands_among_the_data() -> None:
    for folder in ("rules", "policies", "schemas"):
        assert not list((ROOT / folder).rglob("*.py"))
