"""What NumPy 1 and NumPy 2 write is as silent: the same things have other names in each."""

import pytest

from modelaudit.pipeline.scan import scan

NUMPY_1 = "numpy.core._multiarray_umath"


def stream(*parts: bytes) -> bytes:
    return b"\x80\x02" + b"".join(parts) + b"."


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


GENERATOR_1 = (
    name("numpy.random._pickle", "__generator_ctor"),
    b"X\x05\x00\x00\x00PCG64",
    name("numpy.random._pickle", "__bit_generator_ctor"),
    b"\x86R",
)


@pytest.mark.parametrize(
    "content",
    [
        stream(*GENERATOR_1),
        stream(name(NUMPY_1, "floor")),
        stream(name("numpy", "floor")),
        stream(name(NUMPY_1, "sin")),
        stream(name("numpy", "chararray")),
        stream(name("numpy.char", "chararray")),
    ],
)
def test_what_either_writes_is_silent(tmp_path, ruleset, content) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(content)
    assert [finding.message for finding in scan([str(path)], ruleset).findings if finding.active] == []


def test_what_neither_writes_is_not(tmp_path, ruleset) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(stream(name(NUMPY_1, "frompyfunc")))
    assert scan([str(path)], ruleset).decision.exit_code == 1
