import pytest

from modelaudit.engine.packs.versions import VersionError, in_range, version_key


def test_versions_sort_as_people_expect():
    order = ["0.9", "1.0.dev1", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post1", "1.0.1", "1.2", "1.10", "2026.11.0"]
    assert sorted([*order[5:], *order[:5]], key=version_key) == order


def test_trailing_zeros_do_not_count():
    assert version_key("1") == version_key("1.0.0")


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("1.0.0", ">=1.0,<2", True),
        ("2.0", ">=1.0,<2", False),
        ("0.9", ">=1.0,<2", False),
        ("2026.11.0", ">=2026.10, <2027", True),
        ("2026.9.3", ">=2026.10,<2027", False),
        ("1.0", "==1", True),
        ("1.0", "!=1", False),
        ("1.0.1", ">1", True),
        ("1.0", "<=1", True),
        ("1.0rc1", ">=1.0", False),
    ],
)
def test_ranges_hold_when_every_clause_does(version, wanted, fits):
    assert in_range(version, wanted) is fits


@pytest.mark.parametrize("wanted", ["1.0", "", ">=", ">=x", "~=1", ">=1.0 <2", ">=1,", ">=1." + "9" * 400])
def test_what_is_not_a_range_is_refused(wanted):
    with pytest.raises(VersionError):
        in_range("1.0", wanted)
