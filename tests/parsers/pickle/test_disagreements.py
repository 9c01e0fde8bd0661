"""Streams on which CPython's two readers, or they and a reader that only prints, disagree: the facts have both."""

import pytest

from fixtures import containment, programs
from fixtures.reading import Read, recognised
from fixtures.vectors import DISAGREEMENTS, STREAMS


def called(data: bytes, *, pure: bool) -> bool:
    """Whether a reader gets as far as the call."""
    return ("call", "os.system") in programs.Recorder(data, pure=pure).events


@pytest.mark.parametrize("name", DISAGREEMENTS)
def test_the_call_is_in_the_facts(name):
    data = DISAGREEMENTS[name]
    read = Read(data)
    assert "os.system" in read.targets
    assert called(data, pure=False) or called(data, pure=True)
    for pure in (False, True):
        assert containment.missed(data, read, pure=pure) is None


@pytest.mark.parametrize("name", DISAGREEMENTS)
def test_the_file_is_taken_for_a_pickle(name):
    assert recognised(DISAGREEMENTS[name])


ONE_READER = {
    "octal INT": (True, False),
    "underscore in a FLOAT": (False, True),
    "PUT with a huge key": (False, True),
    "FRAME longer than the file": (False, True),
    "FRAME within a FRAME": (True, False),
    "REDUCE with a list": (False, True),
}


@pytest.mark.parametrize("name", ONE_READER)
def test_one_reader_calls_what_the_other_refuses(name):
    data = DISAGREEMENTS[name]
    assert (called(data, pure=False), called(data, pure=True)) == ONE_READER[name]


def test_an_octal_number_is_what_the_reader_that_takes_it_makes_of_it():
    assert [arg.value for arg in Read(DISAGREEMENTS["octal INT"]).calls[0].args] == ["8"]


def test_a_backslash_in_a_name_is_no_escape():
    assert Read(DISAGREEMENTS["backslash in a GLOBAL line"]).imports[0].name == r"sys\x74em"


@pytest.mark.parametrize("name", STREAMS)
def test_what_either_reader_does_with_a_disguise_is_in_the_facts(name):
    read = Read(STREAMS[name])
    for pure in (False, True):
        assert containment.missed(STREAMS[name], read, pure=pure) is None
