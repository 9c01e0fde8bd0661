"""Whether PyTorch loads a stream with `weights_only` is said by every report, with the reasons."""

import json
from pathlib import Path

import jsonschema
import pytest

from fixtures import pickles as p
from fixtures import torches
from fixtures.ruling import builtin
from modelaudit.pipeline.scan import scan
from modelaudit.reports import View
from modelaudit.reports.html import render_html
from modelaudit.reports.json import render_json
from modelaudit.reports.markdown import render_markdown

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "report.schema.json").read_text())


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    path = tmp_path_factory.mktemp("verdicts") / "a.pt"
    path.write_bytes(torches.legacy(p.reduce_call("os", "getcwd", protocol=2)))
    return scan([str(path)], builtin())


def test_json_has_the_answer_and_its_reasons(document):
    report = json.loads(render_json(document, View()))
    jsonschema.validate(report, SCHEMA)
    (verdict,) = [each for each in report["verdicts"] if each["answer"] == "no"]
    assert verdict["name"] == "weights-only"
    assert any("os.getcwd" in reason or "posix.getcwd" in reason for reason in verdict["reasons"])
    assert "a.pt" in verdict["artifact"]


def test_markdown_and_html_say_it(document):
    for text in (render_markdown(document, View()), render_html(document, View())):
        assert "Verdicts" in text
        assert "weights" in text


def test_nothing_is_said_where_nothing_was_asked(tmp_path):
    (tmp_path / "a.txt").write_text("nothing")
    document = scan([str(tmp_path)], builtin())
    assert "verdicts" not in json.loads(render_json(document, View()))
    assert "Verdicts" not in render_markdown(document, View())
    assert 'id="verdicts"' not in render_html(document, View())
