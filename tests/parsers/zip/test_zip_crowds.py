"""Archives of very many entries, and archives in archives that are expanded one after the other."""

from fixtures import bombs
from fixtures.archives import DEFLATE, Entry, archive
from modelaudit.engine.facts import Limit, Member
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.zip import parse


def read(data, context):
    return list(parse(Input("x.zip", BytesReader(data), "zip"), context))


def test_a_hundred_thousand_entries_are_more_than_an_archive_may_have():
    """From 65,535 on an archive needs the fields of ZIP64."""
    items = read(bombs.crowded(100_000), Context())
    assert [(item.what, item.budget) for item in items if isinstance(item, Limit)] == [("members", 65_535)]
    members = [item for item in items if isinstance(item, Member)]
    assert len(members) == 65_535
    assert len({id(member.flags) for member in members}) == 1  # held once


def test_archives_in_one_file_expand_under_one_measure():
    """Each is within what one may, three together are not; what comes then is not expanded any more."""
    context = Context(budgets={"expanded": 1024 * 1024})
    data = archive([Entry("zeros", bytes(900_000), DEFLATE)])
    found = [[item.what for item in read(data, context) if isinstance(item, Limit)] for _ in range(4)]
    assert found == [[], [], [], ["bytes"]]
    assert context.expanded == 2_700_000


def test_what_is_only_stored_does_not_count_as_expanded():
    context = Context(budgets={"expanded": 1024})
    assert not any(isinstance(item, Limit) for item in read(archive([Entry("a", bytes(4000))]), context))
    assert context.expanded == 0


def test_names_that_are_one_file_on_a_disk():
    items = read(archive([Entry("A", b"1"), Entry("a", b"2"), Entry("b", b"3"), Entry("b", b"4")]), Context())
    flags = [(item.name, sorted(item.flags)) for item in items if isinstance(item, Member)]
    assert flags == [("A", ["case-duplicate"]), ("a", ["case-duplicate"]), ("b", ["duplicate"]), ("b", ["duplicate"])]
