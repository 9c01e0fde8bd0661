import pytest

from modelaudit.reports.escape import paragraphs, visible


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain text, ünïcödé 漢字", "plain text, ünïcödé 漢字"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("a\x00b\x7f", "a\\x00b\\x7f"),
        ("\u202eevil\u2066\u061c\u200f", "\\u202eevil\\u2066\\u061c\\u200f"),
        ("zero\u200bwidth\ufeff\u2028", "zero\\u200bwidth\\ufeff\\u2028"),
        ("\U000e0041", "\\U000e0041"),
        ("\udcff", "\\udcff"),
        ("no\u00a0break", "no\\xa0break"),
        (r"back\slash", r"back\slash"),
    ],
)
def test_what_a_terminal_would_act_on_or_hide_is_written_out(raw: str, shown: str) -> None:
    assert visible(raw) == shown


def test_escaping_twice_changes_nothing() -> None:
    every = "".join(chr(code) for code in (*range(0x300), *range(0x2000, 0x2100), 0xD800, 0xE0001))
    assert visible(visible(every)) == visible(every)
    assert visible(every).isprintable()


def test_paragraphs_become_one_line() -> None:
    assert paragraphs("  one\n  two\x1b \n") == "one two\\x1b"
