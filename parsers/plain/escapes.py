"""Characters that configurations need not escape, and that somebody escaped: the text as a loader has it.

JSON: https://www.rfc-editor.org/rfc/rfc8259#section-7, YAML: https://yaml.org/spec/1.2.2/#57-escaped-characters.
What keeps the text in one piece stays escaped: quotation marks, backslashes, controls. Letters of other alphabets are
only resolved in addresses, since writers of JSON escape them everywhere.
"""

from __future__ import annotations

import re

PLAIN = re.compile(r"\\(?:u00|x)([2-7][0-9a-fA-F])")
ADDRESS = re.compile(r"://[^\s\"'<>]{0,256}")
LETTER = re.compile(r"\\u([0-9a-fA-F]{4})")
KEPT = frozenset({0x22, 0x27, 0x5C, 0x7F})


def resolved(text: str) -> str:
    """The text without such escapes."""
    if "\\" not in text:
        return text
    if "\\/" in text:
        text = text.replace("\\/", "/")
    if "\\u00" in text or "\\x" in text:
        text = PLAIN.sub(_character, text)
    if "\\u" in text and "://" in text:
        text = ADDRESS.sub(_address, text)
    return text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if code in KEPT else chr(code)


def _address(match: re.Match[str]) -> str:
    return LETTER.sub(_letter, match[0]) if "\\u" in match[0] else match[0]


def _letter(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if code >= 0xA0 and not 0xD800 <= code < 0xE000 else match[0]
