"""What tests of rules share: the built-in rules, and what is said of some bytes."""

import pytest

from fixtures.ruling import builtin
from modelaudit.pipeline.scan import scan


@pytest.fixture(scope="session")
def builtin_rules(tmp_path_factory, data_folders):
    """The built-in rules and policy, compiled once."""
    return builtin()


@pytest.fixture
def found(builtin_rules, tmp_path):
    """A function that gives rule and severity of each finding about some bytes, and the exit code."""

    def run(data: bytes, name: str):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        document = scan([str(path)], builtin_rules)
        return {(f.rule, f.severity) for f in document.findings if f.active}, document.decision.exit_code

    return run


@pytest.fixture
def found_in(builtin_rules, tmp_path):
    """A function that gives the findings about a folder with these files, and the exit code."""

    def run(files: dict[str, bytes]):
        for name, data in files.items():
            path = tmp_path / "repo" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        document = scan([str(tmp_path / "repo")], builtin_rules)
        return [f for f in document.findings if f.active], document.decision.exit_code

    return run
