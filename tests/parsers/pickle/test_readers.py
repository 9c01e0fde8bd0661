"""Where CPython's two readers and `pickletools` disagree: what either reader runs is reported."""

import pytest

from fixtures import pickles
from fixtures.reading import Read

CALL = pickles.reduce_call("os", "system", "echo", protocol=0)


@pytest.mark.parametrize(
    "prefix",
    [
        pytest.param(b"I0x10\n0", id="hexadecimal INT"),
        pytest.param(b"L0x1L\n0", id="hexadecimal LONG"),
        pytest.param(b"I010\n0", id="octal INT of the C reader"),
        pytest.param(b"F1_0.0\n0", id="underscore in FLOAT"),
        pytest.param("cm\u00e4\nb\n0".encode(), id="name that is not ASCII"),
        pytest.param("(im\u00e4\nb\n0".encode(), id="INST name that is not ASCII"),
        pytest.param(b"K\x01p0\n0K\x02p0\n0", id="duplicate memo key"),
        pytest.param(b"K\x01K\x02K\x03", id="leftovers on the stack"),
        pytest.param(b"K\x01p99999999999999999999999\n0", id="PUT beyond any index"),
        pytest.param(b"g7\n0", id="undefined memo key"),
        pytest.param(b"(K\x01d0", id="odd number of items for DICT"),
        pytest.param(b"}(K\x01u0", id="odd number of items for SETITEMS"),
        pytest.param(b"\x950000000\x000", id="FRAME that is longer than the file"),
    ],
)
def test_a_payload_behind_a_disputed_opcode_is_found(prefix):
    assert "os.system" in Read(prefix + CALL).targets


def test_the_octal_number_of_the_c_reader_is_the_value():
    (call,) = Read(b"ca\nb\n(I010\ntR.").calls
    assert call.args[0].value == "8"


def test_backslashes_in_a_name_stay_what_they_are():
    assert Read(b"co\\x73\nsystem\n.").qualnames == ["o\\x73.system"]


def test_reduce_with_list_arguments_is_a_call():
    assert Read(b"cos\nsystem\n](S'echo'\neR.").targets == ["os.system"]


def test_newobj_on_a_function_is_a_call():
    assert Read(pickles.newobj_call("os", "system", "echo")).targets == ["os.system"]


@pytest.mark.parametrize("junk", [b"", b"\xff", b"\xff\xffabc", b"\x8c\xffab", b"cos"])
def test_what_ran_before_a_break_is_reported(junk):
    read = Read(pickles.broken_after(CALL, junk))
    assert read.targets == ["os.system"]
    assert read.imports[0].uses == {"called"}
    assert not read.streams[0].stopped
    assert read.streams[0].error in ("truncated", "unknown-opcode")


def test_a_name_line_without_end_loses_its_last_byte_as_in_the_python_reader():
    assert Read(b"cos\nsystemX").qualnames == ["os.system"]
