"""What the README shows works as it stands there."""

import re
from pathlib import Path

from modelaudit.engine.packs.testing import run_tests
from modelaudit.parsers.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_rule_of_the_readme_passes_its_own_tests(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    path = tmp_path / "internal-host.yaml"
    path.write_text(block, encoding="utf-8")
    run = run_tests([str(path)])
    assert run.ok, run.diagnostics
    assert len(run.results) == 2


def test_every_link_of_the_documentation_leads_to_a_file() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"


def test_a_reader_of_the_readme_meets_no_warning(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    path = tmp_path / "internal-host.yaml"
    path.write_text(block, encoding="utf-8")
    assert not run_tests([str(path)]).diagnostics


def test_what_is_installed_by_name_is_this_program() -> None:
    pages = [path for path in (ROOT / "docs").rglob("*") if path.suffix in (".md", ".yml")]
    lines = [line for page in pages for line in page.read_text(encoding="utf-8").splitlines()]
    named = [line for line in lines if re.search(r"pip install (--quiet )?['\"]?modelaudit\b(?!\[)", line)]
    assert len(named) >= 5
    assert all("modelaudit>=1" in line for line in named), named


def test_the_readme_names_the_extensions_of_every_format_but_those_of_texts_and_images() -> None:
    formats = {name: set(format.extensions) for name, format in Registry.load().formats.items()}
    section = README.partition("\n## Formats\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\.\S+)`", section))
    assert named == set().union(*formats.values()) - formats["text"] - formats["image"]
