"""The documentation as a site, and the picture of a scan."""

import importlib.util
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "scan.svg"


def test_the_site_is_built_without_a_warning(tmp_path) -> None:
    if importlib.util.find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed: pip install modelaudit[docs]")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},  # news about mkdocs itself
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    pages = {page.with_name("index.html") if page.name == "README.html" else page for page in pages}
    assert {page for page in pages if not (tmp_path / "site" / page).exists()} == set()
    front = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "fonts.googleapis" not in front


def test_the_picture_is_one_fetches_nothing_and_shows_a_finding() -> None:
    text = PICTURE.read_text(encoding="utf-8")
    root = ET.fromstring(text)
    assert root.tag.endswith("svg")
    words = "".join(root.itertext()).replace("\xa0", " ")
    assert "[CRITICAL]" in words
    assert "url(http" not in text
    assert "@font-face" not in text


def test_readme_and_front_page_show_it() -> None:
    assert "(docs/images/scan.svg)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "(images/scan.svg)" in (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
