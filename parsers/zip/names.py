"""What a member's name and attributes would do on a disk."""

from __future__ import annotations

from posixpath import normpath
from stat import S_IFBLK, S_IFCHR, S_IFIFO, S_IFLNK, S_IFMT, S_ISGID, S_ISUID

from modelaudit.engine.facts import clean, path_class
from modelaudit.parsers.zip.records import UTF8

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.zip.records import Header

PATH_FLAGS = frozenset({"absolute", "parent", "drive", "unc", "nul"})
DEVICES = frozenset({S_IFCHR, S_IFBLK, S_IFIFO})
NAME_MAX = 4096  # characters of a name in facts


def decode_name(header: Header) -> str:
    """The name as a reader shows it: UTF-8 when it is flagged or valid, else the old IBM code page."""
    return clean(_decode(header.name, bool(header.flags & UTF8))[:NAME_MAX])[0]


def alike(one: Header, other: Header) -> bool:
    """Whether two headers have the same name."""
    return one.name == other.name and not (one.flags ^ other.flags) & UTF8


def _decode(raw: bytes, flagged: bool) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "backslashreplace") if flagged else raw.decode("cp437")


def name_flags(header: Header, name: str) -> set[str]:
    """What is unusual in the name."""
    flags = flags_of_name(name)
    other = header.unicode_name
    if other is not None and other != header.name:
        flags.add("unicode-path")
    return flags


def flags_of_name(name: str) -> set[str]:
    """What is unusual in a name, whatever archive it stands in."""
    flags = set(path_class(name) & PATH_FLAGS)
    if "\\" in name:
        flags.add("backslash")
    if any(part != part.rstrip(". ") and part not in (".", "..") for part in name.split("/")):
        flags.add("trailing-dot")
    return flags


def flags_of_mode(mode: int) -> set[str]:
    """What a Unix mode makes of an entry."""
    kind = S_IFMT(mode)
    flags: set[str] = set()
    if kind == S_IFLNK:
        flags.add("link")
    elif kind in DEVICES:
        flags.add("device")
    if mode & (S_ISUID | S_ISGID):
        flags.add("setuid")
    return flags


def leads_outside(name: str, target: str) -> bool:
    """Whether a link of this name leads out of the folder that the archive is unpacked to."""
    target = target.replace("\\", "/")
    if path_class(target) & (PATH_FLAGS - {"parent"}):
        return True
    folder = name.replace("\\", "/").rpartition("/")[0]
    return normpath(f"{folder}/{target}" if folder else target).split("/")[0] == ".."


def folded(name: str) -> str:
    """What names have in common that are one file on a disk: case, composition, dots and slashes do not count."""
    if "/." in name or "//" in name or name.startswith("./"):
        name = normpath(name) + ("/" if name.endswith("/") else "")
    if name.isascii():
        return name.lower()
    from unicodedata import normalize

    return normalize("NFC", name).casefold()
