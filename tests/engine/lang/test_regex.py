"""Regular expressions: what RE2 refuses, and what is decided without it."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.engine.lang import patterns, regex


def test_plain_patterns_come_to_string_operators():
    assert patterns.literal("^os\\.system$") == ("==", "os.system")
    assert patterns.literal("^os") == ("startswith", "os")
    assert patterns.literal("tem$") == ("endswith", "tem")
    assert patterns.literal("sys") == ("contains", "sys")
    for pattern in ("a.c", "a+", "[a]", "(?i)a", r"\d", "a|b", "a\\"):
        assert patterns.literal(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "heads"),
    [
        (r"^torch\.nn\.[a-z]+$", ("torch.nn.",)),
        (r"^(?:a|b\.c)\.x[0-9]", ("a.x", "b.c.x")),
        (r"^torch\.(?:ao\.)?nn", ("torch.",)),
        ("^ab*c", ("a",)),
        (r"^a\.+", ("a",)),
        ("^a|b", ()),
        ("^(?:a|b)?x", ()),
        ("^(?:a|b){2}", ()),
        ("^(?i)abc", ()),
        ("^[|]a", ()),
        ("abc", ()),
        ("^(?:|a)+", ()),
    ],
)
def test_beginnings_of_anchored_patterns(pattern, heads):
    assert patterns.prefixes(pattern) == heads


ATOM = st.sampled_from(["a", "b", r"\.", "[ab]", ".", "(?:a|b)", "(?:ab|b)", "(a)", "|", "^", "$"])
PATTERN = st.lists(st.tuples(ATOM, st.sampled_from(["", "", "*", "+", "?"])), max_size=6).map(
    lambda parts: "".join(atom + (star if atom not in "|^$" else "") for atom, star in parts)
)


@given(PATTERN, st.booleans(), st.text("ab.", max_size=8))
def test_a_prepared_pattern_finds_what_the_pattern_finds(pattern, anchored, text):
    whole = "^" + pattern if anchored else pattern
    if patterns.check(whole) is None:
        expected = re.search(whole.replace("$", r"\Z"), text) is not None
        assert regex.searcher(patterns.prepare(whole))(text) is expected


LONG_ATOM = st.sampled_from(["kiss", "SCRIPT", r"\b", "[ab]", ".{0,9}", "(?:ask|skip)", "(?:ks|b)?", "|", r"\s*"])
KIN = st.text("kKsSſ\u212aiIİıABabpPrRcCtT -", max_size=12)  # some are a k or an s whatever their case


@given(st.lists(LONG_ATOM, max_size=4).map("".join), st.sampled_from(["", "(?i)", "(?is)"]), KIN, KIN)
def test_what_a_text_must_have_rules_no_match_out(pattern, flags, before, behind):
    whole = flags + pattern
    if patterns.check(whole) is None:
        search = regex.searcher(patterns.prepare(whole))
        for middle in ("", "kiss", "KIſS", "Script", "\u212aiss", "ASK"):
            text = before + middle + behind
            expected = regex.compile_regex(whole).search(text.encode()) is not None
            assert search(text) is expected


def test_a_text_without_what_it_must_have_needs_no_engine(monkeypatch):
    monkeypatch.setattr(regex, "compile_regex", None)
    search = regex.searcher(patterns.prepare(r"(?i)<script\b[^>]{0,200}>"))
    assert search("a script, but no tag") is False
    assert regex.searcher(patterns.prepare(r"\b(?:eval|exec)\s*\("))("a value") is False


def test_patterns_that_explode_in_other_engines_are_fast():
    import time

    start = time.process_time()
    assert not regex.searcher(patterns.prepare("^(a+)+$"))("a" * 5_000 + "!")
    assert time.process_time() - start < 1


def test_patterns_that_need_too_much_memory_are_refused():
    found = patterns.check("((((a{90}){10})b?)|[^x]{900}){1,9}(?:\\pL{900})")
    assert found is not None
    assert found.code == "E222"
    assert patterns.check("a" * 5_000).code == "E223"


def test_texts_with_half_characters_do_not_break_a_search():
    assert regex.searcher(patterns.prepare("a+b"))("\ud800aab") is True


def test_re2_says_nothing_of_its_own_and_is_imported_only_when_it_is_needed():
    code = (
        "import sys\n"
        "from modelaudit.engine.lang import patterns, regex\n"
        "search = regex.searcher({'regex': '^x[0-9]', 'heads': ['x']})\n"
        "assert not search('abc') and 're2' not in sys.modules\n"
        "assert search('x1') and 're2' in sys.modules\n"
        "patterns.check('(?=a)')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
