"""The wheel, and the wheel built from the sdist, hold everything that the product needs and nothing else."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("cli", "engine", "parsers", "pipeline", "policies", "reports", "rules", "schemas", "sources")


def build(source: Path, target: str, out: Path) -> Path:
    """Build a wheel or sdist of the source tree and return its path."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = [path for path in out.iterdir() if path.name.endswith(".whl" if target == "wheel" else ".tar.gz")]
    return built


@pytest.fixture(scope="module")
def wheel_from_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def wheel_from_sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sdist = build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    (tree,) = unpacked.iterdir()
    return build(tree, "wheel", tmp_path_factory.mktemp("wheel-from-sdist"))


def package_files(wheel: Path) -> set[str]:
    """Names of the package's files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if name.startswith("modelaudit/")}


def files_in_tree() -> set[str]:
    """Names that the wheel has to hold, from what version control knows."""
    listed = subprocess.run(
        ["git", "ls-files", "--", *FOLDERS], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    return {f"modelaudit/{name}" for name in listed if (ROOT / name).exists()}


def test_the_wheel_holds_every_module_and_every_data_file(wheel_from_tree: Path) -> None:
    expected = files_in_tree()
    if not expected:
        pytest.skip("not a git checkout")
    assert expected <= package_files(wheel_from_tree)


def test_the_wheel_built_from_the_sdist_is_the_same(wheel_from_tree: Path, wheel_from_sdist: Path) -> None:
    assert package_files(wheel_from_sdist) == package_files(wheel_from_tree)


def test_the_wheel_installs_no_tests_and_no_top_level_folders(wheel_from_tree: Path) -> None:
    with zipfile.ZipFile(wheel_from_tree) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"modelaudit"}


def test_an_installed_wheel_scans(wheel_from_tree: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel_from_tree) as archive:
        archive.extractall(site)
    model = tmp_path / "model.pkl"
    model.write_bytes(b"cposix\nsystem\n(S'echo'\ntR.")
    environment = {**os.environ, "PYTHONPATH": str(site), "MODELAUDIT_CACHE_DIR": str(tmp_path / "cache")}
    where = [sys.executable, "-c", "import modelaudit; print(modelaudit.__file__)"]
    assert str(site) in subprocess.run(where, env=environment, capture_output=True, text=True, check=True).stdout
    done = subprocess.run(
        [sys.executable, "-m", "modelaudit", "scan", str(model)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "system" in done.stdout


def test_an_installed_wheel_reads_no_yaml_of_the_core_pack(wheel_from_tree: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel_from_tree) as archive:
        archive.extractall(site)
    code = (
        "from modelaudit.engine.packs import model, prepared, read;"
        "(folder,) = read.builtin_folders(); print(prepared.read(folder, model.Sources()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True\n"


@pytest.fixture(scope="module")
def metadata(wheel_from_tree: Path) -> Message:
    with zipfile.ZipFile(wheel_from_tree) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name))


def test_one_extra_has_the_clients_of_all_sources(metadata: Message) -> None:
    sources = ["huggingface", "s3", "gcs", "azure", "mlflow", "jfrog", "oci", "dvc"]
    needed: dict[str, set[str]] = {extra: set() for extra in metadata.get_all("Provides-Extra") or []}
    for line in metadata.get_all("Requires-Dist") or []:
        what, _, when = line.replace("'", '"').partition(";")
        if "extra ==" in when:
            needed[when.partition('extra == "')[2].partition('"')[0]].add(what.strip())
    assert needed.keys() >= {*sources, "cloud", "all"}
    assert all(needed[extra] for extra in ("huggingface", "s3", "gcs", "azure", "mlflow"))
    for extra in sources:
        assert needed[extra] <= needed["cloud"] <= needed["all"], extra


def test_extras_have_the_names_that_users_look_for(metadata: Message) -> None:
    extras = set(metadata.get_all("Provides-Extra") or [])
    assert extras >= {"all", "cloud", "h5", "mlflow", "numpy1", "onnx", "pytorch", "tensorflow"}
    numpy = [line for line in metadata.get_all("Requires-Dist") or [] if line.startswith("numpy")]
    assert len(numpy) == 2  # what everything needs, and the extra's bound
    assert "extra" not in numpy[0]
    assert 'python_version < "3.13"' in numpy[1].replace("'", '"')
    assert "numpy1" in numpy[1]


def test_the_package_is_typed_and_says_what_it_is(metadata: Message, wheel_from_tree: Path) -> None:
    assert "modelaudit/py.typed" in package_files(wheel_from_tree)
    classifiers = metadata.get_all("Classifier") or []
    assert "Typing :: Typed" in classifiers
    for minor in range(11, 15):
        assert f"Programming Language :: Python :: 3.{minor}" in classifiers
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert "# modelaudit" in str(metadata.get_payload())


def test_only_libraries_with_a_reason_are_asked_for(metadata: Message) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    base = [line for line in metadata.get_all("Requires-Dist") or [] if "extra ==" not in line]
    names = [re.match(r"[A-Za-z0-9-]+", line)[0] for line in base]
    assert [name for name in names if f"| {name.lower()} |" not in page.lower()] == []
