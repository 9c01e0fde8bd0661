"""Archives that cost more than they should: each ends within its budget, and is said not to have been read whole."""

import struct
import time
import zlib

from fixtures import archives
from fixtures import pickles as p
from modelaudit.pipeline.scan import scan

SECONDS = 60  # of CPU, on a machine that is busy with other things
CALL = p.reduce_call("os", "system", "echo hi", protocol=2)
MIB = 1 << 20


def verdict(ruleset, path):
    """The rules that found something, the exit code, and the seconds."""
    start = time.process_time()
    result = scan([str(path)], ruleset)
    seconds = time.process_time() - start
    return {finding.rule for finding in result.findings if finding.active}, result.decision.exit_code, seconds


def entries(count: int) -> bytes:
    """An archive of so many empty members and a call among them; put together faster than by `archive`."""
    body, directory = bytearray(), bytearray()
    for number in range(count):
        name = b"m%06d.pkl" % number
        content, checksum = (CALL, zlib.crc32(CALL)) if number == 10 else (b"", 0)
        sizes = (checksum, len(content), len(content), len(name))
        directory += struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, *sizes, 0, 0, 0, 0, 0, len(body)) + name
        body += struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, *sizes, 0) + name + content
    end = archives.end64(count, len(directory), len(body), len(body) + len(directory))
    return bytes(body + directory) + end + archives.end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


def zeros(mebibytes: int) -> tuple[bytes, int]:
    """So many mebibytes of zeros, deflated in equal parts, and their checksum."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(mebibytes):
        checksum = zlib.crc32(bytes(MIB), checksum)
    return part * mebibytes + b"\3\0", checksum


def test_a_hundred_thousand_members_end_at_their_budget_and_what_stands_before_is_found(ruleset, tmp_path):
    (tmp_path / "m.zip").write_bytes(entries(100_500))
    rules, exit_code, seconds = verdict(ruleset, tmp_path / "m.zip")
    assert rules >= {"MA1021", "MA9002"}
    assert exit_code == 1
    assert seconds < SECONDS


def test_a_tensor_of_a_gigabyte_of_zeros_is_not_unpacked(ruleset, tmp_path):
    raw, checksum = zeros(1024)
    claim = {"crc": checksum, "size": 1024 * MIB}
    members = [
        archives.Entry("archive/data.pkl", CALL),
        archives.Entry("archive/data/0", b"", archives.DEFLATE, raw=raw, local=claim, central=claim),
        archives.Entry("archive/version", b"3\n"),
    ]
    (tmp_path / "m.pt").write_bytes(archives.archive(members))
    rules, exit_code, seconds = verdict(ruleset, tmp_path / "m.pt")
    assert rules >= {"MA1021", "MA2010"}
    assert exit_code == 1
    assert seconds < SECONDS / 10


def test_archives_in_archives_end_at_their_depth(ruleset, tmp_path):
    """As one that holds itself would, whose levels never end."""
    data = CALL
    for _ in range(200):
        data = archives.archive([archives.Entry("m.pkl", CALL), archives.Entry("m.zip", data, archives.DEFLATE)])
    (tmp_path / "m.zip").write_bytes(data)
    rules, exit_code, seconds = verdict(ruleset, tmp_path / "m.zip")
    assert rules >= {"MA1021", "MA9002"}
    assert exit_code == 1
    assert seconds < SECONDS / 10
