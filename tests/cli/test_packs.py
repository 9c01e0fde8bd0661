"""`modelaudit packs` as people call it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fixtures.packs import MANIFEST, RULE, changed

if TYPE_CHECKING:
    from pathlib import Path

POLICY = "schema: modelaudit/policy@1\npolicy: acme/p\nversion: 1\n"


@pytest.fixture
def packs(modelaudit, tmp_path):
    """The command with a data folder of its own, keys and the folder of a pack."""

    def run(*arguments: object):
        return modelaudit(*arguments, MODELAUDIT_DATA_DIR=str(tmp_path / "data"))

    (tmp_path / "acme" / "rules").mkdir(parents=True)
    (tmp_path / "acme" / "rules" / "one.yaml").write_text(RULE, encoding="utf-8")
    version(tmp_path, "1.0")
    assert run("packs", "keygen", "key").returncode == 0
    return run


def version(folder: Path, number: str) -> None:
    text = changed(MANIFEST, ("version: 1.0", f"version: {number}"))
    (folder / "acme" / "pack.yaml").write_text(text, encoding="utf-8")


def ok(ended) -> str:
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def refused(ended) -> str:
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_a_pack_is_built_verified_installed_pinned_and_taken_back(packs, tmp_path):
    for number in ("1.0", "1.1"):
        version(tmp_path, number)
        said = ok(packs("packs", "build", "acme", "-o", f"acme-{number}.zip", "--key", "key.key"))
        assert said == f"acme {number}: 2 files, signed: acme-{number}.zip\n"
    assert "signed by " in ok(packs("packs", "verify", "acme-1.0.zip", "--signer", "key.pub"))
    assert ok(packs("packs", "update", "acme-1.0.zip", "--signer", "key.pub")) == "acme 1.0 is active\n"
    said = ok(packs("packs", "update", "acme-1.1.zip", "--signer", "key.pub"))
    assert said == "acme 1.1 is active; 1.0 is kept\n"
    listed = ok(packs("packs", "list"))
    assert "core " in listed
    assert "active" in listed
    assert "kept to go back to" in listed
    assert ok(packs("packs", "verify", "acme")).count("signed by") == 2
    (tmp_path / "policy.yaml").write_text(POLICY + "packs: {acme: '>=1'}\n", encoding="utf-8")
    assert "acme 1.1  sha256 " in ok(packs("packs", "pin", "policy.yaml"))
    said = refused(packs("packs", "rollback", "acme", "--policy", "policy.yaml"))
    assert said == "error: `acme` 1.0 is below 1.1, which modelaudit.lock names\n"
    said = refused(
        packs("packs", "update", "acme-1.0.zip", "--policy", "policy.yaml", "--older", "--signer", "key.pub")
    )
    assert "is below 1.1" in said
    (tmp_path / "modelaudit.lock").unlink()
    assert ok(packs("packs", "rollback", "acme")) == "acme 1.0 is active again\n"


def test_an_unsigned_pack_is_refused_unless_it_is_allowed(packs):
    ok(packs("packs", "build", "acme", "-o", "acme.zip"))
    said = refused(packs("packs", "update", "acme.zip"))
    assert said == "error: acme.zip is not signed, and packs without a signature are refused\n"
    assert ok(packs("packs", "update", "acme.zip", "--allow-unsigned")) == "acme 1.0 is active\n"


def test_a_policy_that_refuses_unsigned_packs_beats_the_option(packs, tmp_path):
    ok(packs("packs", "build", "acme", "-o", "acme.zip"))
    (tmp_path / "policy.yaml").write_text(POLICY + "trust: {signers: [key.pub]}\n", encoding="utf-8")
    said = refused(packs("packs", "update", "acme.zip", "--policy", "policy.yaml", "--allow-unsigned"))
    assert "is not signed" in said


def test_the_folder_of_a_pack_is_installed_too(packs):
    assert ok(packs("packs", "update", "acme", "--allow-unsigned")) == "acme 1.0 is active\n"


def test_a_damaged_installation_is_told_with_exit_code_2(packs, tmp_path):
    ok(packs("packs", "update", "acme", "--allow-unsigned"))
    [rules] = (tmp_path / "data").rglob("one.yaml")
    rules.write_text(RULE + "\n", encoding="utf-8")
    ended = packs("packs", "verify")
    assert ended.returncode == 2
    said = " ".join(ended.stdout.split())
    assert "NOT GOOD: " in said
    assert "1 pack verified, 1 not good 1 built-in pack not checked: no signature, what comes with the program" in said


def test_a_pack_that_is_not_here_is_a_usage_error(packs):
    assert refused(packs("packs", "verify", "gone")) == (
        "error: there is no pack `gone` here; see `modelaudit packs list`\n"
    )


def test_a_built_in_policy_has_no_lock(packs):
    assert "is a built-in policy" in refused(packs("packs", "pin", "strict"))


def test_a_key_is_not_overwritten(packs):
    assert "a key is not overwritten" in refused(packs("packs", "keygen", "key"))


def test_a_pack_with_mistakes_in_its_manifest_is_not_built(packs, tmp_path):
    (tmp_path / "acme" / "pack.yaml").write_text("pack: acme\n", encoding="utf-8")
    assert "error[E111]" in refused(packs("packs", "build", "acme", "-o", "acme.zip"))
    assert not (tmp_path / "acme.zip").exists()


def test_a_scan_refuses_a_pack_that_is_not_the_locked_one_before_it_reads_a_model(packs, tmp_path):
    (tmp_path / "policy.yaml").write_text(POLICY + "packs: {acme: 'file:./acme'}\n", encoding="utf-8")
    (tmp_path / "model.pkl").write_bytes(b"\x80\x02}.")
    ok(packs("packs", "pin", "policy.yaml"))
    assert packs("scan", "model.pkl", "--policy", "./policy.yaml").returncode == 0
    version(tmp_path, "1.1")
    said = refused(packs("scan", "model.pkl", "gone.pkl", "--policy", "./policy.yaml"))
    assert said.startswith("error[E323]: pack `acme` is not the one of the lock")
    assert "modelaudit.lock:" in said
    assert "gone.pkl" not in said


def test_vendored_packs_serve_a_policy_without_the_installation(packs, tmp_path):
    ok(packs("packs", "update", "acme", "--allow-unsigned"))
    (tmp_path / "policy.yaml").write_text(POLICY + "packs: {acme: '>=1'}\n", encoding="utf-8")
    said = ok(packs("packs", "vendor", "packs", "--policy", "policy.yaml"))
    assert said.splitlines() == ["packs/core", "packs/acme"]
    shutil.rmtree(tmp_path / "data")
    text = POLICY + "packs: {acme: 'file:./packs/acme', core: 'file:./packs/core'}\n"
    (tmp_path / "policy.yaml").write_text(text, encoding="utf-8")
    listed = ok(packs("packs", "list", "--policy", "policy.yaml"))
    assert "file:./packs/acme in use" in " ".join(listed.split())


def test_a_scan_never_asks_for_the_package_that_signs(packs, tmp_path):
    (tmp_path / "model.pkl").write_bytes(b"\x80\x02}.")
    code = (
        "import sys; from modelaudit.cli.run import run; run(['scan', 'model.pkl', '--quiet']);"
        "sys.exit(any(name.split('.')[0] in {'cryptography', 'ssl'} for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0
