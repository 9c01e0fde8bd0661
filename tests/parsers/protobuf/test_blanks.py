"""Texts of millions of blanks: what the expressions that step over them remember must not grow with them."""

import tracemalloc

import pytest

from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry

SIZE = 1 << 18
REGISTRY = Registry.load()
NODE = b'node { name: "a" op: "Const" }'


def peak(data: bytes) -> int:
    """Bytes that recognising a text and reading it as a graph take at most."""
    reader = BytesReader(data)
    parse = REGISTRY.parser("tf-text")
    list(parse(Input("m", BytesReader(NODE), "tf-text"), Context()))  # what is imported is not what is measured
    REGISTRY.recognise(b" " * 4096, BytesReader(b" " * 9000), "")
    tracemalloc.start()
    REGISTRY.recognise(data[:4096], reader, "")
    list(parse(Input("m", reader, "tf-text"), Context()))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("blank", [b" ", b"#\n", b", ;\n"])
@pytest.mark.parametrize("place", ["{0}", "{1}{0}{1}"])
def test_blanks_are_stepped_over_in_little_memory(blank, place):
    blanks = blank * (SIZE // len(blank))
    data = place.replace("{0}", "\0").replace("{1}", "\1").encode().replace(b"\0", blanks).replace(b"\1", NODE)
    assert peak(data) < 12 * SIZE


@pytest.mark.parametrize("between", [b" ", b"\t# a comment\n", b" , ;\n", b"#\n#\n"])
def test_what_stands_between_fields_changes_nothing(between):
    def said(data: bytes) -> list[tuple[str, str | None]]:
        items = REGISTRY.parser("tf-text")(Input("m", BytesReader(data), "tf-text"), Context())
        return [(type(item).__name__, getattr(item, "type", None)) for item in items]

    assert said(NODE + between + NODE) == said(NODE + NODE)
    assert said(NODE.replace(b" op", between + b"op")) == said(NODE)
