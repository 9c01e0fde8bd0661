"""Outputs that DVC tracks, on this machine: found in the workspace and in the cache, told when they are not."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest

from fixtures import mutants
from fixtures.dvcs import EVIL, GOOD, Repository, digest, remote
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.sources.dvc.digest import TrackedDigest
from modelaudit.sources.dvc.location import parts_of
from modelaudit.sources.dvc.notation import NotationError, sections, yaml_value
from modelaudit.sources.dvc.pointers import Output, is_pointer, outputs_of, rows_of
from modelaudit.sources.dvc.repository import Repository as Read
from modelaudit.sources.dvc.repository import within
from modelaudit.sources.errors import SourceError
from modelaudit.sources.local import SourceFile, SourceFolder, discover
from modelaudit.sources.remote.locations import Access

if TYPE_CHECKING:
    from pathlib import Path

    from modelaudit.engine.document import ScanDocument
    from modelaudit.engine.ruleset import Ruleset

links = pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="needs links")
FOLDER = {"config.json": b"{}", "sub/model.pkl": EVIL, "sub/b.txt": b"words\n"}
MD5 = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*paths: str) -> tuple[list[str], list[str]]:
    """The files under paths, and the errors."""
    entries = list(discover(paths))
    files = [entry.path for entry in entries if isinstance(entry, SourceFile)]
    return files, [str(entry) for entry in entries if isinstance(entry, SourceError)]


def critical(document: ScanDocument) -> set[str]:
    return {finding.artifact for finding in document.findings if finding.severity == "critical"}


@pytest.mark.parametrize("version", [2, 3])
def test_who_names_a_pointer_means_what_it_tracks(here: Path, ruleset: Ruleset, version: int) -> None:
    repository = Repository(here / "r", version=version)
    repository.track("m.pkl", EVIL)
    repository.track("models/d", FOLDER)
    (here / "r" / "m.pkl").write_bytes(EVIL)
    repository.cached()
    document = scan(["r/m.pkl.dvc", "r/models/d.dvc"], ruleset)
    assert critical(document) == {"r/m.pkl", "r/models/d/sub/model.pkl"}
    assert not document.errors
    assert {artifact.path for artifact in document.artifacts if artifact.coverage == "full"} >= {
        *("r/m.pkl.dvc", "r/m.pkl", "r/models/d/config.json", "r/models/d/sub/b.txt"),
    }


def test_the_workspace_comes_before_the_cache_and_nothing_twice(here: Path) -> None:
    repository = Repository(here)
    repository.track("m.pkl", EVIL)
    repository.cached()
    assert found("m.pkl.dvc")[0] == ["m.pkl.dvc", "m.pkl"]
    assert next(entry.real for entry in discover(["m.pkl.dvc"]) if entry.path == "m.pkl") != str(here / "m.pkl")
    (here / "m.pkl").write_bytes(EVIL)
    assert [entry.real for entry in discover(["m.pkl.dvc"]) if entry.path == "m.pkl"] == [str(here / "m.pkl")]
    assert found("m.pkl", "m.pkl.dvc")[0] == ["m.pkl", "m.pkl.dvc"]


def test_folders_in_the_workspace_and_in_the_cache_are_folders(here: Path) -> None:
    repository = Repository(here)
    repository.track("d", FOLDER)
    repository.cached()
    entries = list(discover(["d.dvc"]))
    assert [entry.path for entry in entries] == [
        "d.dvc",
        "d/config.json",
        "d/sub/b.txt",
        "d/sub/model.pkl",
        "d/sub",
        "d",
    ]
    assert [set(entry.files) for entry in entries if isinstance(entry, SourceFolder)] == [
        {"b.txt", "model.pkl"},
        {"config.json"},
    ]
    (here / "d").mkdir()
    (here / "d" / "x.pkl").write_bytes(GOOD)
    assert found("d.dvc")[0] == ["d.dvc", "d/x.pkl"]


def test_what_is_not_here_is_an_error_that_says_how_to_have_it_read(here: Path, ruleset: Ruleset) -> None:
    repository = Repository(here / "r", remote("https://models.example/store"))
    repository.track("m.pkl", GOOD)
    document = scan(["r/m.pkl.dvc"], ruleset)
    assert document.decision.exit_code == 2
    assert [error.code for error in document.errors] == ["missing-path"]
    assert "dvc://r/m.pkl.dvc" in document.errors[0].message
    assert document.transfer is None
    whole = scan(["r"], ruleset)
    assert whole.decision.exit_code == 0
    assert {finding.rule for finding in whole.findings} == {"MA4855"}


def test_files_that_a_cache_lacks_are_told_once_of_each_folder(here: Path) -> None:
    repository = Repository(here)
    repository.track("d", FOLDER)
    del repository.objects[f"files/md5/{digest(EVIL)[:2]}/{digest(EVIL)[2:]}"]
    del repository.objects[f"files/md5/{digest(b'{}')[:2]}/{digest(b'{}')[2:]}"]
    repository.cached()
    files, errors = found("d.dvc")
    assert files == ["d.dvc", "d/sub/b.txt"]
    assert len(errors) == 1
    assert errors[0].startswith("d: 2 files of it are neither")


def test_what_is_cached_is_in_the_repository(here: Path, ruleset: Ruleset) -> None:
    repository = Repository(here)
    repository.track("d", FOLDER)
    repository.track("old.pkl", GOOD)
    repository.cached()
    document = scan(["."], ruleset)
    assert critical(document) == {f"./.dvc/cache/files/md5/{digest(EVIL)[:2]}/{digest(EVIL)[2:]}"}
    assert "MA4855" not in {finding.rule for finding in document.findings}


@pytest.mark.parametrize("scope", ["full", "structure"])
def test_cached_files_are_held_against_their_digests(here: Path, ruleset: Ruleset, scope: str) -> None:
    repository = Repository(here)
    repository.track("d", {"a.pkl": GOOD, "b.json": b"{}"})
    cache = repository.cached()
    (cache / "files" / "md5" / digest(GOOD)[:2] / digest(GOOD)[2:]).write_bytes(b"}\x94.")
    document = scan(["d.dvc"], ruleset, Options(scope=scope))
    assert document.decision.exit_code == (2 if scope == "full" else 0)
    if scope == "full":
        assert [(error.path, "its digest" in error.message) for error in document.errors] == [("d/a.pkl", True)]


def test_a_list_that_is_not_the_one_that_is_tracked_is_not_believed(here: Path) -> None:
    repository = Repository(here)
    pointer = repository.track("d", FOLDER)
    cache = repository.cached()
    key = outputs_of(pointer.read_bytes(), "d.dvc")[0].md5
    (cache / "files" / "md5" / key[:2] / f"{key[2:]}.dir").write_bytes(b"[]")
    assert found("d.dvc") == (["d.dvc"], ["d: the list of the folder's files is not the one that is tracked"])


def test_stages_of_a_pipeline_are_found_by_its_lock(here: Path) -> None:
    repository = Repository(here)
    (here / "sub").mkdir()
    (here / "dvc.yaml").write_text(
        "stages:\n  a:\n    cmd: x\n    wdir: sub\n    outs:\n    - m.pkl\n    - ${out}:\n        cache: false\n"
        "    - plain.json\n"
    )
    assert found("dvc.yaml")[1] == [
        f"{path}: the output is not there, and no digest says which content it has"
        for path in ("sub/m.pkl", "sub/${out}", "sub/plain.json")
    ]
    key = repository.keep(EVIL)
    (here / "dvc.lock").write_text(
        f"schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - {{path: sub/m.pkl, md5: {key}, hash: md5}}\n"
    )
    (here / "sub" / "plain.json").write_text("{}")
    repository.cached()
    assert found("dvc.yaml") == (["dvc.yaml", "sub/m.pkl", "sub/plain.json"], [])
    assert found("dvc.lock") == (["dvc.lock", "sub/m.pkl"], [])


@pytest.mark.parametrize(
    "path", ["../../outside.pkl", "/etc/hostname", "sub/../../../outside.pkl", "s3://bucket/x", "C:\\x", "link/x.pkl"]
)
@links
def test_outputs_outside_of_the_repository_are_not_read(here: Path, path: str) -> None:
    repository = Repository(here / "r")
    (here / "outside.pkl").write_bytes(EVIL)
    (here / "elsewhere").mkdir()
    (here / "elsewhere" / "x.pkl").write_bytes(EVIL)
    (here / "r" / "link").symlink_to(here / "elsewhere")
    repository.track("x", EVIL)
    pointer = here / "r" / "x.dvc"
    pointer.write_text(pointer.read_text().replace("path: x", f"path: {path}"))
    repository.cached()
    files, errors = found("r/x.dvc")
    assert files == ["r/x.dvc"]
    assert [error.partition(": not read")[1:] for error in errors] == [
        (": not read", ": the output lies outside of the repository")
    ]


@links
def test_links_lead_no_further_than_the_repository(here: Path, ruleset: Ruleset) -> None:
    (here / "secret.pkl").write_bytes(EVIL)
    repository = Repository(here / "r")
    pointer = repository.track("m.pkl", EVIL)
    cache = repository.cached()
    kept = cache / "files" / "md5" / digest(EVIL)[:2] / digest(EVIL)[2:]
    (here / "r" / "m.pkl").symlink_to(kept)
    assert found(str(pointer))[0] == [str(pointer), str(here / "r" / "m.pkl")]
    (here / "r" / "m.pkl").unlink()
    kept.unlink()
    kept.symlink_to(here / "secret.pkl")
    files, errors = found("r/m.pkl.dvc")
    assert files == ["r/m.pkl.dvc"]
    assert "neither" in errors[0]


@pytest.mark.parametrize("where", ["../..", "/", "~", "../../elsewhere"])
def test_a_cache_outside_of_the_repository_is_not_read(here: Path, where: str) -> None:
    repository = Repository(here / "r", f"[cache]\n    dir = {where}\n")
    repository.track("m.pkl", EVIL)
    repository.store(here)
    repository.store(here / "elsewhere")
    assert found("r/m.pkl.dvc")[0] == ["r/m.pkl.dvc"]
    (here / "r" / ".dvc" / "config").write_text("[cache]\n    dir = kept ; here\n")
    assert Read(str(here / "r")).settings == {"cache": {"dir": "kept ; here"}}
    (here / "r" / ".dvc" / "config").write_text('[cache]\n    dir = "kept" # here\n')
    repository.store(here / "r" / ".dvc" / "kept")
    assert found("r/m.pkl.dvc")[0] == ["r/m.pkl.dvc", "r/m.pkl"]


def test_files_of_a_list_stay_in_its_folder(here: Path) -> None:
    repository = Repository(here)
    names = ("a.txt", "../x.txt", "/etc/passwd", "b/../../y.txt", "c//./d.txt")
    repository.track("d", dict.fromkeys(names, b"words"))
    repository.cached()
    assert found("d.dvc")[0] == ["d.dvc", "d/a.txt"]  # one content is one file
    assert len([error for error in found("d.dvc")[1] if "leads out of the folder" in error]) == 3


def test_a_pointer_without_a_repository_has_a_workspace_alone(here: Path) -> None:
    (here / "m.pkl.dvc").write_text(f"outs:\n- md5: {MD5}\n  path: m.pkl\n- path: ../up.pkl\n")
    (here / "m.pkl").write_bytes(GOOD)
    files, errors = found("m.pkl.dvc")
    assert files == ["m.pkl.dvc", "m.pkl"]
    assert "outside" in errors[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"outs: [", "it is no YAML"),
        (b"[" * 2000, "nested too deep"),
        (b"- " * 300 + b"x", "nested too deep"),
        (b"outs: []\n" + b"# " * 3_000_000, "larger than"),
        (b"- a\n" * 2000, "more than 1000 values"),
    ],
)
def test_pointers_that_are_not_read_are_told(
    here: Path, data: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelaudit.sources.dvc.notation.EVENTS_MAX", 1000)
    Repository(here)
    (here / "m.dvc").write_bytes(data)
    files, errors = found("m.dvc")
    assert files == ["m.dvc"]
    assert said in errors[0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"- a\n- b\n",
        b"outs: 1\n",
        b"outs:\n- 1\n- [a]\n- {}\n- path: [x]\n- {path: {a: b}}\n",
        b"? [a]\n: b\nouts: {a: b}\n",
        b"stages: 1\nouts: *nobody\n",
        b"\xff\xfe\0",
    ],
)
def test_odd_pointers_harm_nobody(data: bytes) -> None:
    for name in ("m.dvc", "dvc.lock", "dvc.yaml"):
        with contextlib.suppress(NotationError):
            assert all(isinstance(output, Output) for output in outputs_of(data, name))


def test_aliases_are_not_written_out() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    tree = yaml_value(("\n".join(lines) + "\n<<: *a1\n").encode())
    assert tree["a59"][0] is tree["a59"][1]


def test_what_pointers_say() -> None:
    text = f"wdir: sub\nouts:\n- {{md5: {MD5}, path: a, size: 12, remote: cold}}\n"
    text += f"- {{md5: {MD5}.dir, hash: md5, path: b}}\n"
    text += f"- {{md5: {MD5}, path: c, version_id: x}}\n- {{md5: nope, path: /d, size: -1}}\n"
    assert outputs_of(text.encode(), "x.dvc") == [
        Output("sub/a", MD5, "md5-dos2unix", size=12, remote="cold"),
        Output("sub/b", MD5, "md5", folder=True),
        Output("sub/c"),
        Output("/d"),
    ]
    old = f"train:\n  cmd: x\n  outs:\n  - {{path: a, md5: {MD5}}}\n"
    assert [output.path for output in outputs_of(old.encode(), "dvc.lock")] == ["a"]
    assert [name for name in ("a.dvc", ".dvc", "dvc.lock", "dvc.yaml", "dvc.yml") if is_pointer(name)] == [
        *("a.dvc", "dvc.lock", "dvc.yaml"),
    ]
    for data in (b"{}", b"[", b"[" * 100_000):
        with pytest.raises(NotationError):
            rows_of(data)
    assert rows_of(b'[1, {"relpath": "a"}, {"relpath": "b", "md5": "x"}, {"relpath": "", "md5": ""}]') == [("b", "")]


@pytest.mark.parametrize("data", [b"[core\n", b"url = x\n"])
def test_settings_that_are_none_are_told(here: Path, data: bytes) -> None:
    with pytest.raises(NotationError, match="no file of settings"):
        sections(data)
    repository = Repository(here)
    repository.track("m.pkl", GOOD)
    (here / ".dvc" / "config").write_bytes(data)
    assert any("settings of DVC are not read" in error for error in found("m.pkl.dvc")[1])


def test_settings_as_dvc_writes_them() -> None:
    text = "[core]\n    remote = a b\n    Autostage = true\n['remote \"a b\"']\n    url = s3://b/x # mine\n[x]\nalone\n"
    assert sections(text.encode()) == {
        "core": {"remote": "a b", "autostage": "true"},
        "'remote \"a b\"'": {"url": "s3://b/x"},
        "x": {"alone": ""},
    }


def test_digests_of_texts_in_the_way_of_version_2() -> None:
    data = b"a\r\n" * 700_000
    for kind, expected in (("md5", data), ("md5-dos2unix", None)):
        state = TrackedDigest(kind)
        for at in range(0, len(data), 65_537):
            state.update(data[at : at + 65_537])
        windows = (data[at : at + 2**20].replace(b"\r\n", b"\n") for at in range(0, len(data), 2**20))
        assert state.hexdigest() == digest(b"".join(windows) if expected is None else expected)
    assert TrackedDigest("md5-dos2unix").hexdigest() == digest(b"")
    binary = TrackedDigest("md5-dos2unix")
    binary.update(b"\0\r\n")
    assert binary.hexdigest() == digest(b"\0\r\n")


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("dvc://m.dvc", ("m.dvc", "")),
        ("dvc:///a/b.dvc@cold", ("/a/b.dvc", "cold")),
        ("dvc://r@s3://bucket/x@y", ("r", "s3://bucket/x@y")),
        ("dvc://r/m@v1/x.dvc", ("r/m@v1/x.dvc", "")),
        ("dvc://r@https://me:pw@host/x", ("r", "https://me:pw@host/x")),
        ("dvc://r@/mnt/store", ("r", "/mnt/store")),
    ],
)
def test_addresses(address: str, parts: tuple[str, str]) -> None:
    assert parts_of(address) == parts


def test_a_path_with_a_sign_in_it_is_a_path(here: Path) -> None:
    (here / "m@v1.dvc").write_text("")
    assert parts_of("dvc://m@v1.dvc") == ("m@v1.dvc", "")


@pytest.mark.parametrize("part", ["r/d.dvc", "r/dvc.lock", "r/.dvc/config", "list"])
def test_changed_texts_harm_nobody_and_lead_nowhere(here: Path, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelaudit.sources.remote.line.wait", lambda *_: None)
    made = Repository(here / "r", remote("../../store", endpointurl="http://x"))
    made.track("d", FOLDER)
    key = made.keep(EVIL)
    (here / "r" / "dvc.lock").write_text(
        f"schema: '2.0'\nstages:\n  a:\n    outs:\n    - {{path: m.pkl, md5: {key}, hash: md5}}\n"
    )
    store = made.store(here / "store")
    [listing] = store.rglob("*.dir")
    path = listing if part == "list" else here / part
    honest = path.read_bytes()
    for seed in range(150):
        path.write_bytes(mutants.mutant(honest, seed))
        for entry in Access().entries("dvc://r"):
            if isinstance(entry, SourceFile):
                assert within(os.path.realpath(entry.real), str(here / "r")) or within(entry.real, str(store))
