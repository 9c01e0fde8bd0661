"""Archives of packs: ZIP files that `packs build` makes, read as if they came from an enemy.

One form is accepted: plain files, stored or deflated, nothing before the first and nothing after the directory,
no encryption, no two names that some file system takes for one. Sizes that headers claim are not believed.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib

from modelaudit.engine.distribution import contents as packs
from modelaudit.engine.distribution.contents import Contents, bad_name
from modelaudit.engine.distribution.errors import PackError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_ARCHIVE_BYTES = 64 * 1024 * 1024

_DATE = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = (stat.S_IFREG | 0o644) << 16
_END = struct.Struct("<4s4H2LH")  # APPNOTE.TXT 4.3.16, end of central directory record


def write(contents: Contents) -> bytes:
    """The archive of a pack; the same files give the same bytes."""
    target = io.BytesIO()
    members = {packs.SUMS: contents.sums, packs.SIGNATURE: contents.signature, **contents.files}
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in members.items():
            if data or name in contents.files:
                info = zipfile.ZipInfo(name, _DATE)
                info.create_system = 3  # Unix, wherever it is built
                info.external_attr = _FILE_MODE
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, data, compresslevel=9)
    return target.getvalue()


def read_file(path: str) -> Contents:
    """The pack in an archive on disk, its members checked but not its sums; see `read`."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_ARCHIVE_BYTES + 1)
    except OSError as error:
        raise PackError(f"cannot read {path}: {error.strerror or error}") from error
    return read(data, path)


def read(data: bytes, where: str) -> Contents:
    """The pack in the bytes of an archive, its members checked but not its sums.

    Refuses with a `PackError` whatever `write` would not have made, in bounded time and memory.
    """
    if len(data) > MAX_ARCHIVE_BYTES:
        raise PackError(f"{where} is larger than {MAX_ARCHIVE_BYTES >> 20} MiB")
    _check_ends(data, where)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_members(members, where)
            found = _read_members(archive, members, where)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, struct.error) as error:
        raise PackError(f"{where} is damaged: {error or type(error).__name__}") from error
    sums, signature = found.pop(packs.SUMS, b""), found.pop(packs.SIGNATURE, b"")
    return Contents(where, found, sums, signature)


def _check_ends(data: bytes, where: str) -> None:
    """A ZIP from its first byte to its last: no prefix, no comment, no ZIP64, as many members as may be."""
    if not data.startswith(b"PK\x03\x04"):
        raise PackError(f"{where} is not an archive of a pack: it does not begin as a ZIP file")
    end = data[-_END.size :]
    if len(end) < _END.size or not end.startswith(b"PK\x05\x06"):
        raise PackError(f"{where} is damaged: it does not end as a ZIP file")
    _, disk, start, here, total, size, offset, comment = _END.unpack(end)
    locator = data[-_END.size - 20 :].startswith(b"PK\x06\x07")  # of ZIP64, which would overrule all this
    if locator or disk or start or here != total or comment or offset + size + _END.size != len(data):
        raise PackError(f"{where} is damaged: its directory does not fit its size")
    if total > packs.MAX_FILES or size > packs.MAX_FILES * 512:
        raise PackError(f"{where} holds more than {packs.MAX_FILES} files")


def _check_members(members: Sequence[zipfile.ZipInfo], where: str) -> None:
    names: set[str] = set()
    folders: set[str] = set()
    if len({member.header_offset for member in members}) < len(members):
        raise PackError(f"{where} is damaged: members share their bytes")
    for member in members:
        if problem := _problem(member):
            raise PackError(f"{where}: member {member.orig_filename[:80]!r}: {problem}")
        folded = member.filename.casefold()
        parents = {folded[:at] for at, sign in enumerate(folded) if sign == "/"}
        if folded in names:
            raise PackError(f"{where}: member {member.filename!r} is there twice")
        names.add(folded)
        folders |= parents
    for name in names & folders:
        raise PackError(f"{where}: {name!r} is both a file and a folder")


def _problem(member: zipfile.ZipInfo) -> str:
    """Why a member is refused, empty when it is not."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    if member.orig_filename != member.filename:
        return "its name is not a plain path inside the pack"
    if problem := bad_name(member.filename):
        return problem
    if kind not in (0, stat.S_IFREG) or member.external_attr & 0x10:
        return "it is a link, a folder or a device"
    if member.flag_bits & ~0x0806:  # deflate's level, UTF-8 names
        return "it is encrypted or written in an uncommon way"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "its compression is neither stored nor deflated"
    return ""


def _read_members(archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], where: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    total = 0
    for member in members:
        with archive.open(member) as stream:
            data = stream.read(packs.MAX_FILE_BYTES + 1)
        total += len(data)
        if len(data) > packs.MAX_FILE_BYTES:
            raise PackError(f"{where}: {member.filename} is larger than {packs.MAX_FILE_BYTES >> 20} MiB")
        if total > packs.MAX_TOTAL_BYTES:
            raise PackError(f"{where} holds more than {packs.MAX_TOTAL_BYTES >> 20} MiB")
        found[member.filename] = data
    return found
