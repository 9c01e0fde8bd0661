"""Plug-ins by entry points: the example package of the documentation, as if pip had installed it."""

import json
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "acme-modelaudit"
NET = b"ACMENET 1\nname\tsmall\ninit\tos.system\n\nweights"


def install(site: Path, project: Path, *, source: str = "src") -> None:
    """What pip leaves of a pure package: its modules and its metadata."""
    described = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(project / source, site, dirs_exist_ok=True)
    about = site / f"{described['name'].replace('-', '_')}-{described['version']}.dist-info"
    about.mkdir(parents=True)
    name = f"Metadata-Version: 2.1\nName: {described['name']}\nVersion: {described['version']}\n"
    (about / "METADATA").write_text(name, encoding="utf-8")
    groups = (
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in described["entry-points"].items()
    )
    (about / "entry_points.txt").write_text("".join(groups), encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    install(folder, EXAMPLE)
    return folder


@pytest.fixture
def net(tmp_path) -> Path:
    path = tmp_path / "model.acme"
    path.write_bytes(NET)
    return path


@pytest.fixture
def installed(site, monkeypatch, cache_folder):
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("MODELAUDIT_CACHE_DIR", str(cache_folder))
    yield
    for name in [name for name in sys.modules if name.startswith("acme_")]:
        del sys.modules[name]


def test_a_parser_takes_part_when_it_is_asked_for(modelaudit, site, net) -> None:
    unasked = modelaudit("scan", net, "-f", "json", PYTHONPATH=str(site))
    assert json.loads(unasked.stdout)["scanner_names"] == ["text"]
    asked = modelaudit("scan", net, "-f", "json", "--plugin", "acme", PYTHONPATH=str(site))
    report = json.loads(asked.stdout)
    assert asked.returncode == 1
    assert report["scanner_names"] == ["acme-net"]
    assert {issue["rule_code"] for issue in report["issues"]} == {"MA1001"}


def test_workers_have_the_parser_too(modelaudit, site, tmp_path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.acme").write_bytes(NET)
    done = modelaudit("scan", folder, "--plugin", "acme", "--jobs", "2", "-f", "json", PYTHONPATH=str(site))
    assert len(json.loads(done.stdout)["issues"]) == 40


def test_a_report_is_known_by_its_name_and_by_its_extension(modelaudit, site, net, tmp_path) -> None:
    done = modelaudit("scan", net, "--plugin", "acme", "--format", "csv", PYTHONPATH=str(site))
    assert done.stdout.splitlines()[0] == "severity,rule,artifact,message"
    modelaudit("scan", net, "--plugin", "acme", "-o", "out.csv", PYTHONPATH=str(site))
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == done.stdout
    assert "'csv' is not one of" in modelaudit("scan", net, "--format", "csv").stderr


def test_a_nonsensical_plugin_is_refused_with_what_is_wrong(installed, tmp_path, monkeypatch) -> None:
    from modelaudit.engine.errors import OptionError
    from modelaudit.pipeline.selection import registry_with

    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    points = {
        "none": "acme_none",
        "raises": "acme_raises",
        "lacks": "acme_lacks",
        "ours": "acme_ours",
        "magic": "acme_magic",
    }
    lines = "".join(f'{name} = "{module}"\n' for name, module in points.items())
    about = f'[project]\nname = "bad"\nversion = "1"\n[project.entry-points."modelaudit.parsers"]\n{lines}'
    (project / "pyproject.toml").write_text(about, encoding="utf-8")
    entry = "'title': 'x', 'extensions': [], 'role': 'model', 'magics'"
    sources = {
        "acme_none": "",
        "acme_raises": "1 / 0\n",
        "acme_lacks": "FORMATS = {'x': {'title': 'x'}}\nparse = print\n",
        "acme_ours": f"FORMATS = {{'pickle': {{{entry}: []}}}}\nparse = print\n",
        "acme_magic": f"FORMATS = {{'x': {{{entry}: [7]}}}}\nparse = print\n",
    }
    for name, text in sources.items():
        (project / "src" / f"{name}.py").write_text(text, encoding="utf-8")
    install(tmp_path / "bad", project)
    monkeypatch.syspath_prepend(str(tmp_path / "bad"))
    said = {
        "none": "no FORMATS or no parse",
        "raises": "cannot be imported: ZeroDivisionError",
        "lacks": "lacks extensions, role, magics",
        "ours": "cannot take the place of the format 'pickle'",
        "magic": "not as the catalogue has them",
    }
    for name, words in said.items():
        with pytest.raises(OptionError, match=words):
            registry_with([name])


def test_the_example_never_raises_for_what_a_file_holds(installed) -> None:
    from acme_modelaudit.net import parse

    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.reader import BytesReader

    for cut in range(len(NET)):
        for junk in (NET[:cut], NET[:cut] + b"\xff\x00" + NET[cut:]):
            assert list(parse(Input("x.acme", BytesReader(junk), "acme-net"), Context()))


def test_the_example_is_typed_and_names_only_what_there_is() -> None:
    points = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    for group in points.values():
        for value in group.values():
            module = value.partition(":")[0]
            assert (EXAMPLE / "src" / f"{module.replace('.', '/')}.py").exists()
