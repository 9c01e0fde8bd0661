"""What a glance at a text rules out is nothing that a longer look would find."""

from hypothesis import given
from hypothesis import strategies as st

from modelaudit.parsers import spellings, wordings

WRITTEN = st.lists(
    st.sampled_from(["4d", "\\x5a", "0x90", "%00", ", ", ":", "\n", "Zm9v", "zz", " ", "\u3000", "é", "-", "="]),
    max_size=60,
)


@given(WRITTEN, st.integers(1, 60))
def test_runs_stand_only_where_their_signs_do(parts, times):
    text = "".join(parts) * times
    signs = text.encode()
    if spellings.HEX.search(text):
        assert spellings._stands_in(signs, spellings.HEX_SIGNS)
    if spellings.RUN.search(text) or spellings.BASE85.search(text):
        assert spellings._stands_in(signs, spellings.DENSE)


@given(st.text(max_size=80), st.sampled_from([*wordings.table()["rot13"], *wordings.table()["reversed"]]), st.text())
def test_a_telling_word_is_looked_for_wherever_it_stands(before, word, after):
    assert list(spellings.turned(before + word + after))
