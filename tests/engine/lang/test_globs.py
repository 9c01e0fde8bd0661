"""Globs, against a slow model of what they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.engine.lang import globs

YES = {
    "dotted": [
        ("sklearn.tree.**", ["sklearn.tree", "sklearn.tree.a", "sklearn.tree.a.b"]),
        ("**.system", ["system", "os.system", "a.os.system"]),
        ("os.*", ["os.system", "os."]),
        ("os.s?stem", ["os.system"]),
        ("a.**.z", ["a.z", "a.b.z", "a.b.c.z"]),
        ("**", ["", "a", "a.b"]),
        ("*", ["", "a"]),
        ("*.*.x*", ["a.b.x", "a.b.xyz"]),
        ("a.**.**.z", ["a.z", "a.b.z"]),
        ("**.a.**", ["a", "b.a", "a.b", "b.a.c"]),
    ],
    "path": [
        ("models/**", ["models", "models/a", "models/a/b", "models!x"]),
        ("**/*.pkl", ["a.pkl", "x/a.pkl", "x!y/a.pkl", "x!a.pkl"]),
        ("*!data.pkl", ["m.pt!data.pkl"]),
        ("/etc/*", ["/etc/passwd"]),
        ("a/**/b", ["a/b", "a!b", "a/x/b", "a!x/y!b"]),
    ],
    "uri": [("https://*/x", ["https://host/x"]), ("https://**", ["https:/", "https://a/b!c"])],
    "plain": [("a*z", ["az", "a.b/z"]), ("*b*", ["abc", "b"]), ("a?c*", ["abc", "a.cd"]), ("**", ["", "x"])],
}
NO = {
    "dotted": [
        ("sklearn.tree.**", ["sklearn", "sklearn.trees", "x.sklearn.tree"]),
        ("**.system", ["systems", "os.system.x", "ossystem"]),
        ("os.*", ["os", "os.path.join", "xos.a"]),
        ("os.s?stem", ["os.sstem", "os.s.stem"]),
        ("a.**.z", ["a", "z", "a.zz"]),
        ("*", ["a.b"]),
        ("os", ["OS"]),
    ],
    "path": [
        ("*.pkl", ["x/a.pkl", "x!a.pkl"]),
        ("*!data.pkl", ["m.pt/data.pkl", "a/m.pt!data.pkl"]),
        ("models/*", ["models!a"]),
    ],
    "uri": [("https://*/x", ["https://a/b/x"])],
    "plain": [("a*z", ["a", "za"]), ("a?c", ["ac"])],
}


@pytest.mark.parametrize(("of", "pattern", "values"), [(of, *case) for of, cases in YES.items() for case in cases])
def test_globs_cover(of, pattern, values):
    test = globs.compile_glob(pattern, of)
    assert [value for value in values if not test(value)] == []


@pytest.mark.parametrize(("of", "pattern", "values"), [(of, *case) for of, cases in NO.items() for case in cases])
def test_globs_do_not_cover(of, pattern, values):
    test = globs.compile_glob(pattern, of)
    assert [value for value in values if test(value)] == []


def segment_covers(pattern, value):
    if not pattern:
        return not value
    if pattern[0] == "*":
        return any(segment_covers(pattern[1:], value[at:]) for at in range(len(value) + 1))
    return bool(value) and pattern[0] in ("?", value[0]) and segment_covers(pattern[1:], value[1:])


def covers(parts, segments):
    if not parts:
        return not segments
    if parts[0] == "**":
        return any(covers(parts[1:], segments[at:]) for at in range(len(segments) + 1))
    return bool(segments) and segment_covers(parts[0], segments[0]) and covers(parts[1:], segments[1:])


@given(
    st.lists(
        st.one_of(st.just("**"), st.text("ab*?", max_size=4).filter(lambda s: "**" not in s)), min_size=1, max_size=4
    ),
    st.lists(st.text("ab", max_size=4), min_size=1, max_size=5),
)
def test_dotted_globs_do_what_the_model_does(parts, segments):
    test = globs.compile_glob(".".join(parts), "dotted")
    assert test(".".join(segments)) == covers(parts, segments)


@given(st.text("ab*?", max_size=6), st.text("ab./", max_size=8))
def test_plain_globs_do_what_the_model_does(pattern, value):
    while "**" in pattern:
        pattern = pattern.replace("**", "*")
    assert globs.compile_glob(pattern, "plain")(value) == segment_covers(pattern, value)


def test_two_stars_must_be_a_segment_by_themselves():
    assert globs.problem("a.b**", "dotted")
    assert globs.problem("a/**b", "path")
    assert not globs.problem("a**b", "plain")
    assert not globs.problem("**.b", "dotted")


def test_no_text_makes_a_glob_slow():
    value = "a" * 20_000
    assert not globs.compile_glob("*a*a*a*a*a*a*a*a*b", "plain")(value)
    assert not globs.compile_glob("*a?*a?*a?*b", "plain")(value[:3_000])
    assert not globs.compile_glob("**.a.**.a.**.a.**.b", "dotted")(".".join(value))
