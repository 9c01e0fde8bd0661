import pytest

from modelaudit.engine.yaml_tree import MAX_BYTES, decode, parse, suggestion, validate


def only(text):
    nodes, problems = parse(text, "f.yaml")
    assert problems == []
    assert len(nodes) == 1
    return nodes[0]


def mistakes(text):
    return [(d.code, d.span.line, d.span.column) for d in parse(text, "f.yaml")[1]]


def test_scalars_are_strings_whatever_they_look_like():
    node = only("a: NO\nb: 1:30\nc: 0123\nd: null\ne: 2001-01-01\nf: 1e3\ng:\nh: ~\n")
    assert list(node.plain().values()) == ["NO", "1:30", "0123", "null", "2001-01-01", "1e3", "", "~"]


def test_an_all_digit_hash_stays_a_string():
    digits = "1" * 64
    assert only(f"sha256: {digits}").plain() == {"sha256": digits}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", [("E102", 3, 1)]),
        ("a: !!str 1\n", [("E103", 1, 4)]),
        ("a: &x 1\n", [("E103", 1, 4)]),
        ("a: *x\n", [("E103", 1, 4)]),
        ("a:\n  <<: {b: 1}\n", [("E103", 2, 3)]),
        ("[a, b]: 1\n", [("E103", 1, 1)]),
        ("a: [1, 2\n", [("E101", 1, 9)]),
        ("a: b: c\n", [("E101", 1, 5)]),
        ("a:\n\tb: 1\n", [("E101", 2, 1)]),
        ("a: \x07\n", [("E101", 1, 4)]),
        ("a: 1\nb: \ud800\n", [("E101", 2, 4)]),
        ("- " * 80 + "x", [("E104", 1, 129)]),
    ],
)
def test_what_these_files_do_not_have_is_a_mistake_with_its_place(text, expected):
    assert mistakes(text) == expected


def test_all_mistakes_of_a_file_come_at_once():
    assert [code for code, _, _ in mistakes("a: &x 1\na: *x\nb: !t 2\n")] == ["E103", "E102", "E103", "E103"]


def test_a_file_that_is_not_yaml_has_no_documents():
    assert parse("a: 1\nb: [\n", "f.yaml")[0] == []


def test_a_huge_file_is_refused_without_reading_it_as_yaml():
    assert [d.code for d in decode(b"a" * (MAX_BYTES + 1), "f.yaml")[1]] == ["E104"]


def test_bytes_that_are_not_utf8_are_placed():
    nodes, problems = decode("ä: 1\nb: ".encode() + b"\xff", "f.yaml")
    assert nodes == []
    assert [(d.code, d.span.line, d.span.column) for d in problems] == [("E101", 2, 4)]


def test_several_documents_are_read_in_order():
    nodes, problems = parse("a: 1\n---\nb: 2\n", "f.yaml")
    assert [n.plain() for n in nodes] == [{"a": "1"}, {"b": "2"}]
    assert problems == []


@pytest.mark.parametrize(
    ("text", "offset", "expected"),
    [
        ("w: import.modul", 7, (1, 11)),
        ("w: 'it''s modul'", 5, (1, 11)),
        ('w: "a\\tb c"', 3, (1, 9)),
        ("w: |\n    one\n    two three\n", 8, (3, 9)),
        ("w: |-\n\n  one\n", 1, (4, 1)),
    ],
)
def test_a_part_of_a_scalar_has_its_place_in_the_file(text, offset, expected):
    span = only(text).get("w").place(offset)
    if text.startswith("w: |-"):  # the leading blank line is part of the text
        assert span.line in (3, 4)
    else:
        assert (span.line, span.column) == expected


def test_the_span_of_a_quoted_scalar_is_its_first_character():
    span = only('key: "text"').get("key").span
    assert (span.line, span.column, span.length, span.source) == (1, 7, 4, 'key: "text"')


def test_suggestions_are_near_words_only():
    assert suggestion("serverity", ["severity", "status"]) == "did you mean `severity`?"
    assert suggestion("zzz", ["severity"]) == ""


def pack(text):
    return validate(only(text), "pack")


GOOD = "schema: modelaudit/pack@1\npack: acme\nversion: 1.0\nengine: '>=1'\nrules: r/*.yaml\n"


def test_the_schema_types_what_the_file_wrote_as_strings():
    rule = "schema: modelaudit/rules@1\nrules:\n- {id: A-1, version: 3, title: 1}\n"
    value, _ = validate(only(rule), "rules")
    assert value["rules"][0]["version"] == 3
    assert value["rules"][0]["title"] == "1"


def test_a_version_that_looks_like_a_number_stays_a_string():
    value, problems = pack(GOOD)
    assert problems == []
    assert value["version"] == "1.0"


def test_free_keys_are_free():
    assert pack(GOOD + "x-team: {any: [thing]}\n")[1] == []


def test_a_quoted_number_is_a_string():
    rule = "schema: modelaudit/rules@1\nrules:\n- {id: A-1, version: '3'}\n"
    codes = [(d.code, d.message) for d in validate(only(rule), "rules")[1]]
    assert ("E112", "expected a whole number, found the string `3`") in codes


def test_unknown_keys_are_mistakes_with_a_guess():
    problems = pack(GOOD + "ruels: x\n")[1]
    assert [(d.code, d.span.line, d.span.column, d.label) for d in problems] == [
        ("E110", 6, 1, "did you mean `rules`?")
    ]


def test_missing_keys_are_named_one_by_one():
    problems = pack("schema: modelaudit/pack@1\npack: acme\n")[1]
    assert [(d.code, d.message) for d in problems] == [
        ("E111", "`version` is missing"),
        ("E111", "`engine` is missing"),
        ("E111", "`rules` is missing"),
    ]
