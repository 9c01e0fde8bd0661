"""Files that belong together: pointers of DVC and data, layers of images however they are packed."""

import gzip
import hashlib
import json

import pytest

from fixtures import hub, pickles, tars

LINK = tars.tar(tars.link("home", "/home"), tars.info("home/x", b"x"))
ROOT = tars.tar(tars.link("bin", "usr/bin"), tars.info("bin/sh", b"x"), tars.link("etc/mtab", "/proc/mounts"))


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def rules(findings):
    return {(f.rule, f.severity) for f in findings if f.severity in ("critical", "warning")}


def pointer(path, digest, extra=""):
    return f"outs:\n- md5: {digest}\n  path: {path}\n{extra}".encode()


def test_an_output_that_was_changed_is_told_and_one_that_was_not_is_not(found_in):
    files = {".dvc/config": b"", "a": b"data", "b": b"other", "d/x": b"1"}
    rows = json.dumps([{"md5": md5(b"1"), "relpath": "x"}], sort_keys=True).encode()
    files |= {
        "a.dvc": pointer("a", md5(b"data"), "  hash: md5\n"),
        "b.dvc": pointer("b", md5(b"data"), "  hash: md5\n"),
        "d.dvc": pointer("d", md5(rows) + ".dir", "  hash: md5\n"),
    }
    findings, code = found_in(files)
    assert [(f.rule, f.message.split()[0]) for f in findings if f.severity == "warning"] == [("MA4854", "b")]
    assert code == 1


@pytest.mark.parametrize(("extra", "folder"), [("  hash: md5\n", "files/md5/"), ("", "")])
def test_a_file_of_the_cache_has_the_digest_of_its_name(found_in, extra, folder):
    name = md5(b"data")
    cached = f".dvc/cache/{folder}{name[:2]}/{name[2:]}"
    findings, _ = found_in({".dvc/config": b"", "a.dvc": pointer("a", name, extra), cached: b"other"})
    assert ("MA4854", "warning") in rules(findings)


def zstd(data):
    import zstandard

    return zstandard.ZstdCompressor().compress(data)


@pytest.mark.parametrize("packed", [bytes, gzip.compress, zstd])
def test_models_in_layers_are_judged_however_the_layer_is_packed(found_in, packed):
    layer = packed(tars.tar(tars.info("m/model.pkl", pickles.stream(pickles.reduce_call("os", "system", "true")))))
    manifest = tars.manifest(layer)
    blobs = {f"blobs/sha256/{tars.digest(data)}": data for data in (layer, manifest)}
    findings, code = found_in({"oci-layout": b"{}", **blobs})
    assert any(f.severity == "critical" and "os.system" in f.message for f in findings)
    assert code == 1


@pytest.mark.parametrize("packed", [bytes, gzip.compress, zstd])
def test_a_layer_may_have_links_but_nothing_is_written_through_one_that_leads_out(found_in, packed):
    good, bad = packed(ROOT), packed(LINK)
    findings, _ = found_in({f"blobs/sha256/{tars.digest(good)}": good, "x": b"x"})
    assert rules(findings) == set()
    findings, _ = found_in({f"blobs/sha256/{tars.digest(bad)}": bad, "x": b"x"})
    assert rules(findings) == {("MA2104", "critical")}


def test_a_folder_that_is_called_like_one_of_layers_excuses_nothing(found_in):
    findings, _ = found_in({"blobs/sha256/model.tar": ROOT, "x": b"x"})
    assert {rule for rule, _ in rules(findings)} == {"MA2103", "MA2104"}


def test_an_ordinary_layout_says_nothing(found_in):
    findings, code = found_in(hub.layout())
    assert rules(findings) == set()
    assert code == 0


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x"])
def test_a_kitfile_names_nothing_outside_of_its_folder(found_in, path):
    findings, code = found_in({"Kitfile": hub.KITFILE.replace("./src", path).encode()})
    assert rules(findings) == {("MA4805", "critical")}
    assert code == 1
