"""Archives that ask for more than there is end at a budget: partial coverage, exit code 1, and the finding."""

import io
import zipfile

import pytest

from fixtures import bombs
from modelaudit.parsers.base import Context
from modelaudit.pipeline.scan import scan


def outcome(builtin_rules, tmp_path, data):
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    result = scan([str(path)], builtin_rules)
    said = {(f.rule, f.severity, f.message.partition(" (")[0]) for f in result.findings if f.severity != "info"}
    covered = {artifact.coverage for artifact in result.artifacts if artifact.path.partition("!")[0] == str(path)}
    return said, result.decision.exit_code, "full" not in covered or len(covered) > 1


def test_the_quine_holds_itself():
    data = bombs.quine()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read(archive.namelist()[0]) == data


@pytest.mark.parametrize("build", [bombs.quine, lambda: bombs.nested(1000)])
def test_archives_in_archives_end_at_the_depth(builtin_rules, tmp_path, build):
    said, exit_code, partial = outcome(builtin_rules, tmp_path, build())
    assert said == {("MA9002", "critical", "reading stopped at the limit for depth")}
    assert (exit_code, partial) == (1, True)


def test_few_bytes_that_hold_very_many_end_at_what_may_come_out(builtin_rules, tmp_path, monkeypatch):
    """16 archives in each of 16 …: 6.5 TB out of 21 KB. The budget is lowered, so that the test is quick."""
    monkeypatch.setitem(Context.BUDGETS, "expanded", 64 * 1024 * 1024)
    said, exit_code, partial = outcome(builtin_rules, tmp_path, bombs.fanned(4, 16, 100_000_000))
    assert ("MA9002", "critical", "reading stopped at the limit for bytes") in said
    assert (exit_code, partial) == (1, True)


def test_very_many_entries_end_at_their_number(builtin_rules, tmp_path, monkeypatch):
    """The budget is lowered, so that the test is quick; nothing is said of bytes that unread entries own."""
    monkeypatch.setitem(Context.BUDGETS, "members", 1000)
    said, exit_code, partial = outcome(builtin_rules, tmp_path, bombs.crowded(1001))
    assert said == {("MA9002", "warning", "reading stopped at the limit for members")}
    assert (exit_code, partial) == (1, True)
    said, exit_code, _ = outcome(builtin_rules, tmp_path, bombs.crowded(1000))
    assert (said, exit_code) == (set(), 0)
