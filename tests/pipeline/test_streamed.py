"""Programs in members that are expanded as they are read: the whole member is searched, as far as the budgets go."""

import gzip
import io
import lzma
import struct
import zipfile
import zlib

import pytest

from fixtures import executables
from modelaudit.parsers.base import BudgetSpent
from modelaudit.parsers.expansion import Deflate, ExpandedReader, Expander
from modelaudit.parsers.reader import BytesReader
from modelaudit.pipeline.facts import facts
from modelaudit.pipeline.streamed import FAR, Allowance, Streamed

MIB = 1024 * 1024
LIMITS = {"expanded": 1 << 40, "ratio": 200}
FRONT = b"\0\1\2\3" * (9 * MIB // 4)


def zipped(data: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("weights.bin", data)
    return whole.getvalue()


@pytest.mark.parametrize(
    "pack", [zipped, lambda data: gzip.compress(data, 1), lambda data: lzma.compress(data, preset=0)]
)
def test_a_program_at_the_end_of_what_is_expanded(tmp_path, pack) -> None:
    (tmp_path / "m").write_bytes(pack(FRONT + executables.elf()))
    trees = facts([str(tmp_path / "m")], errors=[])
    found = [blob for tree in trees for node in tree.walk() for blob in node.facts.get("blob", ())]
    assert [(blob.kind, blob.region, blob.places[0].offset) for blob in found] == [("elf", "content", len(FRONT))]


def expanded(data: bytes) -> tuple[ExpandedReader, int]:
    packed = zlib.compress(data, 1)
    return ExpandedReader(lambda: Expander(BytesReader(packed), Deflate(15)), len(data)), len(packed)


def far_elf(distance: int) -> bytes:
    """An ELF file whose sections stand so far behind its beginning."""
    program = bytearray(executables.elf().ljust(distance, b"\7") + bytes(64))
    struct.pack_into("<Q", program, 40, distance)
    struct.pack_into("<HH", program, 58, 64, 1)
    return bytes(program)


def test_tables_far_away_are_looked_at_afterwards() -> None:
    base, packed = expanded(b"xyz" + far_elf(5 * MIB) + b"end")
    found = Streamed(base, packed, Allowance(LIMITS), lambda: None).whole()
    assert [(one.kind, one.start, one.size) for one in found.found] == [("elf", 3, 5 * MIB + 64)]


def test_a_header_across_two_windows() -> None:
    for before in range(MIB - 70, MIB + 2, 9):
        base, packed = expanded(b"\5" * before + executables.elf() + bytes(40))
        assert [one.start for one in Streamed(base, packed, Allowance(LIMITS), lambda: None).whole().found] == [before]


def test_the_budget_ends_the_search() -> None:
    base, packed = expanded(bytes(range(256)) * (4 * MIB // 256) + executables.elf())
    found = Streamed(base, packed, Allowance({**LIMITS, "expanded": 3 * MIB}), lambda: None).whole()
    assert found.spent is not None
    assert (found.spent.what, found.spent.budget, found.found) == ("bytes", 3 * MIB, [])


def test_the_ratio_ends_the_search() -> None:
    base, packed = expanded(bytes(40 * MIB))
    found = Streamed(base, packed, Allowance({**LIMITS, "ratio": 100}), lambda: None).whole()
    assert found.spent is not None
    assert found.spent.what == "ratio"
    assert base.expanded <= 20 * MIB


def test_the_end_of_the_time_passes_through() -> None:
    def over() -> None:
        raise BudgetSpent("time")

    with pytest.raises(BudgetSpent):
        Streamed(*expanded(bytes(100)), Allowance(LIMITS), over).whole()


def test_candidates_that_ask_for_going_back_pay_for_it() -> None:
    """Headers whose sections would stand far away, very many of them: not all are looked at, and that is said."""
    head = far_elf(6 * MIB)[:0x90]
    base, packed = expanded(head * (FAR + 20) + bytes(range(256)) * (7 * MIB // 256))
    spent = Allowance({**LIMITS, "expanded": 40 * MIB})
    found = Streamed(base, packed, spent, lambda: None).whole()
    assert found.cut
    assert found.spent is not None
    assert base.expanded <= 60 * MIB
