"""Repositories that the real DVC made: workspace, cache, remotes on disk, on a web server and in a bucket."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fixtures.dvcs import EVIL, GOOD, Repository, digest, objects
from fixtures.servers.serving import Server
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.pipeline.store.shared import FactStore

if TYPE_CHECKING:
    from pathlib import Path

    from modelaudit.engine.document import ScanDocument
    from modelaudit.engine.ruleset import Ruleset

pytest.importorskip("dvc", reason="DVC is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

OTHER = EVIL.replace(b"true", b"false")
HEADER = b'{"w":{"dtype":"U8","shape":[3000000],"data_offsets":[0,3000000]}}'
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + bytes(3_000_000)
FOUND = {"m.pkl", "models/d/evil.pkl", "out/made.pkl"}
PIPELINE = """\
stages:
  make:
    cmd: python -c "import shutil; shutil.copy('source.pkl', 'out/made.pkl')"
    deps: [source.pkl]
    outs: [out/made.pkl]
"""


def dvc(folder: Path, *words: str, site: Path | None = None) -> None:
    """Run a command of DVC, which sees no settings but those of the repository."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DVC_")}
    none = str(site or folder.parent / "site")
    own = dict.fromkeys(("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "DVC_SITE_CACHE_DIR"), none)
    command = [sys.executable, "-W", "ignore", "-m", "dvc", *words]
    environment = {**kept, **own, "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a repository whose outputs are in the workspace, the cache and a remote beside it."""
    top = tmp_path_factory.mktemp("dvc")
    repo = top / "r"
    (repo / "models" / "d").mkdir(parents=True)
    (repo / "out").mkdir()
    (repo / "m.pkl").write_bytes(EVIL)
    (repo / "models" / "d" / "evil.pkl").write_bytes(OTHER)
    (repo / "models" / "d" / "w.safetensors").write_bytes(WEIGHTS)
    (repo / "source.pkl").write_bytes(EVIL.replace(b"true", b"echo"))
    (repo / "dvc.yaml").write_text(PIPELINE)
    dvc(repo, "init", "--quiet", "--no-scm")
    dvc(repo, "remote", "add", "--quiet", "--default", "origin", "../store")
    dvc(repo, "add", "--quiet", "m.pkl", "models/d")
    dvc(repo, "repro", "--quiet")
    dvc(repo, "push", "--quiet")
    return top


@pytest.fixture
def top(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it."""
    shutil.copytree(made, tmp_path / "t", symlinks=True)
    monkeypatch.chdir(tmp_path / "t")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "t"


def empty(top: Path, *, cache: bool = True) -> None:
    """Take the outputs out of the workspace, and out of the cache."""
    for name in ("m.pkl", "models/d", "out/made.pkl"):
        path = top / "r" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if cache:
        shutil.rmtree(top / "r" / ".dvc" / "cache")


def stored(top: Path) -> dict[str, bytes]:
    folder = top / "store"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def critical(document: ScanDocument, before: str = "r/") -> set[str]:
    assert not document.errors
    found = {finding.artifact for finding in document.findings if finding.severity == "critical"}
    return {path.removeprefix(before) for path in found} - {"source.pkl", "r/source.pkl"}


@pytest.mark.parametrize("pipeline", ["dvc.lock", "dvc.yaml"])
def test_the_workspace_and_the_cache(top: Path, ruleset: Ruleset, pipeline: str) -> None:
    named = ["r/m.pkl.dvc", "r/models/d.dvc", f"r/{pipeline}"]
    document = scan(named, ruleset)
    assert critical(document) == FOUND
    assert not {"MA4852", "MA4854", "MA4855"} & {finding.rule for finding in document.findings}
    empty(top, cache=False)
    assert critical(scan(named, ruleset)) == FOUND


def test_a_remote_on_disk(top: Path, ruleset: Ruleset) -> None:
    empty(top)
    assert scan(["r/m.pkl.dvc"], ruleset).decision.exit_code == 2
    absent = scan(["r"], ruleset)
    assert sum(finding.rule == "MA4855" for finding in absent.findings) == 3
    assert critical(scan(["dvc://r"], ruleset)) == FOUND
    assert critical(scan(["dvc://r/models/d.dvc"], ruleset)) == {"models/d/evil.pkl"}


def test_a_web_server(top: Path, ruleset: Ruleset) -> None:
    empty(top)
    with Server(objects(stored(top))) as server:
        address = f"dvc://r@{server.url}"
        document = scan([address], ruleset, store=FactStore())
        assert critical(document, "dvc://r/") == FOUND
        assert document.transfer is not None
        assert document.transfer.bytes < 300_000
        full = scan([address], ruleset, Options(scope="full"))
        assert critical(full, "dvc://r/") == FOUND
        asked = len(server.seen)
        assert critical(scan([address], ruleset, store=FactStore()), "dvc://r/") == FOUND
        assert all(seen.method == "HEAD" or seen.path.endswith(".dir") for seen in server.seen[asked:])


def test_a_bucket(top: Path, ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("s3fs", reason="the extra s3 is not installed")
    moto = pytest.importorskip("moto.server", reason="moto's server is not installed")
    import boto3

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    try:
        url = "http://{}:{}".format(*running.get_host_and_port())
        client = boto3.client("s3", endpoint_url=url)
        client.create_bucket(Bucket="tracked")
        for name, data in stored(top).items():
            client.put_object(Bucket="tracked", Key=f"kept/{name}", Body=data)
        empty(top)
        dvc(top / "r", "remote", "add", "--quiet", "--default", "--force", "origin", "s3://tracked/kept")
        dvc(top / "r", "remote", "modify", "--quiet", "origin", "endpointurl", url)
        refused = scan(["dvc://r"], ruleset)
        assert [f"AWS_ENDPOINT_URL={url}" in error.message for error in refused.errors] == [True]
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        document = scan(["dvc://r"], ruleset, store=FactStore())
        assert critical(document, "dvc://r/") == FOUND
        assert document.transfer is not None
        assert document.transfer.bytes < 300_000
        again = scan(["dvc://r"], ruleset, store=FactStore())
        assert again.transfer is not None
        assert again.transfer.bytes < 1000  # the list of the folder
        missing = scan(["dvc://r@s3://tracked/nothing"], ruleset)
        assert {error.code for error in missing.errors} == {"missing-path"}
    finally:
        running.stop()


@pytest.mark.parametrize("version", [2, 3])
def test_what_the_tests_write_by_hand_is_what_dvc_understands(tmp_path: Path, version: int) -> None:
    hand = Repository(tmp_path / "r", "[core]\n    no_scm = true\n", version)
    folder = {"a.pkl": GOOD, "b.txt": b"a\nb\n"}
    hand.track("m.pkl", GOOD)
    hand.track("d", folder)
    hand.cached()
    (tmp_path / "r" / ".dvc" / "tmp").mkdir()
    dvc(tmp_path / "r", "checkout", "--quiet")
    assert (tmp_path / "r" / "m.pkl").read_bytes() == GOOD
    assert {path.name: path.read_bytes() for path in (tmp_path / "r" / "d").iterdir()} == folder


def test_version_2_takes_texts_with_unix_line_ends(tmp_path: Path) -> None:
    from dvc_data.hashfile.hash import file_md5
    from dvc_objects.fs import localfs

    from modelaudit.sources.dvc.digest import TrackedDigest

    for number, data in enumerate((b"a\r\n" * 700_000, b"\0\r\n", b"", b"\r\n", EVIL, WEIGHTS)):
        path = tmp_path / str(number)
        path.write_bytes(data)
        for kind in ("md5", "md5-dos2unix"):
            state = TrackedDigest(kind)
            for at in range(0, len(data), 100_003):
                state.update(data[at : at + 100_003])
            assert state.hexdigest() == file_md5(str(path), localfs, name=kind)
    assert digest(b"") == TrackedDigest("md5").hexdigest()
