"""Updates that fail leave the old pack working; those that succeed keep it to go back to."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fixtures.packs import MANIFEST, RULE, changed
from modelaudit.engine.diagnostics import DiagnosticsError
from modelaudit.engine.distribution import active, contents, fetch, install, make, places, signature
from modelaudit.engine.distribution.errors import PackError, SigningUnavailableError, UntrustedError
from modelaudit.engine.distribution.install import Floor
from modelaudit.engine.distribution.trust import Trust


def test_an_update_makes_the_new_version_active_and_keeps_the_old_one(installed):
    after = installed.install(installed.archive("1.1"))
    assert (after.now.version, after.before.version) == ("1.1", "1.0")
    installed.works("1.1")
    active.verify(after.before)


def test_going_back_makes_the_old_version_active(installed):
    installed.install(installed.archive("1.1"))
    assert install.rollback("acme") == "1.0"
    installed.works("1.0")
    assert install.rollback("acme") == "1.1"
    installed.works("1.1")


def test_the_same_version_again_changes_nothing(installed):
    before = active.read("acme")
    assert installed.install(installed.archive("1.0")) == before
    installed.works("1.0")


def test_a_tampered_archive_leaves_the_old_pack_working(installed):
    path = Path(installed.archive("1.1"))
    data = bytearray(path.read_bytes())
    data[200] ^= 0x40
    path.write_bytes(data)
    with pytest.raises(PackError):
        installed.install(str(path))
    installed.works("1.0")


def test_every_single_changed_byte_of_an_archive_is_noticed_or_harmless(shop):
    path = Path(shop.archive("1.1"))
    good, data = fetch.fetch(str(path)), path.read_bytes()
    for at in range(0, len(data), 7):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :])
        try:
            found = fetch.fetch(str(path))
            contents.check(found)
            signer = signature.signer_of(found.sums, found.signature, shop.trust.signers)
        except PackError:
            continue
        assert signer is None or found == good  # a date in a header, say


def test_a_tampered_file_leaves_the_old_pack_working(installed, repack):
    def change(members):
        members["rules/one.yaml"] = members["rules/one.yaml"].replace(b"acme.run", b"acme.ran")

    path = repack(installed.archive("1.1"), change)
    with pytest.raises(PackError, match=r"rules/one\.yaml was changed"):
        installed.install(path)
    installed.works("1.0")


def test_a_tampered_file_with_fitting_sums_leaves_the_old_pack_working(installed, repack):
    def change(members):
        members["rules/one.yaml"] = members["rules/one.yaml"].replace(b"acme.run", b"acme.ran")
        files = {name: data for name, data in members.items() if not name.startswith("SUMS")}
        members["SUMS.json"] = contents.sums_of("acme", "1.1", files)

    path = repack(installed.archive("1.1"), change)
    with pytest.raises(UntrustedError, match="not signed by a trusted signer"):
        installed.install(path)
    installed.works("1.0")


@pytest.mark.parametrize("name", ["rules/one.yaml", "pack.yaml"])
def test_a_missing_file_leaves_the_old_pack_working(installed, repack, name):
    path = repack(installed.archive("1.1"), lambda members: members.pop(name))
    with pytest.raises(PackError, match="is missing"):
        installed.install(path)
    installed.works("1.0")


def test_a_file_too_many_leaves_the_old_pack_working(installed, repack):
    path = repack(installed.archive("1.1"), lambda members: members.update({"rules/two.yaml": b"x"}))
    with pytest.raises(PackError, match=r"rules/two\.yaml is not in SUMS\.json"):
        installed.install(path)
    installed.works("1.0")


def test_an_unsigned_archive_under_refuse_leaves_the_old_pack_working(installed):
    with pytest.raises(UntrustedError, match="is not signed"):
        installed.install(installed.archive("1.1", key=""))
    installed.works("1.0")


def test_an_unsigned_archive_under_allow_is_taken(installed):
    installed.install(installed.archive("1.1", key=""), trust=Trust((), "allow"))
    installed.works("1.1")


@pytest.mark.parametrize("unsigned", ["refuse", "allow"])
def test_an_archive_of_another_signer_leaves_the_old_pack_working(installed, unsigned):
    other, _, _ = make.keygen("other")
    with pytest.raises(UntrustedError, match=r"not signed by a trusted signer; trusted: [0-9a-f]{16} \(acme\.pub\)"):
        installed.install(installed.archive("1.1", key=other), trust=Trust(installed.trust.signers, unsigned))
    installed.works("1.0")


def test_a_signed_archive_without_a_trusted_signer_leaves_the_old_pack_working(installed):
    with pytest.raises(UntrustedError, match="no signer is trusted"):
        installed.install(installed.archive("1.1"), trust=Trust((), "refuse"))
    installed.works("1.0")


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_archive_leaves_the_old_pack_working(installed, part):
    path = Path(installed.archive("1.1"))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(PackError):
        installed.install(str(path))
    installed.works("1.0")


def test_a_pack_with_mistakes_leaves_the_old_pack_working(installed):
    rule = changed(RULE, ("import.qualname ==", "import.qualnam =="))
    with pytest.raises(DiagnosticsError) as refused:
        installed.install(installed.archive("1.1", rule=rule))
    assert [d.code for d in refused.value.diagnostics] == ["E203"]
    assert refused.value.diagnostics[0].span.file == os.path.join("acme", "rules/one.yaml")
    installed.works("1.0")


def test_a_pack_for_another_engine_leaves_the_old_pack_working(installed):
    folder = installed.pack("1.1")
    (folder / "pack.yaml").write_text(changed(MANIFEST, (">=1.0,<2", ">=9")), encoding="utf-8")
    with pytest.raises(PackError, match="it needs modelaudit >=9"):
        installed.install(str(folder), trust=Trust((), "allow"))
    installed.works("1.0")


def test_sums_that_name_another_version_leave_the_old_pack_working(installed):
    found = make.with_sums(str(installed.pack("1.0")))
    false = contents.sums_of("acme", "9.0", found.files)
    signed = contents.Contents("x.zip", found.files, false, signature.sign(false, installed.key))
    with pytest.raises(PackError, match=r"pack\.yaml says acme 1\.0, SUMS\.json acme 9\.0"):
        install.install(signed, installed.trust)
    installed.works("1.0")


def test_a_version_below_the_lock_is_refused(installed):
    with pytest.raises(PackError, match=r"`acme` 1\.1 is below 1\.2, which modelaudit\.lock names"):
        installed.install(installed.archive("1.1"), floor=Floor("1.2", "modelaudit.lock"), older=True)
    installed.works("1.0")


def test_going_back_below_the_lock_is_refused(installed):
    installed.install(installed.archive("1.1"))
    with pytest.raises(PackError, match=r"`acme` 1\.0 is below 1\.1"):
        install.rollback("acme", Floor("1.1", "modelaudit.lock"))
    installed.works("1.1")


def test_an_older_version_is_refused_unless_it_is_asked_for(installed):
    with pytest.raises(PackError, match=r"0\.9 is older than 1\.0, which is in use"):
        installed.install(installed.archive("0.9"))
    installed.works("1.0")
    installed.install(installed.archive("0.9"), older=True)
    assert active.read("acme").now.version == "0.9"


def test_there_is_nothing_to_go_back_to_after_the_first_installation(installed):
    with pytest.raises(PackError, match=r"no version before 1\.0"):
        install.rollback("acme")
    installed.works("1.0")


def test_going_back_to_a_damaged_version_is_refused(installed):
    before = active.read("acme").now
    installed.install(installed.archive("1.1"))
    Path(before.folder, "rules", "one.yaml").write_text(RULE + "\n", encoding="utf-8")
    with pytest.raises(PackError, match="was changed"):
        install.rollback("acme")
    installed.works("1.1")


def test_a_damaged_installation_is_replaced_by_the_same_version(installed):
    folder = active.read("acme").now.folder
    Path(folder, "rules", "one.yaml").write_text("", encoding="utf-8")
    with pytest.raises(PackError):
        active.verify(active.read("acme").now)
    installed.install(installed.archive("1.0"))
    installed.works("1.0")


def test_a_damaged_active_file_is_replaced_by_an_update(installed):
    Path(places.active_file("acme")).write_text("{", encoding="utf-8")
    installed.install(installed.archive("1.1"))
    installed.works("1.1")


DAMAGES = [
    ("rules/one.yaml", ""),
    ("pack.yaml", "pack: acme\n"),
    ("pack.yaml", "[[["),
    ("pack.yaml", ""),
    ("SUMS.json", "{}"),
    ("SUMS.json.sig", "x" * 64),
]


@pytest.mark.parametrize(("name", "text"), DAMAGES)
def test_every_damage_to_an_installation_is_noticed(installed, name, text):
    now = active.read("acme").now
    Path(now.folder, name).write_text(text, encoding="utf-8")
    with pytest.raises(PackError):
        active.verify(now)


@pytest.mark.parametrize(
    "change",
    [
        ('"version": "1.0"', '"version": "../../1.0"'),
        ('"version": "1.0"', '"version": 1'),
        ('"signer": "', '"signer": "x'),
        ('"digest": "', '"digest": "/'),
        ('"pack": "acme"', '"pack": "core"'),
        ('"modelaudit/active@1"', '"modelaudit/active@2"'),
    ],
)
def test_an_active_file_that_cannot_be_is_refused(installed, change):
    path = Path(places.active_file("acme"))
    path.write_text(changed(path.read_text(encoding="utf-8"), change), encoding="utf-8")
    with pytest.raises(PackError, match=r"is damaged|is not `modelaudit/active@1`"):
        active.read("acme")


def test_a_core_that_nobody_signed_is_refused(shop):
    with pytest.raises(UntrustedError, match="a pack `core`: it is taken only when a trusted signer signed it"):
        shop.install(shop.archive("1.0", name="core", key=""), trust=Trust((), "allow"))
    assert active.read("core") is None


def test_ids_of_built_in_packs_are_refused_in_a_signed_pack_of_another_name(shop):
    with pytest.raises(DiagnosticsError) as refused:
        shop.install(shop.archive("1.0", rule=changed(RULE, ("ACME-1", "MA1001"))))
    assert refused.value.diagnostics[0].code == "E121"


def test_a_signed_core_may_use_ids_of_built_in_packs(shop):
    after = shop.install(shop.archive("1.0", name="core", rule=changed(RULE, ("ACME-1", "MA1001"))))
    assert after.now.signer == shop.trust.signers[0].raw.hex()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permission bits")
def test_a_data_folder_that_others_can_write_to_is_not_used(installed):
    os.chmod(places.pack_folder("acme"), 0o777)
    with pytest.raises(PackError, match="others can write"):
        installed.install(installed.archive("1.1"))
    with pytest.raises(PackError, match="others can write"):
        active.verify(active.read("acme").now)


def test_without_the_package_for_signatures_one_line_says_what_to_install(installed, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    with pytest.raises(SigningUnavailableError) as refused:
        make.keygen("more")
    assert str(refused.value) == ("signatures need the package `cryptography`: run `pip install 'modelaudit[signing]'`")


# Updates that stop half-way. STEPS are the calls that change something on the disk.

STEPS = ("mkdir", "open", "fsync", "rename", "replace")


class Stop(BaseException):
    """What stops the update."""


def count_steps(shop, monkeypatch, stop_at: int) -> int:
    """Run an update that stops before its n-th step; how many steps there were."""
    done = 0

    def watched(call):
        def step(*arguments, **named):
            nonlocal done
            if call is not os_open or arguments[1] & os.O_CREAT:
                done += 1
                if done == stop_at:
                    raise Stop
            return call(*arguments, **named)

        return step

    os_open = os.open
    path = shop.archive("1.1")
    with monkeypatch.context() as patch:
        for name in STEPS:
            patch.setattr(os, name, watched(getattr(os, name)))
        with contextlib.suppress(Stop):
            shop.install(path)
    return done


def test_an_update_that_is_stopped_at_any_step_leaves_the_old_pack_working(installed, monkeypatch):
    step = 0
    while True:
        step += 1
        if count_steps(installed, monkeypatch, step) < step:
            break
        installed.works("1.0")
        assert [name for name in os.listdir(places.pack_folder("acme")) if name.startswith(".")] == []
    assert step > 10
    installed.works("1.1")


KILLED = """
import os, signal, sys
from modelaudit.engine.distribution import fetch, install, signature
from modelaudit.engine.distribution.trust import Trust
from modelaudit.engine.packs import read

path, public, stop = sys.argv[1], sys.argv[2], int(sys.argv[3])
read.builtin_folders = list
trust = Trust((signature.read_public(public),), "refuse")
found = fetch.fetch(path)
done = 0

def watched(call):
    def step(*arguments, **named):
        global done
        done += 1
        if done == stop:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **named)
    return step

for name in ("mkdir", "fsync", "rename", "replace"):
    setattr(os, name, watched(getattr(os, name)))
install.install(found, trust)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_an_update_that_is_killed_at_any_step_leaves_the_old_pack_working(installed):
    path = installed.archive("1.1")
    killed = 0
    while True:
        arguments = [sys.executable, "-c", KILLED, path, installed.public, str(killed + 1)]
        ended = subprocess.run(arguments, check=False, timeout=60, capture_output=True, text=True)
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        killed += 1
        installed.works("1.0")
    assert killed > 6
    installed.works("1.1")


def test_what_killed_updates_left_behind_is_swept_after_an_hour(installed):
    home = places.pack_folder("acme")
    for name in (".staging-old", ".staging-new"):
        os.mkdir(os.path.join(home, name))
    long_ago = time.time() - 2 * install.STALE_SECONDS
    os.utime(os.path.join(home, ".staging-old"), (long_ago, long_ago))
    installed.install(installed.archive("1.1"))
    assert [name for name in os.listdir(home) if name.startswith(".")] == [".staging-new"]


def test_the_active_file_says_what_the_documentation_says(installed):
    said = json.loads(Path(places.active_file("acme")).read_bytes())
    assert set(said) == {"schema", "now", "before"}
    assert set(said["now"]) == {"pack", "version", "digest", "signer"}
