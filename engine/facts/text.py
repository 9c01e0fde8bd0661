"""Text in facts is valid Unicode, whatever bytes it came from."""

from __future__ import annotations

TEXT_MAX = 64 * 1024  # characters of a `text.value`; longer ones are cut


def clean(text: str) -> tuple[str, bool]:
    r"""`text` without lone surrogates, and whether any had to be escaped.

    A lone surrogate becomes `\uNNNN`; a text that needed an escape has its own backslashes doubled, so that
    the escaping can be undone.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        doubled = text.replace("\\", "\\\\")
        return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in doubled), True
    return text, False


def decode(data: bytes) -> tuple[str, bool]:
    r"""UTF-8 text of `data`, and whether undecodable bytes had to be written as `\xNN`."""
    try:
        return data.decode("utf-8"), False
    except UnicodeDecodeError:
        return data.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace"), True


def quote_member(name: str) -> str:
    """A member's name as it stands in an artifact path: `%` and `!` escaped."""
    if "%" in name or "!" in name:
        return name.replace("%", "%25").replace("!", "%21")
    return name


def path_class(path: str) -> frozenset[str]:
    """What kind of path this is: absolute, parent, drive, unc, url, nul; empty for a plain relative one."""
    found = set()
    forward = path.replace("\\", "/")
    if "\0" in path:
        found.add("nul")
    if forward.startswith("//"):
        found.add("unc")
    elif forward.startswith("/"):
        found.add("absolute")
    if len(path) > 1 and path[1] == ":" and path[0].isascii() and path[0].isalpha():
        found.add("drive")
    if "://" in path[:32]:
        found.add("url")
    if ".." in forward.split("/"):
        found.add("parent")
    return frozenset(found)
