"""What is said of a config file that lacks its first line."""

import pytest

from modelaudit.cli.config import options_of
from modelaudit.engine.diagnostics import DiagnosticsError


def test_what_to_write_is_said_where_the_schema_is_missing(tmp_path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("strict: true\n", encoding="utf-8")
    with pytest.raises(DiagnosticsError) as caught:
        options_of(str(path))
    assert [each.help for each in caught.value.diagnostics] == ["write `schema: modelaudit/config@1`"]
