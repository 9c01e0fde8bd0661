"""The Markdown report: short enough for a comment, and nothing from a model becomes markup."""

import pytest

from fixtures import documents
from fixtures.documents import artifact, document, finding
from modelaudit.reports import View, render
from modelaudit.reports.markdown import words


@pytest.mark.parametrize("name", ["clean", "noted", "rich"])
def test_the_report_is_the_golden_one(name: str, golden) -> None:
    made = {"clean": documents.clean, "noted": documents.noted, "rich": documents.rich_document}[name]()
    golden(f"{name}.md", render(made, "markdown", View()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "a\\|b"),
        ("[a](https://x.example)", "\\[a\\](https<!-- -->://x.example)"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("@acme/team #12 ![x]", "@<!-- -->acme/team #<!-- -->12 !\\[x\\]"),
        ("www.x.example", "www<!-- -->.x.example"),
        ("`rm` *a* _b_ ~c~ $d$", "\\`rm\\` \\*a\\* \\_b\\_ \\~c\\~ \\$d\\$"),
        ("# head", "\\# head"),
        ("1. one", "1\\. one"),
        ("- item", "\\- item"),
        ("---", "\\---"),
        ("1.5 GiB of core", "1.5 GiB of core"),
        ("two\nlines", "two\\\\nlines"),
        ("x" * 300, "x" * 200 + "…"),
    ],
)
def test_text_stands_for_itself(text: str, shown: str) -> None:
    assert words(text) == shown


def test_a_large_report_still_fits_a_comment() -> None:
    many = tuple(
        finding(id=f"{n:016}", rule=f"MA{n}", message="m" * 500, artifact="p/" * 60 + str(n)) for n in range(500)
    )
    files = tuple(artifact("q/" * 60 + str(n), coverage="partial", reasons=("r" * 400,)) for n in range(500))
    text = render(document(findings=many, artifacts=files), "markdown", View())
    assert len(text) < 65_536
    assert "… and 450 more findings." in text
    assert "… and 480 more lines." in text


def test_the_gravest_findings_stand_first() -> None:
    text = render(documents.rich_document(), "markdown", View())
    grades = [line.split(" | ")[0].strip("| ") for line in text.splitlines() if line.startswith("| ")][1:]
    assert grades == ["critical", "critical", "critical", "warning", "info"]


def test_quiet_leaves_the_findings_and_the_decision() -> None:
    assert "<details>" not in render(documents.rich_document(), "markdown", View(quiet=True))
