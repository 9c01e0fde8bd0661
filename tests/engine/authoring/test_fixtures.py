"""Where the files of `fixture:` tests are looked for."""

import pytest

from fixtures.packs import MANIFEST, RULE
from modelaudit.engine.authoring.fixtures import find, folders
from modelaudit.engine.errors import UsageError


def test_a_fixture_is_found_with_or_without_its_extension(write):
    write({"f/pickle/bad.pkl": "", "f/pickle/plain": ""})
    assert find("pickle/plain", ["f"]) == "f/pickle/plain"
    assert find("pickle/bad", ["f"]) == "f/pickle/bad.pkl"
    assert find("pickle/bad.pkl", ["g", "f"]) == "f/pickle/bad.pkl"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pickle/gone", "no fixture `pickle/gone` in f"),
        ("pickle/bad", r"may be any of f/pickle/bad\.pkl, f/pickle/bad\.pt"),
        ("../secret", "leaves its folder"),
        ("/etc/passwd", "leaves its folder"),
    ],
)
def test_what_is_no_fixture_is_refused(write, name, said):
    write({"f/pickle/bad.pkl": "", "f/pickle/bad.pt": "", "secret": ""})
    with pytest.raises(UsageError, match=said):
        find(name, ["f"])


def test_fixtures_stand_beside_their_pack(write):
    write({"p/pack.yaml": MANIFEST, "p/rules/a.yaml": RULE, "p/tests/fixtures/x.pkl": "", "q/r.yaml": RULE})
    assert folders(["p", "q/r.yaml"]) == ["p/tests/fixtures"]
