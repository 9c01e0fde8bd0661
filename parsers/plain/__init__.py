"""Files that are no models: text, images, empty files, links. They are understood as what they are."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property, Searched
    from modelaudit.parsers.reader import Reader

WHOLE = 1024 * 1024  # bytes of a file that is looked at from front to back; a longer one is sampled
SAMPLES = 16
SAMPLE = 4096
# Text has tabs, line ends, form feeds and now and then an escape; other control characters are rare in it.
CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
CONTROLS_SHARE = 50  # one in so many bytes
HIGH = bytes(range(128, 256))
UTF16 = (b"\xff\xfe", b"\xfe\xff")
IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")


def recognise_text(head: bytes, reader: Reader) -> bool:
    """Whether the bytes are text: UTF-8, UTF-16 with its mark, or an older one-byte code."""
    if not head:
        return False
    accepts = _is_utf16 if head[:2] in UTF16 else _is_text
    if not accepts(head, len(head) >= reader.size):
        return False
    return all(accepts(part, False) for part in _parts(reader))


def recognise_image(head: bytes, reader: Reader) -> bool:
    """Whether the bytes begin as a PNG, JPEG, GIF, TIFF, WebP or BMP file does."""
    if head.startswith(IMAGES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return True
    return head[:2] == b"BM" and int.from_bytes(head[2:6], "little") == reader.size


RECOGNISERS = {"image": recognise_image, "text": recognise_text}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Searched]:
    """The text and what it is for; nothing of an image, a link or an empty file."""
    if artifact.format != "text":
        return iter(())
    from modelaudit.parsers.plain.text import parse_text

    return parse_text(artifact, context)


def _parts(reader: Reader) -> Iterator[bytes]:
    """All of a short file behind its first bytes, samples of a long one, its end among them. Even offsets only."""
    if reader.size <= WHOLE:
        if reader.size > SAMPLE:
            yield reader.read_at(SAMPLE, reader.size - SAMPLE)
        return
    step = (reader.size - SAMPLE) // SAMPLES // 2 * 2
    for n in range(1, SAMPLES):
        yield reader.read_at(n * step, SAMPLE)
    yield reader.read_at((reader.size - SAMPLE) // 2 * 2, SAMPLE + 1)


def _is_text(data: bytes, whole: bool) -> bool:
    if 0 in data:
        return False
    if len(data) - len(data.translate(None, CONTROLS)) > len(data) // CONTROLS_SHARE:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        if not whole and _is_cut_utf8(data):
            return True
        high = len(data) - len(data.translate(None, HIGH))
        return high * 3 < len(data)
    return True


def _is_cut_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8 with a character cut at either end."""
    start = 0
    while start < 3 and start < len(data) and data[start] & 0xC0 == 0x80:
        start += 1
    try:
        data[start:].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start + start >= len(data) - 3 and error.reason == "unexpected end of data"
    return True


def _is_utf16(data: bytes, whole: bool) -> bool:
    """Whether the bytes are pairs that are mostly Latin text in either order."""
    if whole and len(data) % 2:
        return False
    return b"\0\0" not in data.strip(b"\0") and data.count(0) * 4 >= len(data)
