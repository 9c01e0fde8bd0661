"""Files in very many constants: so many are read, and a limit says that there are more."""

from fixtures import pickles
from fixtures.reading import Read
from modelaudit.parsers.pickle import literals


def test_beyond_a_number_of_pickles_in_constants_one_limit_is_told(monkeypatch):
    monkeypatch.setattr(literals, "INSIDE_MAX", 3)
    inner = [pickles.reduce_call("os", "system", str(n)) for n in range(6)]
    found = Read(pickles.stream(b"(", *[pickles.literal(data) for data in inner], b"l"))
    assert len(found.all("blob")) == 6
    assert [(limit.what, limit.at) for limit in found.all("limit")] == [("literals", 4)]
