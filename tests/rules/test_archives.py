"""What is dangerous is found in every archive and codec, under every name; what leaves the folder is critical."""

import bz2
import gzip
import lzma

import pytest
import zstandard

from fixtures import pickles, sevenzips, tars
from fixtures.archives import DEFLATE, LINK, Entry, archive
from modelaudit.pipeline.scan import scan

CALL = pickles.reduce_call("os", "system", "echo", protocol=2)
CALLED = {"MA1001", "MA1021"}  # the callable is imported, or called with a command
IN_7Z = sevenzips.simple("model.pkl", CALL)
IN_TAR = tars.tar(tars.info("model.pkl", CALL))
PLACES = {
    "m.tar": IN_TAR,
    "m.tar.gz": gzip.compress(IN_TAR),
    "m.tar.zst": zstandard.compress(IN_TAR),
    "m.tar.xz": lzma.compress(IN_TAR),
    "m.pkl.gz": gzip.compress(CALL),
    "m.pkl.bz2": bz2.compress(CALL),
    "renamed.pt": IN_TAR,
    "m.7z": IN_7Z,
    "m.pt": IN_7Z,
    "7z-in.zip": archive([Entry("a.7z", IN_7Z, DEFLATE)]),
    "zip-in.7z": sevenzips.simple("a.zip", archive([Entry("m.pkl", CALL)])),
    "tar-in-zst-in.7z": sevenzips.simple("a.tar.zst", zstandard.compress(IN_TAR)),
    "broken-in.7z": sevenzips.simple("m.pkl", CALL[:-1] + b"\xff\xfe broken"),
}
OUTSIDE = {
    "zip": ("MA2006", archive([Entry("../../etc/cron.d/x", b"x")])),
    "zip link": ("MA2007", archive([Entry("l", b"/etc/passwd", attributes=LINK)])),
    "tar": ("MA2006", tars.tar(tars.info("../x", b"x"))),
    "tar link": ("MA2102", tars.tar(tars.link("l", "../../etc/passwd"))),
    "7z": ("MA2006", sevenzips.simple("../../x", b"x")),
    "7z link": (
        "MA2007",
        sevenzips.archive([sevenzips.Solid([("l", b"/etc/passwd")])], attributes={"l": 0o120777 << 16 | 0x8000}),
    ),
}


def findings(builtin_rules, tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    return [f for f in scan([str(path)], builtin_rules).findings if f.severity in ("critical", "warning")]


@pytest.mark.parametrize("name", PLACES)
def test_a_call_is_found_wherever_it_is(builtin_rules, tmp_path, name):
    found = findings(builtin_rules, tmp_path, name, PLACES[name])
    assert any(f.rule in CALLED and f.severity == "critical" and "system" in f.message for f in found)


@pytest.mark.parametrize("kind", OUTSIDE)
def test_what_leaves_the_folder_is_critical(builtin_rules, tmp_path, kind):
    rule, data = OUTSIDE[kind]
    found = findings(builtin_rules, tmp_path, "x.bin", data)
    assert (rule, "critical") in {(f.rule, f.severity) for f in found}


def test_a_bomb_of_more_than_100_mib_is_critical(builtin_rules, tmp_path):
    found = findings(builtin_rules, tmp_path, "bomb.zip", archive([Entry("zeros", bytes(110_000_000), DEFLATE)]))
    assert ("MA2010", "critical") in {(f.rule, f.severity) for f in found}


def test_plain_content_is_silent(builtin_rules, tmp_path):
    plain = sevenzips.archive([sevenzips.Solid([("a.txt", b"text"), ("b/c.txt", b"more")])], ["empty", "d/"])
    assert findings(builtin_rules, tmp_path, "plain.7z", plain) == []
    assert findings(builtin_rules, tmp_path, "plain.txt.zst", zstandard.compress(b"some text\n" * 50)) == []


def test_a_rar_archive_is_never_clean(found):
    assert found(b"Rar!\x1a\x07\1\0" + bytes(60), "model.rar") == ({("MA2301", "warning")}, 1)
