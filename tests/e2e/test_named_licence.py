"""Licences of GGUF files that are `other` and have a name of their own."""

from __future__ import annotations

import pytest

from fixtures import ggufs
from modelaudit.pipeline.scan import scan

NAME = "general.license.name"


def findings(ruleset, path, licence: str, name: str | None = None) -> set[str]:
    """The rules of licences that match."""
    more = () if name is None else (ggufs.V3.pair(NAME, ggufs.STRING, name),)
    path.write_bytes(ggufs.model(licence=licence, more=more))
    return {found.rule for found in scan([str(path)], ruleset).findings if found.rule.startswith("MA57")}


@pytest.mark.parametrize(
    ("licence", "name", "found"),
    [
        ("other", "llama3.1", {"MA5701"}),
        ("Other", "mit", set()),
        ("other", None, {"MA5706"}),
        ("other", "", {"MA5706"}),
        ("other", "our own licence", {"MA5706"}),
        ("apache-2.0", "llama3.1", set()),
        ("", "llama3.1", {"MA5701"}),
    ],
)
def test_the_name_stands_in_the_place_of_other(ruleset, tmp_path, licence, name, found) -> None:
    assert findings(ruleset, tmp_path / "m.gguf", licence, name) == found


def test_a_file_that_breaks_off_has_said_its_licence(ruleset, tmp_path) -> None:
    path = tmp_path / "m.gguf"
    findings(ruleset, path, "cc-by-nc-4.0")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"general.alignment") + 8])
    assert "MA5701" in {found.rule for found in scan([str(path)], ruleset).findings}
