"""An account of very many streams is bounded: those that are not told are counted with what they do."""

import json

import pytest

from fixtures import pickles as p
from modelaudit.pipeline.facts import accounts
from modelaudit.pipeline.scan import Options
from modelaudit.reports import View
from modelaudit.reports.account import gather, lines, text

STREAMS = 300
VIEW = View(verbose=False, quiet=False, width=200)


@pytest.fixture
def told(tmp_path, monkeypatch):
    """The account of many streams, each of which calls something else, with room for some of them."""
    monkeypatch.setattr(gather, "ROOM", 60)
    path = tmp_path / "m.pkl"
    path.write_bytes(b"".join(p.reduce_call("acme", f"f{n}") for n in range(STREAMS)))

    def run(most=gather.IMPORTS):
        (found,) = accounts([str(path)], Options(None), lambda: gather.Account(most), [])
        return found

    return run


def test_the_other_streams_are_counted_with_their_steps(told):
    chapters = told(60)[1].chapters(told(60)[0].artifact.path)
    last = chapters[-1]
    assert last.streams == STREAMS - len(chapters) + 1 > 200
    assert sum(n for (do, _), n in last.rest.items() if do == "call") == last.streams
    assert ("import", f"acme.f{STREAMS - 1}") in last.rest
    assert sum(len(chapter.steps) for chapter in chapters) <= 62


def test_text_and_lines_say_so(told):
    tree, account = told(60)
    shown = text.render(tree, account, {}, VIEW)
    assert "further streams" in shown
    assert len(shown.splitlines()) < 150
    tree, account = told(60)
    rows = [json.loads(line) for line in lines.render(tree, account)]
    (others,) = [row for row in rows if "streams" in row]
    assert others["left_out"] is True
    assert sum(row["n"] for row in rows if row.get("left_out") and row.get("do") == "call") == others["streams"]


def test_who_asks_for_more_steps_is_told_of_more_streams(told):
    tree, account = told(100_000)
    assert len(account.chapters(tree.artifact.path)) == STREAMS


def test_an_account_keeps_no_texts_of_the_model(tmp_path):
    path = tmp_path / "m.pkl"
    path.write_bytes(p.stream(b"(", *[p.text(f"some longer text {n}") for n in range(50)], b"l"))
    ((tree, _),) = accounts([str(path)], Options(None), lambda: gather.Account(60), [])
    assert "text" not in tree.facts
