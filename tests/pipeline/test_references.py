"""References are looked up inside the scan root alone."""

import os

import pytest

from modelaudit.engine.facts import Reference, path_class
from modelaudit.pipeline.references import ScanRoot


@pytest.fixture
def root(tmp_path):
    real = tmp_path / "root"
    (real / "sub").mkdir(parents=True)
    (real / "sub" / "weights.bin").write_bytes(b"x")
    (real / "top").write_bytes(b"x")
    (tmp_path / "outside").write_bytes(b"x")
    (real / "out").symlink_to("../outside")
    (real / "in").symlink_to("sub/weights.bin")
    (real / "loop").symlink_to("loop")
    return ScanRoot(str(real), str(real / "sub"))


def resolve(root, target, kind="external-data"):
    found = root.resolve(Reference(target=target, kind=kind, path_class=path_class(target)))
    return found.escapes_root, found.exists, found.target_kind, found.resolved


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("weights.bin", (False, True, "file", "sub/weights.bin")),
        ("./weights.bin", (False, True, "file", "sub/weights.bin")),
        ("../top", (False, True, "file", "top")),
        ("../in", (False, True, "file", "sub/weights.bin")),
        (".", (False, True, "directory", "sub")),
        ("nothing.bin", (False, False, None, None)),
        ("weights.bin/x", (False, False, None, None)),
        ("../../outside", (True, None, None, None)),
        ("..\\..\\outside", (True, None, None, None)),
        ("/etc/passwd", (True, None, None, None)),
        ("C:\\x", (True, None, None, None)),
        ("//host/share", (True, None, None, None)),
        ("../out", (True, None, None, None)),
        ("a\0b", (False, None, None, None)),
        ("../loop", (False, True, "link", "loop")),
        ("x" * 5000, (False, False, None, None)),
        ("https://example.org/x", (None, None, None, None)),
        ("", (None, None, None, None)),
    ],
)
def test_where_a_target_leads(root, target, expected):
    assert resolve(root, target) == expected


def test_an_absolute_path_into_the_root_does_not_escape(root):
    assert resolve(root, os.path.join(root.folder, "weights.bin"))[:2] == (False, True)


def test_what_is_no_path_is_left_alone(root):
    assert resolve(root, "module.Class", kind="auto_map") == (None, None, None, None)


def test_nothing_outside_is_looked_at(root, monkeypatch):
    monkeypatch.setattr(os, "lstat", lambda *a, **k: pytest.fail("looked"))
    assert resolve(root, "../../outside")[0] is True
