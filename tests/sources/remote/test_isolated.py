"""Formats whose parsers run in a process of their own, which opens the service again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures.servers.ranges import part, ranges
from fixtures.servers.serving import Handler, Server
from modelaudit.engine.policy.where import located
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan

if TYPE_CHECKING:
    import pytest

    from modelaudit.engine.ruleset import Ruleset

OUTSIDE = '<!DOCTYPE PMML [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
MODEL = b"""<?xml version="1.0"?>%s<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4"><Header/><DataDictionary/>
<!--%s--></PMML>"""
LARGE = MODEL % (OUTSIDE.encode(), b"x" * 2_000_000)  # of which the first process reads the two ends
FIRST = 4  # the first request of the other process
HARMLESS, EVIL = MODEL % (b"", b"x" * 100_000), MODEL % (OUTSIDE.encode(), b"x" * 100_000)


def test_a_model_is_found_there_as_it_is_here(ruleset: Ruleset, tmp_path) -> None:
    (tmp_path / "evil.pmml").write_bytes(EVIL)
    here = scan([str(tmp_path / "evil.pmml")], ruleset, Options(scope="structure"))
    with Server(ranges({"/evil.pmml": EVIL, "/m.pmml": HARMLESS})) as server:
        there = scan([f"{server.url}/evil.pmml"], ruleset)
        assert there.transfer is not None
        assert (there.transfer.requests, there.transfer.bytes) == (len(server.seen), server.sent)
        assert server.sent == len(EVIL)  # what the first process has fetched goes along
        assert scan([f"{server.url}/m.pmml"], ruleset).decision.exit_code == 0
    assert not there.errors
    assert there.decision.exit_code == 1
    assert {artifact.format for artifact in there.artifacts} == {"pmml"}
    assert {finding.rule for finding in there.findings} == {finding.rule for finding in here.findings} != set()


def test_what_breaks_there_is_said(ruleset: Ruleset) -> None:
    def respond(handler: Handler) -> None:
        part(handler, LARGE) if len(server.seen) < FIRST else handler.answer(403)

    with Server(respond) as server:
        document = scan([f"{server.url}/m.pmml"], ruleset)
    assert document.decision.exit_code == 2
    assert "does not allow it" in document.errors[0].message


def test_the_policy_holds_there_too(ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    def respond(handler: Handler) -> None:
        part(handler, LARGE) if len(server.seen) < FIRST else handler.answer(302, Location=f"{other.url}/m.pmml")

    with Server(ranges({"/m.pmml": EVIL})) as other, Server(respond) as server:
        pattern = f"{other.url}/**"
        monkeypatch.setitem(ruleset.policy.doc, "sources", {"deny": [{"pattern": pattern, **located(pattern, "")}]})
        document = scan([f"{server.url}/m.pmml"], ruleset)
        assert other.seen == []
    assert document.decision.exit_code == 2
    assert "denies this source" in document.errors[0].message
