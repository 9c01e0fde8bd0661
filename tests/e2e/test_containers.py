"""The same pickle says the same in every container: a file is not the safer for how it is packed."""

import bz2
import gzip
import lzma
import zlib

import pytest

from fixtures import arrays, joblibs, pickles, torches
from modelaudit.pipeline.scan import scan

CALL = pickles.reduce_call("os", "system", "echo", protocol=2)
ARRAY = joblibs.wrapper() + joblibs.padded(bytes(24))
CONTAINERS = {
    "m.pkl": CALL,
    "zlib.joblib": zlib.compress(CALL),
    "gzip.joblib": gzip.compress(CALL),
    "bzip2.joblib": bz2.compress(CALL),
    "xz.joblib": lzma.compress(CALL),
    "lzma.joblib": lzma.compress(CALL, lzma.FORMAT_ALONE),
    "zfile.joblib": joblibs.zfile(CALL),
    "twice.joblib": gzip.compress(zlib.compress(CALL)),
    "another.bin": gzip.compress(CALL),
    "behind.joblib": pickles.stream(ARRAY, CALL.removeprefix(pickles.proto(2))[:-1]),
    "within.joblib": pickles.stream(joblibs.wrapper(joblibs.objects()), CALL),
    "hidden.joblib": pickles.stream(joblibs.wrapper(joblibs.dtype("f8", size=16)), bytes(30), CALL[2:-1]),
    "objects.npy": arrays.array(CALL, "'|O'"),
    "trailing.npy": arrays.array(bytes(24) + CALL),
    "header.npy": arrays.header("no literal") + CALL,
    "object.pt": torches.legacy(CALL),
    "magic.pt": torches.legacy(magic=CALL),
    "keys.pt": torches.legacy(names=CALL),
    "tail.pt": torches.legacy() + CALL,
    "tar.pt": torches.tar(CALL),
    "storages.pt": torches.tar(extra={"storages": torches.number(1) + CALL}),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_dangerous_call_is_critical_in_every_container(ruleset, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(CONTAINERS[name])
    result = scan([str(path)], ruleset)
    critical = {finding.rule for finding in result.findings if finding.active and finding.severity == "critical"}
    assert critical & {"MA1001", "MA1021"}
    assert result.decision.exit_code == 1


def test_the_escape_of_tar_checkpoints_carries_its_number(ruleset, tmp_path):
    path = tmp_path / "tar.pt"
    path.write_bytes(torches.tar(CALL))
    findings = [finding for finding in scan([str(path)], ruleset).findings if finding.active]
    assert "CVE-2025-32434" in {cve for finding in findings for cve in finding.cves}


HARMLESS = {
    "zlib.joblib": zlib.compress(pickles.harmless()),
    "array.joblib": pickles.stream(ARRAY),
    "compressed.joblib": bz2.compress(pickles.stream(ARRAY)),
    "objects.joblib": pickles.stream(joblibs.wrapper(joblibs.objects()), pickles.harmless()),
    "array.npy": arrays.array(),
    "legacy.pt": torches.legacy(),
    "text.gz": gzip.compress(b"words\n"),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_an_ordinary_file_gives_no_finding(ruleset, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(HARMLESS[name])
    result = scan([str(path)], ruleset)
    assert [(finding.rule, finding.message) for finding in result.findings if finding.active] == []
    assert result.decision.exit_code == 0


def test_a_tar_checkpoint_is_only_noted(ruleset, tmp_path):
    path = tmp_path / "tar.pt"
    path.write_bytes(torches.tar())
    result = scan([str(path)], ruleset)
    assert [f.rule for f in result.findings if f.active and f.severity != "debug"] == ["MA3321"]
    assert result.decision.exit_code == 0
