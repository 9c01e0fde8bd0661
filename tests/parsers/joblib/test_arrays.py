"""Arrays between the opcodes: passed exactly, never a place to hide opcodes in."""

import struct

import pytest

from fixtures import joblibs, pickles
from fixtures.joblibs import dtype, objects, padded, structured, wrapper
from fixtures.reading import Read

CALL = pickles.stack_global("os", "system") + pickles.args("echo") + pickles.REDUCE
INNER = pickles.reduce_call("nt", "system", "echo", protocol=2)
FLOATS = struct.pack("<3d", 1, 2, 3)


def after(array: bytes, data: bytes, **context) -> Read:
    """A stream in which a call stands behind an array."""
    return Read(pickles.stream(array, data, CALL), **context)


def test_opcodes_behind_an_array_are_read():
    read = after(wrapper(), padded(FLOATS))
    assert read.targets[-1] == "os.system"
    assert read.defects == []
    assert [stream.stopped for stream in read.streams] == [True]


@pytest.mark.parametrize("padding", [0, 1, 15, 255])
def test_the_padding_is_counted_by_its_first_byte(padding):
    read = after(wrapper(), padded(FLOATS, padding))
    assert read.targets[-1] == "os.system"
    assert read.defects == []


def test_without_alignment_the_elements_come_at_once():
    read = after(wrapper(aligned=None), FLOATS)
    assert read.targets[-1] == "os.system"
    assert read.defects == []


@pytest.mark.parametrize(
    ("element", "shape", "size"),
    [
        (dtype("f4"), pickles.args(2, 3), 24),
        (dtype("i4", order=">"), pickles.args(2), 8),
        (dtype("b1", order="|"), pickles.args(7), 7),
        (dtype("U3", size=12), pickles.args(2), 24),
        (dtype("c16"), pickles.args(), 16),
        (dtype("f8", b""), pickles.args(3), 24),
        (dtype("f8"), pickles.args(0, 3), 0),
        (structured(a=(dtype("f8"), 8), b=(dtype("i4"), 4)), pickles.args(3), 36),
        (structured(a=(structured(x=(dtype("f4"), 4)), 4), b=(dtype("S3", size=3), 3)), pickles.args(2), 14),
    ],
)
def test_every_element_type_is_passed_exactly(element, shape, size):
    read = after(wrapper(element, shape), padded(b"\x2e" * size))
    assert read.targets[-1] == "os.system"
    assert read.defects == []


def test_a_type_with_a_shape_of_its_own_is_passed_exactly():
    inner = pickles.args(dtype("f8"), pickles.args(3))
    state = pickles.args(3, "|", inner, pickles.NONE, pickles.NONE, 24, 8, 0)
    read = after(wrapper(dtype("V24", state), pickles.args(2)), padded(bytes(48)))
    assert read.targets[-1] == "os.system"
    assert read.defects == []


def test_a_large_array_is_passed_without_being_read():
    class Sparse:
        """A file of which only some bytes are there."""

        def __init__(self, front: bytes, size: int, back: bytes) -> None:
            self.front, self.back = front, back
            self.size = len(front) + size + len(back)
            self.read = 0

        def read_at(self, offset: int, length: int) -> bytes:
            length = max(0, min(length, self.size - offset))
            self.read += length
            begin = self.size - len(self.back)
            return bytes(
                self.front[i] if i < len(self.front) else self.back[i - begin] if i >= begin else 0
                for i in range(offset, offset + length)
            )

        window = read_at

    from modelaudit.engine.facts import Call
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.pickle import parse

    count = 10**9
    front = pickles.proto(4) + wrapper(shape=b"J" + struct.pack("<i", count) + b"\x85") + b"\x00"
    reader = Sparse(front, 8 * count, CALL + pickles.STOP)
    facts = list(parse(Input("m.joblib", reader, "pickle"), Context()))
    assert [fact.target for fact in facts if isinstance(fact, Call)][-1] == "os.system"
    assert reader.read < 8 * 1024 * 1024


def test_the_pickle_of_an_array_of_objects_is_read_and_the_stream_goes_on_behind_it():
    read = after(wrapper(objects()), INNER)
    assert {"nt.system", "os.system"} <= set(read.targets)
    assert sorted((stream.index, stream.role, stream.stopped) for stream in read.streams) == [
        (0, "main", True),
        (1, "nested", True),
    ]
    assert read.defects == []


def test_objects_in_a_field_are_a_pickle_too():
    element = structured(a=(dtype("f8"), 8), b=(objects(), 8))
    read = after(wrapper(element), INNER)
    assert {"nt.system", "os.system"} <= set(read.targets)


def test_the_memo_of_the_pickle_within_is_its_own():
    inner = pickles.stream(pickles.text("x"), pickles.MEMOIZE, pickles.get(0))
    read = after(pickles.text("y") + pickles.MEMOIZE + wrapper(objects()), inner)
    assert read.defects == []


def test_a_pickle_within_that_breaks_ends_the_stream_and_the_rest_is_searched():
    read = Read(pickles.stream(wrapper(objects()), b"\x80\x02\xff") + pickles.reduce_call("os", "system", "echo"))
    assert "os.system" in read.targets


def test_a_wrapper_of_older_protocols_is_known():
    made = pickles.glob("copyreg", "_reconstructor") + pickles.args(
        pickles.glob("joblib.numpy_pickle", "NumpyArrayWrapper"), pickles.glob("builtins", "object"), None, protocol=1
    )
    state = {"shape": pickles.args(3), "dtype": dtype(), "numpy_array_alignment_bytes": 16}
    body = made + pickles.REDUCE + pickles.dictionary(state, 1) + pickles.BUILD
    read = Read(body + padded(FLOATS) + CALL + pickles.STOP)
    assert read.targets[-1] == "os.system"
    assert read.defects == []


def test_elements_of_a_registered_type_have_the_size_of_its_state():
    element = (
        pickles.imported("numpy", "dtype") + pickles.args(pickles.imported("ml_dtypes", "bfloat16"), False, True) + b"R"
    )
    element += pickles.args(3, "<", None, None, None, 2, 2, 0) + pickles.BUILD
    read = after(wrapper(element, pickles.args(3), aligned=None), b"\x00\xff" * 3)
    assert (read.targets[-1], read.defects) == ("os.system", [])


WRAPPER = pickles.imported("joblib.numpy_pickle", "NumpyArrayWrapper")
ROUNDABOUT = {
    "__newobj__": pickles.imported("copyreg", "__newobj__") + pickles.args(WRAPPER) + pickles.REDUCE,
    "__newobj_ex__": pickles.imported("copyreg", "__newobj_ex__") + pickles.args(WRAPPER, b")", b"}") + pickles.REDUCE,
    "partial": pickles.imported("functools", "partial") + pickles.args(WRAPPER) + pickles.REDUCE + b")R",
    "another callable": pickles.imported("acme", "make") + pickles.args(WRAPPER) + pickles.REDUCE,
    "another module": pickles.imported("joblib.memory", "numpy_pickle.NumpyArrayWrapper") + b")\x81",
}


@pytest.mark.parametrize("made", ROUNDABOUT)
def test_an_array_of_a_wrapper_that_is_made_in_another_way_hides_no_opcodes(made):
    state = pickles.dictionary({"shape": pickles.args(1), "dtype": dtype()}) + pickles.BUILD
    behind = CALL + pickles.STOP
    hiding = b"B" + struct.pack("<I", 3 + len(behind)) + b"abc"  # elements that read as an opcode of all that follows
    assert "os.system" in Read(b"\x80\x04" + ROUNDABOUT[made] + state + hiding + behind + pickles.STOP).targets


def test_the_array_takes_the_place_of_its_wrapper():
    again = pickles.dictionary({"shape": pickles.args(3)}) + pickles.BUILD
    read = after(wrapper(), padded(FLOATS) + again)
    assert read.targets[-1] == "os.system"
    assert read.setattrs[-1].target == "numpy.ndarray"


def test_a_wrapper_from_the_memo_is_read_once_more():
    made = pickles.imported(joblibs.MODULE, "NumpyArrayWrapper") + pickles.EMPTY_TUPLE + pickles.NEWOBJ
    state = {"subclass": pickles.imported("numpy", "ndarray"), "shape": pickles.args(3), "dtype": dtype()}
    first = made + pickles.MEMOIZE + pickles.dictionary(state) + pickles.BUILD + FLOATS
    second = pickles.get(0) + pickles.dictionary({"shape": pickles.args(1)}) + pickles.BUILD + FLOATS[:8]
    read = Read(pickles.stream(first, second, CALL))
    assert read.targets[-1] == "os.system"
    assert read.defects == []


# What is not as joblib writes it


@pytest.mark.parametrize(
    "array",
    [
        wrapper(dtype("f8,f4")),
        wrapper(dtype("f8", size=16)),
        wrapper(dtype("f8", flags=1)),
        wrapper(dtype("O8", order="|", flags=0)),
        wrapper(dtype() + pickles.args(3, "<") + pickles.BUILD),
        wrapper(pickles.imported("acme", "dtype") + pickles.args("f8") + pickles.REDUCE),
        wrapper(pickles.text("f8")),
        wrapper(shape=pickles.args(-1)),
        wrapper(shape=pickles.text("3")),
        wrapper(shape=pickles.args(pickles.imported("acme", "n"))),
        wrapper(shape=pickles.args(*[2**30] * 3)),
        wrapper(aligned=None, numpy_array_alignment_bytes="16"),
        wrapper(structured(a=(dtype("f8"), 4))),
    ],
)
def test_an_array_of_unknown_size_is_a_defect_and_what_follows_is_searched(array):
    read = Read(pickles.stream(array, padded(FLOATS), CALL) + pickles.reduce_call("nt", "system", "echo"))
    assert "array-size" in read.defects
    (defect,) = [fact for fact in read.all("defect") if fact.code == "array-size"]
    assert "call" in defect.affects
    assert "nt.system" in read.targets
    assert "os.system" in read.qualnames


def test_elements_that_are_missing_are_a_defect():
    read = Read(pickles.stream(wrapper(shape=pickles.args(100)), padded(FLOATS)))
    assert "truncated" in read.defects


def test_an_array_does_not_hide_a_stream_behind_a_size_that_is_too_large():
    read = Read(pickles.stream(wrapper(shape=pickles.args(10**6))) + pickles.reduce_call("os", "system", "echo"))
    assert "os.system" in read.targets


# Readers of their own


def test_a_plain_unpickler_reads_the_elements_as_opcodes():
    body = pickles.stack_global("nt", "system") + pickles.args("echo") + pickles.REDUCE
    data = body + b"." * (-len(body) % 8)
    count = len(data) // 8
    read = after(wrapper(shape=pickles.args(count), aligned=None), data)
    assert {"nt.system", "os.system"} <= set(read.targets)
    assert read.defects == []


def test_a_plain_unpickler_does_not_get_into_a_padded_array():
    read = after(wrapper(), padded(FLOATS, 11))
    assert read.targets.count("os.system") == 1


def test_an_array_that_is_announced_within_a_frame_stands_behind_the_frame():
    array = wrapper()
    framed = pickles.frame(array + CALL)
    tail = pickles.stack_global("nt", "system") + pickles.args("echo") + pickles.REDUCE
    read = Read(pickles.proto(4) + framed + padded(FLOATS) + tail + pickles.STOP)
    assert read.targets[-2:] == ["os.system", "nt.system"]
    assert read.defects == []


def test_a_pickle_that_is_announced_within_a_frame_stands_behind_the_frame():
    framed = pickles.frame(wrapper(objects()) + CALL)
    tail = pickles.stack_global("posix", "system") + pickles.args("echo") + pickles.REDUCE
    read = Read(pickles.proto(4) + framed + INNER + tail + pickles.STOP)
    assert {"os.system", "nt.system", "posix.system"} <= set(read.targets)


def test_a_frame_that_lies_makes_the_place_of_an_array_unknown():
    read = Read(pickles.proto(4) + pickles.frame(wrapper() + padded(FLOATS) + CALL, 10**6) + pickles.STOP)
    assert "array-size" in read.defects


# Arrays in other files


@pytest.mark.parametrize("wrapper", ["NDArrayWrapper", "ZNDArrayWrapper"])
@pytest.mark.parametrize(
    ("name", "kinds"), [("m_01.npy", set()), ("/etc/x", {"absolute"}), ("../x", {"parent"}), ("C:\\x", {"drive"})]
)
@pytest.mark.parametrize("module", ["joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle"])
def test_the_file_that_an_old_wrapper_reads_is_a_reference(wrapper, name, kinds, module):
    (found,) = Read(joblibs.named(name, wrapper, module)).all("reference")
    assert (found.target, found.owner, found.kind, found.key) == (name, wrapper, "file", "filename")
    assert kinds <= found.path_class


def test_the_name_of_a_file_that_is_computed_is_a_defect():
    name = pickles.stack_global("builtins", "str") + pickles.args("x") + pickles.REDUCE
    assert Read(joblibs.named(name)).defects == ["bad-operand"]


def test_an_object_of_another_class_is_no_array():
    made = pickles.imported("acme", "NumpyArrayWrapper") + pickles.EMPTY_TUPLE + pickles.NEWOBJ
    read = Read(pickles.stream(made, pickles.dictionary({"shape": pickles.args(3), "filename": "/x"}), pickles.BUILD))
    assert read.all("reference") == []
    assert read.defects == []
