"""The schemas that editors use: each rule file names one, and a validator that is not ours accepts it."""

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(r"# yaml-language-server: \$schema=(\S+)")
FILES = [*sorted((ROOT / "rules").rglob("*.yaml")), *sorted((ROOT / "docs" / "examples").rglob("*.yaml"))]


class Loader(yaml.SafeLoader):
    """Reads scalars as YAML 1.2 editors do: no dates, and only true and false are booleans."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag.rpartition(":")[2] in ("int", "float", "null", "bool")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    if first not in "yYnNoO"
}


def schema_of(path: Path) -> Path:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    found = LINE.fullmatch(first)
    assert found, f"{path}: the first line names no schema"
    return (path.parent / found.group(1)).resolve()


def validate(path: Path, text: str | None = None) -> list[str]:
    validator = Draft202012Validator(json.loads(schema_of(path).read_text(encoding="utf-8")))
    document = yaml.load(text or path.read_text(encoding="utf-8"), Loader=Loader)
    return [error.message for error in validator.iter_errors(document)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_names_its_schema_and_fits_it(path: Path) -> None:
    assert schema_of(path).parent == ROOT / "schemas"
    assert validate(path) == []


def test_a_mistake_is_seen_by_the_same_validator() -> None:
    path = ROOT / "docs" / "examples" / "acme-rules" / "rules" / "metadata.yaml"
    text = path.read_text(encoding="utf-8")
    assert any("serverity" in said for said in validate(path, text.replace("severity:", "serverity:", 1)))
    assert any("high" in said for said in validate(path, text.replace("severity: warning", "severity: high", 1)))


@pytest.mark.parametrize("path", sorted((ROOT / "schemas").glob("*.schema.json")), ids=lambda path: path.stem)
def test_a_schema_is_itself_valid(path: Path) -> None:
    Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))
