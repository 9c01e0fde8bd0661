"""The HTML report: one file that loads nothing, says everything, and works in a browser."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from fixtures import documents
from fixtures.documents import artifact, document, finding
from modelaudit.engine.document import ScanError
from modelaudit.engine.finding import Inconclusive
from modelaudit.reports import View, render

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
HOSTILE = "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>\u202e"
VOID = {"meta", "input"}


def page(made, **view) -> str:
    return render(made, "html", View(**view))


def hostile():
    """Markup wherever a model, a policy or a path can put text."""
    found = dict.fromkeys(("message", "why", "fix", "subject", "title", "name", "artifact", "rule"), HOSTILE)
    return document(
        paths=(HOSTILE,),
        artifacts=(artifact(HOSTILE, format=HOSTILE, coverage="partial", reasons=(HOSTILE,)),),
        findings=(finding(**found, references=("javascript:alert(3)", HOSTILE), cves=(HOSTILE,)),),
        errors=(ScanError(HOSTILE, HOSTILE),),
        inconclusive=(Inconclusive(HOSTILE, HOSTILE, HOSTILE, "critical"),),
        notices=(HOSTILE,),
    )


class Elements(HTMLParser):
    """Every element with its attributes; refuses what is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", ["clean", "rich"])
def test_the_report_is_the_golden_one(name: str, golden) -> None:
    made = {"clean": documents.clean, "rich": documents.rich_document}[name]()
    golden(f"{name}.html", page(made))


@pytest.mark.parametrize("made", [documents.clean, documents.noted, documents.rich_document, hostile])
def test_nothing_is_loaded_and_every_element_is_closed(made) -> None:
    for tag, attributes in Elements(page(made(), verbose=True)).found:
        assert tag not in {"img", "iframe", "link", "object", "base"}
        assert not {"src", "srcset", "style", "action"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("href", "https://").startswith(("https://", "http://"))


def test_markup_in_a_model_shows_as_text() -> None:
    text = page(hostile())
    assert len([tag for tag, _ in Elements(text).found if tag == "script"]) == 1
    assert "<img" not in text
    assert "\u202e" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text


def test_the_page_itself_forbids_all_but_its_one_script_and_style() -> None:
    (policy,) = [a["content"] for tag, a in Elements(page(documents.clean())).found if "http-equiv" in a]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_every_finding_and_artifact_is_on_the_page() -> None:
    made = documents.rich_document()
    text = page(made, verbose=True)
    assert text.count('class="finding ') == len([f for f in made.findings if f.active])
    assert all(f.id in text for f in made.findings if f.active)
    assert "SEC-4411" in text
    assert "opcode limit" in text
    assert len(re.findall(r'class="name"', text)) == len(made.artifacts)


def test_members_are_nested_in_their_files() -> None:
    text = page(documents.rich_document())
    files = text.partition('id="files"')[2]
    assert re.search(r"deep\.zip.*<ul><li>.*inner\.zip.*<ul><li>.*model\.pt.*<ul><li>.*archive/data\.pkl", files)


def test_what_is_left_out_of_a_large_page_is_counted() -> None:
    many = tuple(finding(id=f"{n:016}") for n in range(2_003))
    text = page(document(findings=many, artifacts=tuple(artifact(f"{n}.pkl") for n in range(5_002))))
    assert "3 more findings in the JSON report." in text
    assert "2 more artifacts in the JSON report." in text


def test_nesting_without_end_gives_a_page() -> None:
    deep = tuple(artifact("!".join(["a.zip"] * n)) for n in range(1, 900))
    Elements(page(document(artifacts=deep)))


@pytest.fixture(scope="module")
def browse(tmp_path_factory):
    """A function that opens a page in a browser without a screen and gives its elements after the script ran."""
    browser = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if browser is None:
        pytest.skip("no Chromium on this machine")
    folder = tmp_path_factory.mktemp("browser")

    def opened(text: str, fragment: str = "") -> subprocess.CompletedProcess[str]:
        (folder / "report.html").write_text(text, encoding="utf-8")
        quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
        log = ("--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}", "--disable-dev-shm-usage")
        address = (folder / "report.html").as_uri() + fragment
        return subprocess.run(
            [browser, *quiet, *log, "--dump-dom", address], capture_output=True, text=True, check=True, timeout=120
        )

    return opened


def test_the_filter_works_in_a_browser(browse) -> None:
    done = browse(page(documents.rich_document()), "#words=unknown-callable")
    assert "CONSOLE" not in done.stderr
    assert ">1 shown</output>" in done.stdout
    shown = re.findall(r'<details class="finding (\w+)"[^>]*?(hidden="")?>', done.stdout)
    assert [grade for grade, hidden in shown if not hidden] == ["warning"]
    assert len(re.findall(r'<section class="file" hidden="">', done.stdout)) == 3


def test_nothing_of_a_hostile_model_runs_in_a_browser(browse) -> None:
    done = browse(page(hostile(), verbose=True))
    assert "CONSOLE" not in done.stderr
    assert "<img" not in done.stdout
    assert done.stdout.count("<script>") == 1
    assert ">1 shown</output>" in done.stdout
