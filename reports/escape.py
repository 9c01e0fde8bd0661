"""Text that came from a model file, made safe to show."""

from __future__ import annotations


def visible(text: str) -> str:
    r"""`text` with everything that a terminal would act on or hide written as an escape.

    Control characters (line ends too), bidirectional controls, zero-width and unassigned characters, lone
    surrogates and spaces other than the plain one become `\xNN`, `\uNNNN` or `\UNNNNNNNN`. Escaping twice
    changes nothing.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    if short is not None:
        return short
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def paragraphs(text: str) -> str:
    """`text` on one line: runs of white space become one space, the rest as `visible` shows it."""
    return visible(" ".join(text.split()))
