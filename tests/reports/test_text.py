import json
import re
import subprocess
import sys

import pytest

from fixtures import documents
from fixtures.documents import document, finding
from modelaudit.engine.document import ScanError
from modelaudit.engine.facts import Place
from modelaudit.engine.finding import Inconclusive
from modelaudit.engine.record import replace
from modelaudit.reports import View, render
from modelaudit.reports.text import render_summary
from modelaudit.reports.text.line import GLUE, Line, cells, wrap

SAMPLES = {"clean": documents.clean, "noted": documents.noted, "rich": documents.rich_document}
VIEWS = {
    "": View(),
    "-verbose": View(verbose=True),
    "-quiet": View(quiet=True),
    "-colour": View(colour=True, whole_headlines=False),
}
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def text(name: str = "rich", **options) -> str:
    return render(SAMPLES[name](), "text", View(**options))


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("view", VIEWS)
def test_the_report_is_the_golden_one(sample: str, view: str, golden) -> None:
    golden(f"{sample}{view}.txt", render(SAMPLES[sample](), "text", VIEWS[view]))


def test_findings_are_numbered_through_the_report_with_place_severity_and_message() -> None:
    heads = re.findall(r"^(\d+)\. (\S+.*?)(?: \(pos (\d+)\))?: \[([A-Z]+)\] (.+)$", text(), re.MULTILINE)
    assert [head[0] for head in heads] == ["1", "2", "3", "4", "5"]
    assert heads[1][:4] == ("2", "models/model.pkl", "28", "CRITICAL")


def test_the_line_after_the_headline_says_why() -> None:
    lines = text().splitlines()
    heads = [n for n, line in enumerate(lines) if re.match(r"[123]\. ", line)]
    assert len(heads) == 3
    for number in heads:
        assert re.match(r"   Why: \S", lines[number + 1])


@pytest.mark.parametrize("colour", [False, True])
def test_colour_and_plain_say_the_same(colour: bool) -> None:
    drawn = text(colour=colour, whole_headlines=False, verbose=True)
    assert ESCAPES.sub("", drawn) == text(whole_headlines=False, verbose=True)
    assert ("\x1b[" in drawn) is colour


@pytest.mark.parametrize("width", [40, 80, 100])
def test_every_line_fits_the_width_unless_it_holds_a_path(width: int) -> None:
    for line in text(width=width, whole_headlines=False).splitlines():
        assert cells(line) <= width or "models/" in line, line


def test_nothing_of_a_model_file_reaches_the_terminal_raw() -> None:
    for colour in (False, True):
        drawn = ESCAPES.sub("", text(colour=colour, verbose=True))
        assert all(line.isprintable() for line in drawn.splitlines())
        assert "\\x1b[2J" in drawn
        assert "\\u202e" in drawn


def test_a_file_with_something_waived_or_undecided_is_never_listed_as_clean() -> None:
    listed = text().partition("No findings\n")[2].partition("\n\n")[0]
    assert "vendor.pkl" not in listed
    assert "huge.pkl" not in listed
    assert "notes.xyz" not in listed


def test_many_clean_files_are_counted_and_named_with_verbose() -> None:
    many = tuple(documents.artifact(f"m/{n:03}.pkl") for n in range(50))
    short = render(document(artifacts=many), "text", View())
    assert "… and 40 more files" in short
    assert "m/049.pkl" not in short
    assert "m/049.pkl" in render(document(artifacts=many), "text", View(verbose=True))


def test_undecided_rules_are_gathered_by_cause_and_named_with_verbose() -> None:
    many = tuple(Inconclusive(f"MA{n}", "a.pkl", "call facts may be missing", "warning") for n in range(1000, 1030))
    short = render(document(inconclusive=many), "text", View())
    assert "call facts may be missing · 30 rules: MA1000, MA1001, MA1002 …" in short
    assert "MA1029" in render(document(inconclusive=many), "text", View(verbose=True))


def test_many_errors_are_counted() -> None:
    many = tuple(ScanError("missing-path", f"{n}.pkl: no such file") for n in range(100))
    assert "… and 80 more errors" in render(document(errors=many), "text", View())
    assert "99.pkl" in render(document(errors=many), "text", View(verbose=True))


def test_the_summary_is_the_end_of_the_report() -> None:
    assert text().endswith(render_summary(documents.rich_document(), View()))


def test_places_without_an_offset_are_named() -> None:
    out = render(document(findings=(finding(places=(Place(pointer="/auto_map"),)),)), "text", View())
    assert "models/model.pkl: [CRITICAL]" in out
    assert "   At: pointer /auto_map\n" in out


def test_every_report_names_the_files_that_a_finding_is_about_as_well() -> None:
    others = tuple(finding(artifact=f"{n}.pkl") for n in range(7))
    made = document(findings=(replace(finding(artifact="first.pkl"), related=others),))
    assert "Also of: 0.pkl, 1.pkl, 2.pkl, 3.pkl, 4.pkl and 2 more" in render(made, "text", View())
    related = json.loads(render(made, "sarif", View()))["runs"][0]["results"][0]["relatedLocations"]
    assert [one["physicalLocation"]["artifactLocation"]["uri"] for one in related] == [f"{n}.pkl" for n in range(7)]
    assert "(6.pkl)" in render(made, "html", View())


def test_a_plain_report_imports_no_rich() -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from fixtures import documents\n"
        "from modelaudit.reports import View, render\n"
        "render(documents.rich_document(), 'text', View())\n"
        "render(documents.rich_document(), 'json', View())\n"
        "assert 'rich' not in sys.modules and 'unicodedata' not in sys.modules\n"
    )
    root = documents.__file__.rpartition("/tests/")[0]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


def test_wide_characters_count_two_cells() -> None:
    assert cells("漢字") == 4
    assert cells("e\u0301") == 1


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        (Line(("", "a bb ccc")), ["a bb ccc"]),
        (Line(("", "aaaa bbbb cccc dddd eeee"), hang=2), ["aaaa bbbb cccc dddd", "  eeee"]),
        (Line(("", f"aaaa bbbb cccc dd{GLUE}ee ff")), ["aaaa bbbb cccc dd ee", "ff"]),
        (Line(("x", "bold"), ("", ", "), ("x", "words")), ["bold, words"]),
        (Line(("", "x" * 45)), ["x" * 20, "x" * 20, "x" * 5]),
        (Line(("path", "x" * 45)), ["x" * 45]),
        (Line(), [""]),
    ],
)
def test_lines_wrap_at_spaces(line: Line, rows: list[str]) -> None:
    assert ["".join(piece for _, piece in row) for row in wrap(line, 20)] == rows


def test_addresses_stay_whole_and_cut_words_get_no_space() -> None:
    address = "https://docs.example.org/" + "a" * 70
    (row,) = wrap(Line(("", f"See\u00a0\u00a0{address}"), hang=12), 60)
    assert "".join(text for _, text in row) == f"See  {address}"
    rows = wrap(Line(("", "x" * 50), hang=12), 44)
    assert ["".join(text for _, text in row).strip() for row in rows] == ["x" * 32, "x" * 18]
    assert "".join(text for _, text in wrap(Line(("", "y" * 41)), 40)[0]) == "y" * 40
