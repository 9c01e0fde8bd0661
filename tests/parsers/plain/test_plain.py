"""What is text, what is an image, and what is said of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.engine.facts import Defect, Text
from modelaudit.parsers.base import Context, Input, Property
from modelaudit.parsers.plain import parse, recognise_image, recognise_text
from modelaudit.parsers.reader import BytesReader


def is_text(data: bytes) -> bool:
    return recognise_text(data[:4096], BytesReader(data))


def scan(data: bytes, path="config.json", *, format="text", wants=None):
    return list(parse(Input(path, BytesReader(data), format), Context(wants=wants)))


@pytest.mark.parametrize(
    "data",
    [
        b"hello\n",
        b'{"a": 1}',
        "Größe, Ωμέγα, 模型\n".encode(),
        "Größe und Länge in einer alten Kodierung\n".encode("latin-1"),
        "hello world\r\n".encode("utf-16"),
        "ab模".encode() * 3000,
        ("x" * 4095 + "ä" * 5000).encode(),
        b"\xef\xbb\xbfwith a mark\n",
        b"\x1b[31mred\x1b[0m\n",
        "模型".encode() * 400_000,
    ],
)
def test_text_in_any_code_is_text(data):
    assert is_text(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"hello\0world",
        bytes(range(256)),
        b"\x80\x04K\x01.",
        b"text " * 5000 + b"\0binary",
        b"text " * 500_000 + b"\0" * 5000,
        b"\xff\xfe" + bytes(range(256)),
        b"\xe4\xf6\xfc\xdf" * 20,
        b"\x01\x02\x03\x04",
    ],
)
def test_bytes_are_not_text(data):
    assert not is_text(data)


@pytest.mark.parametrize(
    "head",
    [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"GIF89a",
        b"RIFF\x10\0\0\0WEBP",
        b"BM\x0a\0\0\0....",
    ],
)
def test_images_are_known_by_their_first_bytes(head):
    assert recognise_image(head, BytesReader(head))


def test_two_letters_are_no_image():
    assert not recognise_image(b"BMW is a car", BytesReader(b"BMW is a car"))


def test_text_is_a_fact_only_when_asked_for():
    (text,) = [item for item in scan(b"hello") if isinstance(item, Text)]
    assert (text.value, text.role, text.owner, text.cut) == ("hello", "config", "config.json", frozenset())
    assert not [item for item in scan(b"hello", wants=lambda name: False) if isinstance(item, Text)]


@pytest.mark.parametrize(
    ("path", "text_role", "role"),
    [
        ("a/README.md", "doc", "doc"),
        ("LICENSE", "doc", "license"),
        ("model.zip!code/model.py", "source", "code"),
        ("tokenizer.json", "vocabulary", "tokenizer"),
        ("chat_template.jinja", "template", "tokenizer"),
        ("whatever", "doc", None),
    ],
)
def test_role_comes_from_the_name(path, text_role, role):
    items = scan(b"x", path)
    assert [item.role for item in items if isinstance(item, Text)] == [text_role]
    assert [item.value for item in items if isinstance(item, Property)] == ([role] if role else [])


def test_long_text_is_cut():
    (text,) = [item for item in scan("ä".encode() * 200_000) if isinstance(item, Text)]
    assert (len(text.value), text.cut, text.lossy) == (65_536, {"value"}, False)


def test_lfs_pointer_stands_for_content_that_is_not_there():
    data = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
    (defect,) = [item for item in scan(data, "pytorch_model.bin") if isinstance(item, Defect)]
    assert defect.code == "lfs-pointer"
    assert "import" in defect.affects


@pytest.mark.parametrize("format", ["image", "empty", "link"])
def test_other_plain_files_have_no_facts(format):
    assert scan(b"", format=format) == []


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=500))
def test_never_raises(data):
    is_text(data)
    recognise_image(data, BytesReader(data))
    scan(data)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc")), min_size=1, max_size=3000))
def test_all_printable_text_is_text(text):
    assert is_text(text.encode())
