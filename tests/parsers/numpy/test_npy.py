"""Array files: headers by a strict grammar, sizes held against the data, pickles where elements are objects."""

import io
import zipfile

import pytest

from fixtures import pickles
from fixtures.arrays import MAGIC, array, header, literal
from modelaudit.engine.facts import Defect, Limit, Tensor
from modelaudit.parsers.base import Context, Input, Nested, Property
from modelaudit.parsers.numpy import RECOGNISERS, parse
from modelaudit.parsers.numpy.dtypes import of_descr, of_string
from modelaudit.parsers.numpy.header import BadHeader
from modelaudit.parsers.numpy.header import literal as value
from modelaudit.parsers.reader import BytesReader

CALL = pickles.reduce_call("os", "system", "echo", protocol=2)


def scan(data: bytes, format: str = "npy"):
    return list(parse(Input("a.npy", BytesReader(data), format, formats=frozenset((format,))), Context()))


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def codes(data: bytes) -> list[str]:
    return [defect.code for defect in of(Defect, scan(data))]


def content(nested: Nested) -> bytes:
    return nested.reader.read_at(0, nested.reader.size)


def npz(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in members.items():
            made.writestr(name.replace("_npy", ".npy"), data)
    return out.getvalue()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_a_plain_array_is_a_tensor_and_nothing_else(version):
    (first, tensor) = scan(array(version=version))
    assert isinstance(first, Property)
    assert first.value == f"{version[0]}.0"
    assert isinstance(tensor, Tensor)
    assert (tensor.dtype, tensor.shape, tensor.nbytes, tensor.storage_size) == ("<f8", (3,), 24, 24)


@pytest.mark.parametrize(
    ("descr", "shape", "size"),
    [
        ("'|b1'", "(5,)", 5),
        ("'>i4'", "(2, 3)", 24),
        ("'<U3'", "(2,)", 24),
        ("'|S3'", "(2,)", 6),
        ("'<M8[ns]'", "(2,)", 16),
        ("'<c16'", "()", 16),
        ("'<f8'", "(0, 3)", 0),
        ("'<i8'", "(2L,)", 16),
        ("[('a', '<f8'), ('b', '>i4', (2,)), ('', '|V4')]", "(2,)", 40),
        ("[(('title', 'a'), '<f4')]", "(3,)", 12),
        ("[('a', [('x', '<f4'), ('y', '<f4')])]", "(2,)", 16),
        ("('<f4', (2, 2))", "(3,)", 48),
        ("[('f\\xe9', '<f4')]", "(1,)", 4),
    ],
)
def test_the_size_of_every_element_type_is_known(descr, shape, size):
    assert codes(array(bytes(size), descr, shape)) == []
    assert codes(array(bytes(size + 1), descr, shape)) == ["trailing-data"]
    if size:
        assert codes(array(bytes(size - 1), descr, shape)) == ["truncated"]


@pytest.mark.parametrize("descr", ["'|O'", "[('a', '<f8'), ('b', '|O')]", "[('a', [('b', '|O')])]", "('|O', (2,))"])
def test_a_pickle_in_an_array_of_objects_is_nested(descr):
    items = scan(array(CALL, descr))
    assert [defect.code for defect in of(Defect, items)] == ["object-array"]
    (nested,) = of(Nested, items)
    assert (nested.name, nested.view, content(nested)) == ("array.pkl", "visible", CALL)


@pytest.mark.parametrize(
    "descr", ["'f8,O'", "'object'", "'<Q'", "'O2'", "'<f3'", "'<f8[ns]'", "3", "[]", "[('a',)]", "None"]
)
def test_an_unknown_element_type_claims_nothing_and_the_data_is_looked_at(descr):
    items = scan(array(CALL, descr))
    (defect,) = of(Defect, items)
    assert defect.code == "unknown-dtype"
    assert {"import", "call"} <= defect.affects
    assert [content(nested) for nested in of(Nested, items)] == [CALL]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "{'descr': '<f8', 'shape': (3,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'more': 1}",
        "{'descr': '<f8', 'fortran_order': 0, 'shape': (3,)}",
        literal() + "x",
        literal(shape="(1+2,)"),
        literal(shape="(0x3,)"),
        literal(shape="(3"),
        literal(shape="(3 4)"),
        literal(descr="'a' 'b'"),
        literal(descr="f()"),
        literal(descr="u'<f8'"),
        literal(descr="'\\N{BULLET'"),
        literal(descr="(" * 100 + ")" * 100),
        "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (3,)}",
        "{3: '<f8'}",
        "{'a' 3}",
        "}",
    ],
)
def test_a_header_that_numpy_does_not_write_is_refused(text):
    items = scan(header(text) + CALL)
    (defect,) = of(Defect, items)
    assert defect.code == "bad-header"
    assert "call" in defect.affects
    assert [nested.view for nested in of(Nested, items)] == ["hidden"]


@pytest.mark.parametrize("shape", ["3", "[3]", "(3)", "(-1,)", "(True,)", "('a',)", "(9223372036854775808,)"])
def test_a_shape_that_is_none_is_refused(shape):
    assert codes(header(literal(shape=shape))) == ["bad-shape"]


@pytest.mark.parametrize("shape", ["(9223372036854775807, 2)", "(" + "1," * 65 + ")"])
def test_a_shape_that_no_array_has_is_refused(shape):
    assert codes(header(literal(shape=shape))) == ["bad-shape"]


def test_a_literal_has_the_values_that_python_gives_it():
    assert value("{'a': (1,), \"b\": [(), (2), None, True, -3], 'c': 'x\\'y'}") == {
        "a": (1,),
        "b": [(), 2, None, True, -3],
        "c": "x'y",
    }


@pytest.mark.parametrize("text", ["(1,,)", "(,)", "[1 2]", "nul", "1.5", "1e3", "{1: 2}", "Trueish", "12a", "'a"])
def test_a_literal_of_another_grammar_is_refused(text):
    with pytest.raises(BadHeader):
        value(text)


def test_a_header_longer_than_the_budget_is_not_read():
    data = MAGIC + b"\x02\x00" + (2**31).to_bytes(4, "little") + CALL
    items = scan(data)
    assert [limit.what for limit in of(Limit, items)] == ["header"]
    assert [content(nested) for nested in of(Nested, items)] == [CALL]


@pytest.mark.parametrize("data", [MAGIC, MAGIC + b"\x01\x00\x05", MAGIC + b"\x01\x00\x76\x00{"])
def test_a_header_that_is_cut_is_a_defect(data):
    assert codes(data) in (["bad-version"], ["truncated"], ["bad-header"])


def test_another_version_is_a_defect_and_the_rest_is_looked_at():
    items = scan(MAGIC + b"\x09\x00" + CALL)
    assert [defect.code for defect in of(Defect, items)] == ["bad-version"]
    assert of(Nested, items)


def test_arrays_behind_one_another_are_no_defect():
    items = scan(array() + array(bytes(4), "'<f4'", "(1,)"))
    assert of(Defect, items) == []
    assert [tensor.dtype for tensor in of(Tensor, items)] == ["<f8", "<f4"]


def test_what_follows_the_last_array_is_nested():
    items = scan(array() + CALL)
    assert [defect.code for defect in of(Defect, items)] == ["trailing-data"]
    assert [(nested.view, content(nested)) for nested in of(Nested, items)] == [("hidden", CALL)]


@pytest.mark.parametrize("text", ["l", "f", "i3", "O9", "U", "S", "<f8 ", "x8", "M8[a b]", "f8f8", ""])
def test_a_spelling_that_numpy_does_not_write_has_no_size(text):
    assert of_string(text) is None


def test_types_in_types_have_a_bound():
    deep = "<f8"
    for _ in range(50):
        deep = [("a", deep)]
    assert of_descr(deep) is None


def test_content_decides_what_is_an_array():
    assert RECOGNISERS["npy"](array()[:4096], BytesReader(array()))
    assert not RECOGNISERS["npy"](CALL, BytesReader(CALL))


def test_an_archive_of_arrays_is_recognised_and_its_members_are_nested():
    data = npz(a_npy=array(), b_npy=array(CALL, "'|O'"))
    assert RECOGNISERS["npz"](data[:4096], BytesReader(data))
    items = scan(data, "npz")
    assert of(Defect, items) == []
    assert [nested.name for nested in of(Nested, items)] == ["a.npy", "b.npy"]


@pytest.mark.parametrize("members", [{}, {"a_npy": b"x", "b": b"y"}])
def test_another_archive_is_no_archive_of_arrays(members):
    data = npz(**members)
    assert not RECOGNISERS["npz"](data[:4096], BytesReader(data))
