"""Scripts of Windows in the middle of other bytes: PowerShell, batch files, VBScript, JScript and HTML applications.

A word of them alone is nothing: texts about computers are full of such words. Two things must stand near each other in
one run of text, as they do where the script would fetch, decode or start something. https://attack.mitre.org/techniques/T1059/
"""

from __future__ import annotations

import json
import os
import re
from binascii import Error, a2b_base64
from functools import cache

from modelaudit.parsers.executables import Structure, spend
from modelaudit.parsers.executables.scripts import begins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.parsers.reader import Reader

BEFORE = 1024  # bytes of a run that are looked at before a word and behind it
BEHIND = 4096
LINE = 512  # bytes between two words of one command
TEXT = bytes(set(range(0x20, 0x7F)) | set(b"\t\n\r\f") | set(range(0x80, 0x100)))
BREAK = re.compile(rb"[^\t\n\f\r\x20-\x7e\x80-\xff]")
LAST = re.compile(rb"(?s:.*)" + BREAK.pattern)
LOOK = 16  # bytes of a run that are one step for the patterns
LINES = 2  # of a batch file that are commands, besides the first
NAME = 64  # bytes between the making of an object and its name


@cache
def _pattern(language: str, part: str, number: int = -1) -> re.Pattern[bytes]:
    with open(os.path.join(os.path.dirname(__file__), "languages.json"), "rb") as file:
        written = json.loads(file.read())[language][part]
    text: str = written if number < 0 else written[number]
    return re.compile(text.encode("ascii"), re.IGNORECASE | re.MULTILINE)


class _Run:
    """The text around a place, as far as it goes."""

    __slots__ = ("data", "start", "word")

    def __init__(self, reader: Reader, at: int) -> None:
        begin = max(0, at - BEFORE)
        before = reader.read_at(begin, at - begin)
        broken = LAST.match(before)
        cut = broken.end() if broken else 0
        behind = reader.read_at(at, BEHIND)
        end = BREAK.search(behind)
        self.start = begin + cut
        self.word = len(before) - cut  # where the word stands in the text
        self.data = before[cut:] + (behind[: end.start()] if end else behind)
        spend(reader, len(self.data) // LOOK)

    def told(self, kind: str, begin: int | None = None) -> Structure:
        """The script that begins in this text: at a place, or with the line of the word."""
        begin = self.data.rfind(b"\n", 0, self.word) + 1 if begin is None else begin
        return Structure(kind, self.start + begin, len(self.data) - begin, word=self.start + self.word)


def powershell(reader: Reader, at: int) -> Structure | None:
    """A command that runs what it fetches or decodes, or whose own text is encoded."""
    run = _Run(reader, at)
    line = run.data[max(0, run.word - LINE) : run.word + LINE]
    if _pattern("powershell", "pair", 0).search(line) and _pattern("powershell", "pair", 1).search(line):
        return run.told("powershell")
    return run.told("powershell") if _is_encoded(run.data[max(0, run.word - LINE) :]) else None


def _is_encoded(text: bytes) -> bool:
    """Whether a command in base64 of UTF-16 follows, as PowerShell takes it."""
    found = _pattern("powershell", "encoded").search(text)
    if found is None:
        return False
    try:
        data = a2b_base64(found[1][: len(found[1]) // 4 * 4])
    except Error:
        return False
    low, high = data[::2], data[1::2]
    return len(low) >= 6 and not high.strip(b"\0") and not low.translate(None, TEXT)


def batch(reader: Reader, at: int) -> Structure | None:
    """A batch file: its first line switches the echo off, and commands follow."""
    run = _Run(reader, at)
    if not begins(reader, at):
        return None
    body = run.data[run.word :]
    return run.told("batch", run.word) if len(_pattern("batch", "commands").findall(body, 9)) >= LINES else None


def vbscript(reader: Reader, at: int) -> Structure | None:
    """VBScript that makes an object of the system and has it do something."""
    return _objects(reader, at, "vbscript")


def jscript(reader: Reader, at: int) -> Structure | None:
    """JScript that makes an object of the system and has it do something."""
    return _objects(reader, at, "jscript")


def _objects(reader: Reader, at: int, kind: str) -> Structure | None:
    run = _Run(reader, at)
    made = _pattern("objects", "made").search(run.data, run.word)
    if made is None or made.start() > run.word + NAME:
        return None
    return run.told(kind) if _pattern("objects", "acts").search(run.data, made.end()) else None


def hta(reader: Reader, at: int) -> Structure | None:
    """An HTML application, which runs its scripts without the bounds of a browser."""
    run = _Run(reader, at)
    return run.told("hta", 0) if _pattern("hta", "script").search(run.data) else None


LANGUAGES: dict[str, Callable[[Reader, int], Structure | None]] = {
    "powershell": powershell,
    "batch": batch,
    "vbscript": vbscript,
    "jscript": jscript,
    "hta": hta,
}
