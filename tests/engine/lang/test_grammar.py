"""The grammar: what is written is what is read, and hostile texts are refused in bounded time."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.expressions import compiler, span
from modelaudit.engine.lang import ast
from modelaudit.engine.lang.parse import parse
from modelaudit.engine.lang.source import Report, Source

KEYWORDS = frozenset(
    [
        "or",
        "and",
        "not",
        "any",
        "all",
        "none",
        "count",
        "in",
        "has",
        "overlaps",
        "within",
        "glob",
        "matches",
        "contains",
        "startswith",
        "endswith",
        "true",
        "false",
    ]
)


def read(text):
    diagnostics = []
    node = parse(Source(text, span(text)), Report(diagnostics))
    assert not diagnostics, diagnostics[0].render()
    return node


# Writing trees down


def write(node):
    """The text of a tree."""
    return WRITERS[type(node)](node)


def quote(text):
    out = "".join(
        {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}.get(c) or (c if c.isprintable() else f"\\u{ord(c):04x}")
        for c in text
    )
    return f'"{out}"'


def write_literal(node):
    if node.type == "bool":
        return "true" if node.value else "false"
    if node.type == "bytes":
        return 'b"' + "".join(f"\\x{b:02x}" for b in node.value) + '"'
    if node.type == "str":
        return f'r"{node.value}"' if node.raw else quote(node.value)
    return repr(node.value)


def write_path(node):
    return node.head + "".join(f"[{s.name}]" if isinstance(s.name, int) else f".{s.name}" for s in node.steps)


def write_quant(node):
    tail = f" {node.cmp} {node.number}" if node.op == "count" else ""
    return f"{node.op} {node.var} in {write(node.source)}: ({write(node.body)}){tail}"


def negated(node):
    return "not " if node.negated else ""


WRITERS = {
    ast.Literal: write_literal,
    ast.Path: write_path,
    ast.Call: lambda n: f"{n.name}({', '.join(map(write, n.args))})",
    ast.MacroCall: lambda n: f"@{n.name}({', '.join(map(write, n.args))})",
    ast.ListRef: lambda n: f"${n.name}",
    ast.Items: lambda n: f"[{', '.join(map(write, n.items))}]",
    ast.Group: lambda n: f"({write(n.body)})",
    ast.Has: lambda n: f"{write(n.left)} has {write(n.right)}",
    ast.Compare: lambda n: f"{write(n.left)} {n.op} {write(n.right)}",
    ast.Member: lambda n: f"{write(n.left)} {negated(n)}{n.op} {write(n.right)}",
    ast.Match: lambda n: f"{write(n.left)} {negated(n)}{n.op} {write(n.right)}",
    ast.Quant: write_quant,
    ast.Not: lambda n: f"not {write(n.body)}",
    ast.And: lambda n: " and ".join(map(write, n.items)),
    ast.Or: lambda n: " or ".join(map(write, n.items)),
}


def form(value):
    """A tree without places."""
    if isinstance(value, tuple):
        return tuple(map(form, value))
    if not isinstance(value, ast.Node):
        return value
    names = type(value).__slots__
    return (
        type(value).__name__,
        *(form(getattr(value, n)) for n in names if n not in ("name_end", "head_end", "var_start")),
    )


# Making trees

P = (0, 0, 1, 1)
NAME = st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True).filter(lambda n: n not in KEYWORDS)
FIELD = st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True)  # a keyword is a fine field
STEP = st.one_of(FIELD, st.integers(0, 99)).map(lambda n: ast.Step(*P, n))
PATH = st.builds(lambda h, s: ast.Path(*P, h, tuple(s), 0), NAME, st.lists(STEP, max_size=3))
STRING = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF), max_size=8).map(
    lambda s: ast.Literal(*P, "str", s)
)
RAW = st.from_regex(r"[^\"\n]{0,8}", fullmatch=True).map(lambda s: ast.Literal(*P, "str", s, True))
BYTES = st.binary(max_size=4).map(lambda b: ast.Literal(*P, "bytes", b))
TEXT = st.one_of(STRING, RAW, BYTES)
NUMBER = st.one_of(
    st.integers(-(2**63) + 1, 2**63 - 1).map(lambda i: ast.Literal(*P, "int", i)),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda f: ast.Literal(*P, "float", f)),
    st.booleans().map(lambda b: ast.Literal(*P, "bool", b)),
)
LITERAL = st.one_of(TEXT, NUMBER)
LISTREF = st.one_of(NAME, st.tuples(NAME, NAME).map(".".join)).map(lambda n: ast.ListRef(*P, n))


def items(of):
    return st.lists(of, min_size=1, max_size=3).map(lambda i: ast.Items(*P, tuple(i)))


def calls(values):
    args = st.lists(st.one_of(values, LISTREF), max_size=2).map(tuple)
    call = st.builds(lambda n, a: ast.Call(*P, n, 0, a), NAME, args)
    macro = st.builds(lambda n, a: ast.MacroCall(*P, n, 0, a), NAME, args)
    return call, macro


def conditions(inner):
    group = inner.map(lambda b: ast.Group(*P, b))
    value = st.one_of(LITERAL, PATH, group)
    call, macro = calls(value)
    value = st.one_of(value, call, macro)
    sets = st.one_of(LISTREF, PATH, items(LITERAL))
    pattern = st.one_of(TEXT, LISTREF, items(TEXT))
    compare = st.builds(
        lambda o, a, b: ast.Compare(*P, o, a, b), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), value, value
    )
    member = st.builds(lambda n, a, b: ast.Member(*P, "in", n, a, b), st.booleans(), value, sets)
    relation = st.builds(
        lambda o, a, b: ast.Member(*P, o, False, a, b), st.sampled_from(["overlaps", "within"]), value, sets
    )
    ops = st.sampled_from(["glob", "matches", "contains", "startswith", "endswith"])
    match = st.builds(lambda o, n, a, b: ast.Match(*P, o, n, a, b), ops, st.booleans(), value, pattern)
    has = st.builds(lambda a, b: ast.Has(*P, a, b), PATH, PATH)
    source = st.one_of(PATH, call)
    quant = st.builds(
        lambda o, v, s, b: ast.Quant(*P, o, v, 0, s, b), st.sampled_from(["any", "all", "none"]), NAME, source, inner
    )
    count = st.builds(
        lambda v, s, b, c, n: ast.Quant(*P, "count", v, 0, s, b, c, n),
        NAME, source, inner, st.sampled_from(["==", "<="]), st.integers(-5, 99),
    )  # fmt: skip
    test = st.one_of(value, compare, member, relation, match, has, quant, count)
    negation = test.map(lambda b: ast.Not(*P, b))
    conj = st.lists(st.one_of(test, negation), min_size=2, max_size=3).map(lambda i: ast.And(*P, tuple(i)))
    disj = st.lists(st.one_of(test, negation, conj), min_size=2, max_size=3).map(lambda i: ast.Or(*P, tuple(i)))
    return st.one_of(test, negation, conj, disj)


TREE = st.recursive(PATH, conditions, max_leaves=6)


@given(TREE)
def test_what_is_written_is_what_is_read(tree):
    assert form(read(write(tree))) == form(tree)


@given(TREE)
def test_places_cut_each_part_out_of_the_text(tree):
    text = write(tree)
    stack = [read(text)]
    while stack:
        node = stack.pop()
        if not isinstance(node, ast.Step):
            assert form(read_part(node, text)) == form(node)
        for name in (*type(node).__slots__,):
            value = getattr(node, name)
            stack.extend(v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, ast.Node))


def read_part(node, text):
    """What the text of a node reads as, where it can stand alone."""
    part = text[node.start : node.end]
    return read(f"x in {part}").right if isinstance(node, (ast.ListRef, ast.Items)) else read(part)


def test_keywords_are_fine_field_names_and_beginnings_of_names():
    node = read("tensor.stats.count > 1 and any_thing.in == not_a.or and x has any")
    assert [form(item)[0] for item in node.items] == ["Compare", "Compare", "Has"]


def test_numbers_and_sizes():
    line = "x in [1, -2, 0x1f, 1.5, -2e3, 4KiB, 1MiB, 2GiB, 1TiB]"
    values = [item.value for item in read(line).right.items]
    assert values == [1, -2, 31, 1.5, -2000.0, 4096, 1 << 20, 2 << 30, 1 << 40]


def test_escapes():
    assert read(r'"\\ \" \' \n \t \x41 \u00e9" == x').left.value == "\\ \" ' \n \t A é"
    assert read(r"""r"\d\"""").value == "\\d\\"
    assert read(r"'it\'s'").value == "it's"
    assert read(r'b"\x00\xffa"').value == b"\x00\xffa"


def test_precedence():
    node = read("a or b and not c == 1 or d")
    assert [type(item).__name__ for item in node.items] == ["Path", "And", "Path"]


HOSTILE = {
    "parentheses": "(" * 8_000 + "a" + ")" * 8_000,
    "negations": "not " * 4_000 + "a",
    "a long chain": " and ".join(["a"] * 2_700),
    "a long list": "x in [" + ",".join(["1"] * 7_000) + "]",
    "nested macros": "@m(" * 4_000 + "a" + ")" * 4_000,
    "nested quantifiers": "any a in imports: (" * 800 + "true" + ")" * 800,
    "open parentheses": "(" * 16_000,
    "a huge text": "a" * 1_000_000,
    "huge numbers": "x == " + "9" * 16_000,
    "quotes": '"' * 16_001,
    "a long path": "a" + ".b" * 8_000,
    "backslashes": '"' + "\\" * 16_000,
    "brackets": "x in " + "[" * 16_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_refused_in_bounded_time(name):
    start = time.process_time()
    made = compiler()
    assert made.expression([(HOSTILE[name], span(HOSTILE[name]))], "import") is None
    assert made.diagnostics
    assert all(d.code in ("E201", "E202", "E203", "E204", "E206", "E219", "E210") for d in made.diagnostics)
    assert time.process_time() - start < 2


def test_depth_counts_through_macros():
    deep = "not (" * 30 + "n == 'a'" + ")" * 30
    made = compiler({"m(n: str)": deep, "k(n: str)": "not (" * 29 + "@m(n)" + ")" * 29})
    text = "@k(import.name)"
    assert made.expression([(text, span(text))], "import") is None
    assert "E202" in {d.code for d in made.diagnostics}


def test_costly_functions_in_deep_quantifiers_are_refused():
    made = compiler()
    text = (
        "any a in imports: (any b in ops: (any c in calls: (edit_distance(a.name, c.target) < 2 "
        "and edit_distance(a.module, b.type) < 2)))"
    )
    assert made.expression([(text, span(text))], "artifact") is None
    assert [d.code for d in made.diagnostics] == ["E232"]


@given(st.text(max_size=60))
def test_no_text_breaks_the_compiler(text):
    made = compiler()
    assert (made.expression([(text, span(text))], "import") is None) == bool(made.diagnostics)


WORDS = st.sampled_from(
    [
        "import",
        "artifact",
        "parent",
        "root",
        ".",
        "name",
        "names",
        "uses",
        "version",
        "[",
        "]",
        "(",
        ")",
        "0",
        "1",
        "==",
        "!=",
        "<",
        "in",
        "not",
        "any",
        "all",
        "none",
        "count",
        "i",
        ":",
        "and",
        "or",
        "has",
        "glob",
        "matches",
        "contains",
        "overlaps",
        "within",
        "$exec",
        "$names",
        '"a"',
        'r"(a)"',
        '["a"]',
        "imports",
        "tree.imports",
        "import.name",
        ",",
        "len",
        "@m",
        "true",
        "1.5",
    ]
)


@given(st.lists(WORDS, max_size=14))
def test_no_row_of_words_breaks_the_compiler(words):
    made = compiler({"m(n: str)": "n == 'a'"})
    text = " ".join(words)
    assert (made.expression([(text, span(text))], "import") is None) == bool(made.diagnostics)
    made.diagnostics.clear()
    made.message("{" + text + "}", span(text), "import")
