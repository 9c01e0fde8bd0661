"""Every mistake of an expression, as a person reads it: code, place, label, help."""

# ruff: noqa: E501 - tables read best one case a line

import pytest

from fixtures.expressions import compiler, mistakes, span
from modelaudit.engine.diagnostics import Span

HEAD = " --> rules.yaml:3:{column}\n3 | when: {line}\n  | {caret}"


def shown(code, message, line, start, length, label="", hint=""):
    """The rendering of a mistake at `start` in a line that stands after `when: `."""
    caret = " " * (6 + start) + "^" * length + (f" {label}" if label else "")
    text = f"error[{code}]: {message}\n" + HEAD.format(column=7 + start, line=line, caret=caret)
    return text + (f"\n  = help: {hint}" if hint else "")


# The place of the caret stands between ‹ and ›.
CASES = [
    # E201: syntax
    ("import.name ‹=› 'a'", "E201", "`=` is not expected here", "an operator is expected", "write `==`"),
    ("a ‹&&› b", "E201", "`&&` is not expected here", "an operator is expected", "write `and`"),
    ("import.name ‹matchs› 'a'", "E201", "`matchs` is not expected here", "an operator is expected", "did you mean `matches`?"),
    ("import.name glob ‹other›", "E201", "`other` is not expected here", 'a string, ["…"] or $list is expected', 'a pattern is a constant: write "other" or a list'),
    ("import.name == ‹'a›", "E201", "the string does not end", "a closing ' is missing"),
    ("import.name in ‹{›'a'}", "E201", "`{` is not expected here", "", 'sets are written `["a", "b"]`'),
    ("(import.compute‹d›", "E201", "the expression ends too early", "`)` is expected"),
    ("import‹.›", "E201", "the expression ends too early", "a name is expected"),
    ("count i in imports: (true‹)›", "E201", "the expression ends too early", "a comparison such as `>= 2` is expected"),
    ("any i in imports (true‹)›", "E201", "the expression ends too early", "`:` is expected"),
    ("import.n ‹+› 1 == 2", "E201", "`+` is not expected here", "an operator is expected", "there is no arithmetic"),
    # E203: fields
    ("import.‹modul› in $exec", "E203", "unknown field `modul` on `import`", "did you mean `module`?"),
    ("import.name.‹x› == 1", "E203", "`import.name` is str and has no field `x`"),
    ("import.names.‹x› == 1", "E203", "`import.names` is set<str> and has no field `x`"),
    ("import has ‹modul›", "E203", "unknown field `modul` on `import`", "did you mean `module`?"),
    ("any i in tree.‹import›: (true)", "E203", "`tree` has no collection `import`", "did you mean `imports`?"),
    # E204: names
    ("‹imprt›.name == 'a'", "E204", "unknown name `imprt`", "did you mean `import`?"),
    ("‹qqq›.name == 'a'", "E204", "unknown name `qqq`", "", "names here: `artifact`, `import`, `parent`, `root`"),
    ("‹calls›.target == 'a'", "E204", "`calls` is a collection, not a value", "", "write `any c in calls: (…)`"),
    ("‹call›.target == 'a'", "E204", "there is no single `call` here", "", "the rule is for `import`; write `any c in calls: (c.…)`"),
    ("‹tree›.imports == 1", "E204", "`tree` is not a value", "", "`tree` stands before a collection: `any i in tree.imports: (…)`"),
    # E205, E207: functions
    ("‹lenn›(import.name) > 1", "E205", "unknown function `lenn`", "did you mean `len`?"),
    ("‹len›() > 1", "E207", "`len` takes 1 argument, not 0", "", "len(str|bytes|set|list|map) → int"),
    ("‹near›(import.name) == true", "E207", "`near` takes 2 to 3 arguments, not 1", "", "near(str, strings, int?) → bool"),
    ("shaped(‹import.name›, $shapes)", "E206", "`shaped` takes import or call or setattr here, and `import.name` is str", "", "shaped(import|call|setattr, shapes) → bool"),
    ("shaped(import, ‹$exec›)", "E213", "`shaped` takes a list of kind shapes here, and `$exec` is none", "", "shaped(import|call|setattr, shapes) → bool"),
    # E206: types
    ("‹import.name == 1›", "E206", "`import.name` is str, `1` is int"),
    ("‹import.n == 1.5›", "E206", "`import.n` is int, `1.5` is float", "", "only a whole number written as such can stand for a float"),
    ("‹import.name == b'a'›", "E206", "`import.name` is str, `b'a'` is bytes", "", 'bytes are written b"…"'),
    ("‹import.computed < true›", "E206", "bool values have no order"),
    ("‹import.names› == 'a'", "E206", "`import.names` is set<str> and cannot be compared", "", "write `any k in import.names: (k == …)`, `… in import.names`, or `overlaps`, `within`"),
    ("‹import.names› in ['a']", "E206", "`import.names` is set<str>; `in` takes a single value", "", "write `import.names overlaps …` or `import.names within …`"),
    ("‹import.name› overlaps ['a']", "E206", "`import.name` is str; `overlaps` takes a set", "", "write `import.name in …`"),
    ("import.n in ‹import.names›", "E206", "`import.names` holds str, not int"),
    ("import.name in ‹import.n›", "E206", "`import.n` is int, not a set"),
    ("import.name in ['a', ‹1›]", "E206", "a constant of type int among str values"),
    ("‹import.n› matches 'a'", "E206", "`import.n` is int; `matches` takes a text"),
    ("import.name contains ‹b'a'›", "E206", "a pattern of type bytes for a value of type str"),
    ("‹import.name›", "E206", "`import.name` is str, not a condition", "", "compare it with a value"),
    ("‹import›", "E206", "`import` is import, not a condition", "", "write `import has …` or compare it"),
    ("‹import.name› has x", "E206", "`import.name` is str and has no fields", "", "`has` stands between a fact or record and one of its fields"),
    ("lower(‹import.n›) == 'a'", "E206", "`lower` takes str here, and `import.n` is int", "", "lower(str) → str"),
    ("import.n in ‹$names›", "E206", "`$names` holds texts, not int values"),
    # E208: enums
    ("‹'caled'› in import.uses", "E208", 'the field is never "caled"', "did you mean `called`?"),
    ("artifact.view == ‹'x'›", "E208", 'the field is never "x"', "", "it is one of visible, hidden"),
    ("artifact.view in [‹'hiden'›]", "E208", 'the field is never "hiden"', "did you mean `hidden`?"),
    # E209, E213: lists
    ("import.name glob ‹$exek›", "E209", "unknown list `$exek`", "did you mean `exec`?"),
    ("import.name in ‹$shared›", "E209", "unknown list `$shared`", "", "another pack has it: write `$other.shared`"),
    ("import.name in ‹$exec›", "E213", "`in` does not fit `$exec`, a list of kind glob", "", "write `glob` or `overlaps` or `within`"),
    ("import.name glob ‹$words›", "E213", "`glob` does not fit `$words`, a list of kind regex", "", "write `matches`"),
    ("import.name matches ‹$names›", "E213", "`matches` does not fit `$names`, a list of kind exact", "", "write `in` or `overlaps` or `within` or `contains` or `startswith` or `endswith`"),
    ("import.name glob ‹$other.paths›", "E213", "`$other.paths` holds path names, and the value is a dotted name"),
    ("near(import.name, ‹$words›)", "E213", "`near` cannot look into `$words`, a list of kind regex"),
    # E210: macros
    ("‹@nothing›(import.name)", "E210", "unknown macro `@nothing`"),
    # E214: optional fields
    ("‹artifact.version› == '1'", "E214", "`artifact.version` may be absent", "", "write `artifact has version and …`"),
    ("‹parent.format› == 'zip'", "E214", "`parent.format` may be absent", "", "write `parent has format and …`"),
    ("any l in layers: (‹l.code› == 'x')", "E214", "`l.code` may be absent", "", "write `l has code and …`"),
    ("any c in calls: (‹c.args[0].value› == 'x')", "E214", "`c.args[0].value` may be absent", "", "write `c has args[0].value and …`"),
    ("any t in tensors: (‹t.stats›.mean > 1)", "E214", "`t.stats` may be absent", "", "write `t has stats and …`"),
    ("‹artifact.version› == '1' and artifact has version", "E214", "`artifact.version` may be absent", "", "write `artifact has version and …`"),
    ("artifact has version or ‹artifact.version› == '1'", "E214", "`artifact.version` may be absent", "", "write `artifact has version and …`"),
    # E215: pattern operators on sets
    ("‹import.names› matches '^a'", "E215", "`import.names` is set<str>; `matches` takes one text", "", "write: any k in import.names: (k matches '^a')"),
    ("‹import.names› not glob $exec", "E215", "`import.names` is set<str>; `glob` takes one text", "", "write: any k in import.names: (k not glob $exec)"),
    # E216 to E218: quantifiers
    ("any i in ‹import.name›: (true)", "E216", "`import.name` is str", "", "quantifiers range over collections, sets and lists"),
    ("any i in ‹tree›: (true)", "E216", "`tree` stands before a collection", "", "write `tree.imports`"),
    ("any a in calls: (any b in calls: (‹any› c in calls: (true)))", "E217", "quantifiers nest at most once in a rule for single facts"),
    ("any ‹import› in calls: (true)", "E218", "`import` has a meaning here already", "", "take another name"),
    # E219: constants
    ("import.name == '‹\\q›'", "E219", '`\\q` is no escape', "", 'escapes are \\\\ \\" \\\' \\n \\t \\xNN \\uNNNN; for a regular expression write r"…"'),
    ("import.name == '‹\\ud800›'", "E219", '`\\ud800` is half of a character'),
    ("import.n == ‹9999999999999999999999›", "E219", "the number does not fit into 64 bits"),
    ("artifact.size < ‹99999999TiB›", "E219", "the size is too large"),
    ("any c in calls: (c.args‹[-1]›.type == 'str')", "E219", "an index counts from 0"),
    # E220 to E223: patterns
    ("import.name glob ‹'a.b**'›", "E220", "`**` stands for whole segments and must be one by itself"),
    ("import.name matches 'a‹(?=›b)'", "E221", "look-ahead `(?=` is not linear-time and not supported", "", "patterns are RE2: say it with two conditions, such as `matches … and not … matches …`"),
    ("import.name matches r'‹(?<!›b)a'", "E221", "look-behind `(?<!` is not linear-time and not supported", "", "patterns are RE2: say it with two conditions, such as `matches … and not … matches …`"),
    ("import.name matches r'(a)‹\\1›'", "E221", 'back-reference `\\1` is not linear-time and not supported', "", "patterns are RE2: say it with two conditions, such as `matches … and not … matches …`"),
    ("import.name matches '‹[a›'", "E222", "the pattern is not valid: a `[` is not closed"),
    ("import.name matches '‹(a›'", "E222", "the pattern is not valid: a `(` is not closed"),
    ("import.name matches 'a‹{2000}›'", "E222", "the pattern is not valid: at most 1,000 repetitions, also where they multiply"),
    # E224: indices
    ("import.names‹[0]› == 'a'", "E224", "`import.names` is set<str> and has no index", "", "write `any k in import.names: (…)`"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_a_mistake_has_its_code_place_label_and_help(case):
    marked, code, message, label, hint = (*case, "", "")[:5]
    before, _, rest = marked.partition("‹")
    part, _, after = rest.partition("›")
    line = before + part + after
    assert mistakes(line) == shown(code, message, line, len(before), len(part), label, hint)


def test_all_mistakes_of_all_lines_are_found_at_once():
    found = mistakes(
        "import.modul == 'a' and foo(import.n)", "a = 1", "artifact.version == '1' or import.names glob 'x'"
    )
    assert [line[6:10] for line in found.splitlines() if line.startswith("error[")] == [
        *("E201", "E203", "E205", "E214", "E215"),
    ]


def test_a_mistake_is_reported_once_however_often_it_is_reached():
    found = mistakes("@twice(import.modul)", macros={"twice(n: str)": "n == 'a' or n == 'b'"})
    assert found.count("error[") == 1


def test_mistakes_in_a_block_of_several_lines_stand_in_their_line():
    made = compiler()
    text = "import.n == 1 and\nimport.modul == 'a'"
    place = Span("rules.yaml", 10, 9, 17, "        import.n == 1 and")
    assert made.expression([(text, place)], "import") is None
    assert made.diagnostics[0].render() == (
        "error[E203]: unknown field `modul` on `import`\n"
        "  --> rules.yaml:11:16\n"
        "11 |         import.modul == 'a'\n"
        "   |                ^^^^^ did you mean `module`?"
    )


def test_a_yaml_scalar_knows_the_place_of_each_part():
    from modelaudit.engine.yaml_tree import parse

    (document,), problems = parse('when: "import.modul == \\"a\\" and\n  x"\n', "f.yaml")
    assert not problems
    scalar = document.at("when")
    made = compiler()
    assert made.expression([(scalar.text, scalar)], "import") is None
    assert made.diagnostics[0].span.line == 1


def test_lists_in_a_policy_are_found_in_any_pack():
    made = compiler(anywhere=True, pack="acme/policy")
    assert made.expression([("import.name in $names", span("import.name in $names"))], "import")
    assert made.expression([("artifact.path glob $paths", span("artifact.path glob $paths"))], "import")
    assert not made.diagnostics
    line = "import.name in $shared"
    assert mistakes(line, anywhere=True) == shown(
        "E209", "several packs have a list `$shared`", line, 15, 7, "", "write one of `$other.shared`, `$third.shared`"
    )


def test_requires_stands_for_has():
    from fixtures.expressions import compiled

    assert compiled("tensor.stats.mean > 1", kind="tensor", requires=["tensor.stats"])
    assert compiled("layer.code contains 'a'", kind="layer", requires=["layer.code"])
    assert "E214" in mistakes("tensor.digest == 'a'", kind="tensor", requires=["tensor.stats"])


def test_rules_for_an_artifact_nest_quantifiers_twice():
    from fixtures.expressions import compiled

    assert compiled("any a in imports: (any b in ops: (any c in calls: (true)))", kind="artifact")
    assert "E217" in mistakes(
        "any a in imports: (any b in ops: (any c in calls: (any d in texts: (true))))", kind="artifact"
    )
