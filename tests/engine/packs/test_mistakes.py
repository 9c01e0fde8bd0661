"""What authors get wrong, and the place that each mistake is reported at."""

import pytest

from fixtures.packs import LISTS, MANIFEST, RULE, changed
from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs.load import gather


def found(paths, level="error"):
    sources = gather(paths, builtin=False)
    return [(d.code, d.span.file, d.span.line, d.span.column) for d in sources.diagnostics if d.level == level], sources


def one(write, text):
    write({"rules.yaml": text})
    places, sources = found(["rules.yaml"])
    assert len(places) == 1, [d.render() for d in sources.diagnostics]
    return next(d for d in sources.diagnostics if d.level == "error")


RULE_MISTAKES = [
    # old, new, code, line, column, part of the message or label
    ("severity: warning", "serverity: warning", "E110", 8, 5, "unknown key `serverity`"),
    ("    version: 1\n", "", "E111", 3, 5, "`version` is missing"),
    ("    message: '{import.qualname} is imported'\n", "", "E111", 3, 5, "`message` is missing"),
    ("version: 1", "version: one", "E112", 5, 14, "expected a whole number, found `one`"),
    ("version: 1", "version: 0", "E113", 5, 14, "must not be below 1"),
    ("formats: [pickle]", "formats: pickle", "E112", 10, 14, "expected a list"),
    ("severity: warning", "severity: waring", "E113", 8, 15, "did you mean `warning`?"),
    ("status: stable", "status: done", "E113", 7, 13, "experimental, test, stable, deprecated"),
    ("id: ACME-1", "id: ACME 1", "E113", 3, 9, "does not have the form"),
    ("id: ACME-1", "id: MA1001", "E121", 3, 9, "reserved"),
    ("name: acme-one", "name: Acme One", "E113", 4, 11, "does not have the form"),
    ("for: import", "for: imports", "E116", 11, 10, "did you mean `import`?"),
    ("formats: [pickle]", "formats: [pickel]", "E117", 10, 15, "did you mean `pickle`?"),
    ("formats: [pickle]", "inside: [zip-famly]", "E117", 10, 14, "did you mean `zip-family`?"),
    ("formats: [pickle]", "requires: [tensor.stat]", "E119", 10, 16, "did you mean `tensor.stats`?"),
    ("formats: [pickle]", "absorbs: [ACME-9]", "E118", 10, 15, "there is no rule `ACME-9`"),
    ("formats: [pickle]", "absorbs: [ACME-1]", "E118", 10, 15, "cannot name itself"),
    ("formats: [pickle]", "replaced_by: ACME-1", "E126", 10, 18, "deprecated"),
    ("formats: [pickle]", "formats: [pickle, pickle]", "E113", 10, 14, "the same item twice"),
    ("formats: [pickle]", "cves: [CVE-1]", "E113", 10, 12, "does not have the form"),
    ("formats: [pickle]", "references: ['https://x']", "E102", 16, 5, "given twice"),
    ("warning\n    confidence: likely", "critical\n    confidence: possible", "E114", 9, 17, "never above `warning`"),
    (
        "formats: [pickle]",
        "raise: [{when: 'true', severity: info}]",
        "E115",
        10,
        38,
        "a raise only raises",
    ),
    ("formats: [pickle]", "raise: [{when: 'true'}]", "E111", 10, 13, "needs `severity` or `confidence`"),
    ("formats: [pickle]", "engine: 1.0", "E107", 10, 13, "is not a clause"),
    ("when: 'import", "when: >\n      'import", "E105", 13, 7, "folded"),
    ("expect: match}", "expect: matches}", "E113", 18, 71, "did you mean `match`?"),
    ("expect: match}", "expect: {matches: 1}}", "E110", 18, 72, "did you mean `match`?"),
    ("expect: match}", "expect: [match]}", "E112", 18, 71, "expected a string or a mapping"),
    (", expect: match}", "}", "E111", 18, 9, "`expect` is missing"),
    ("facts: {imports: [{qualname: acme.run}]}, ", "", "E125", 18, 9, "either `facts` or a `fixture`"),
    ("schema: modelaudit/rules@1", "schema: modelaudit/rule@1", "E106", 1, 9, "modelaudit/rules@1"),
    ("schema: modelaudit/rules@1\n", "", "E111", 1, 1, "`schema` is missing"),
    ("severity: warning", "severity: !x warning", "E103", 8, 15, "tags"),
    ("version: 1", "version: &v 1", "E103", 5, 14, "anchors"),
]


@pytest.mark.parametrize(("old", "new", "code", "line", "column", "said"), RULE_MISTAKES)
def test_a_mistake_in_a_rule_is_told_at_its_place(write, old, new, code, line, column, said):
    mistake = one(write, changed(RULE, (old, new)))
    assert (mistake.code, mistake.span.line, mistake.span.column) == (code, line, column)
    assert said in f"{mistake.message} {mistake.label} {mistake.help}"


def test_a_good_rule_has_no_mistakes(write):
    write({"rules.yaml": RULE})
    places, sources = found(["rules.yaml"])
    assert places == []
    assert [rule.id for rule in sources.rules] == ["ACME-1"]


def test_mistakes_of_all_rules_and_files_come_at_once(write):
    write(
        {
            "a.yaml": changed(RULE, ("severity: warning", "severity: bad"), ("for: import", "fro: import")),
            "b.yaml": changed(RULE, ("status: stable", "status: old"), ("ACME-1", "ACME-2")),
        }
    )
    assert found(["a.yaml", "b.yaml"])[0] == [
        ("E113", "a.yaml", 8, 15),
        ("E110", "a.yaml", 11, 5),
        ("E113", "b.yaml", 7, 13),
    ]


def test_a_mistake_names_its_rule(write):
    assert one(write, changed(RULE, ("severity: warning", "severity: bad"))).note == "rule ACME-1"


def test_a_rule_without_explanations_is_warned_of(write):
    write({"rules.yaml": changed(RULE, ("    why: It would run.\n", ""))})
    places, sources = found(["rules.yaml"], "warning")
    assert places == [("W301", "rules.yaml", 3, 9)]
    assert "`why`" in sources.diagnostics[0].message


# Packs


def pack(write, manifest=MANIFEST, rule=RULE, **more):
    write({"p/pack.yaml": manifest, "p/rules/a.yaml": rule, **{f"p/{k}.yaml": v for k, v in more.items()}})
    return found(["p"])


def test_a_good_pack_has_no_mistakes(write):
    places, sources = pack(write)
    assert places == []
    assert [(p.name, p.version, len(p.rules)) for p in sources.packs] == [("acme", "1.0", 1)]


PATTERNS = """\
schema: modelaudit/patterns@1
patterns:
  - id: acme-badge
    kind: secret
    regex: 'badge_[0-9]{8}'
    keywords: [badge_]
    tests:
      - {name: badge, text: 'badge_12345678', expect: match}
      - {name: none, text: 'badge_none', expect: no-match}
"""


@pytest.mark.parametrize(("part", "text"), [("lists", LISTS), ("patterns", PATTERNS)])
def test_a_pack_without_rules_is_one_when_it_has_lists_or_patterns(write, part, text):
    places, sources = pack(write, changed(MANIFEST, ("rules: rules/*.yaml", f"{part}: more.yaml")), more=text)
    assert places == []
    assert [(p.name, len(p.rules)) for p in sources.packs] == [("acme", 0)]


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("rules: rules/*.yaml\n", "", ("E111", 1, 1), "`rules` is missing"),
        ("pack: acme", "name: acme", ("E110", 2, 1), "did you mean `pack`?"),
        ("pack: acme", "pack: Acme!", ("E113", 2, 7), "does not have the form"),
        ("version: 1.0", "version: latest", ("E113", 3, 10), "does not have the form"),
        ("engine: '>=1.0,<2'", "engine: 1.x", ("E107", 4, 9), "is not a clause"),
        ("rules: rules/*.yaml", "rules: rulez/*.yaml", ("E108", 5, 8), "no file matches"),
        ("rules: rules/*.yaml", "rules: [rules/*.yaml, ../x.yaml]", ("E108", 5, 23), "leaves the pack's folder"),
        ("rules: rules/*.yaml", "rules: rules/*.yaml\nlist: l.yaml", ("E110", 6, 1), "did you mean `lists`?"),
        ("rules: rules/*.yaml", "rules: rules/*.yaml\npatterns: p.yaml", ("E108", 6, 11), "no file matches"),
        ("modelaudit/pack@1", "modelaudit/packs@1", ("E106", 1, 9), "modelaudit/pack@1`"),
    ],
)
def test_a_mistake_in_a_manifest_is_told_at_its_place(write, old, new, place, said):
    places, sources = pack(write, changed(MANIFEST, (old, new)))
    assert [(code, line, column) for code, file, line, column in places if file == "p/pack.yaml"] == [place]
    mistake = sources.diagnostics[0]
    assert said in f"{mistake.message} {mistake.label} {mistake.help}"


WITH_LISTS = MANIFEST + "lists: lists.yaml\n"


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("kind: exact", "kind: exacts", ("E113", 3, 25), "did you mean `exact`?"),
        ("kind: exact, of: dotted", "kind: shapes, of: plain", ("E127", 3, 25), "`of: dotted`"),
        ("kind: exact", "kind: table", ("E127", 3, 52), "rows such as"),
        ("[acme.run]", "[{key: acme.run}]", ("E127", 3, 52), "strings"),
        ("kind: exact, ", "", ("E111", 3, 5), "`kind` is missing"),
        (
            "items: [acme.run]}",
            "items: [acme.run]}\n  - {id: runners, kind: glob, of: dotted, items: []}",
            ("E123", 4, 10),
            "first in p/lists.yaml:3",
        ),
        ("items:", "itmes:", ("E110", 3, 44), "did you mean `items`?"),
    ],
)
def test_a_mistake_in_a_list_is_told_at_its_place(write, old, new, place, said):
    places, sources = pack(write, WITH_LISTS, lists=changed(LISTS, (old, new)))
    assert place in [(code, line, column) for code, file, line, column in places if file == "p/lists.yaml"]
    assert any(said in f"{m.message} {m.label} {m.help}" for m in sources.diagnostics)


def test_ids_that_collide_across_packs_are_told_with_both_places(write):
    write({"a.yaml": RULE, "b.yaml": "\n" + RULE})
    places, sources = found(["a.yaml", "b.yaml"])
    assert places == [("E120", "b.yaml", 4, 9)]
    assert sources.diagnostics[-1].label == "first in a.yaml:3"


def test_a_former_id_collides_too(write):
    later = changed(RULE, ("ACME-1", "ACME-2"), ("version: 1", "version: 1\n    aliases: [ACME-1]"))
    write({"a.yaml": RULE, "b.yaml": later})
    assert found(["a.yaml", "b.yaml"])[0] == [("E120", "b.yaml", 6, 15)]


def test_pack_names_that_collide_are_told(write):
    write({"p/pack.yaml": MANIFEST, "p/rules/a.yaml": RULE})
    write({"q/pack.yaml": MANIFEST, "q/rules/a.yaml": changed(RULE, ("ACME-1", "ACME-2"))})
    places, sources = found(["p", "q"])
    assert places == [("E122", "q/pack.yaml", 2, 7)]
    assert sources.diagnostics[-1].label == "first in p/pack.yaml:2"


def test_a_macro_defined_twice_is_told(write):
    macros = "schema: modelaudit/macros@1\nmacros:\n  'm(n: str)': 'true'\n  'm(k: str)': 'false'\n"
    places, _ = pack(write, MANIFEST + "macros: macros.yaml\n", macros=macros)
    assert places == [("E124", "p/macros.yaml", 4, 4)]


# Too new


def test_a_rule_that_is_too_new_is_left_out_before_its_schema_is_read(write):
    newer = changed(RULE, ("version: 1", "version: {major: 2}\n    engine: '>=2.0'\n    gadget: [whatever]"))
    write({"a.yaml": RULE, "b.yaml": changed(newer, ("ACME-1", "ACME-2"))})
    places, sources = found(["a.yaml", "b.yaml"])
    assert places == []
    assert [rule.id for rule in sources.rules] == ["ACME-1"]
    assert sources.incomplete
    assert sources.notices == ["rule ACME-2 is left out: it needs modelaudit >=2.0, this is 1.0.0"]


@pytest.mark.parametrize("line", ["engine: '>=2'", "engine: '>=1'\nfacts: '>=9'"])
def test_a_pack_that_is_too_new_is_left_out_before_its_schema_is_read(write, line):
    manifest = changed(MANIFEST, ("engine: '>=1.0,<2'", line)) + "gadgets: {a: b}\n"
    places, sources = pack(write, manifest, "not: even rules\n")
    assert places == []
    assert sources.packs == []
    assert sources.incomplete
    assert len(sources.notices) == 1


def test_a_file_of_a_later_format_is_left_out(write):
    write({"rules.yaml": "schema: modelaudit/rules@2\nanything: goes\n"})
    places, sources = found(["rules.yaml"])
    assert places == []
    assert sources.incomplete


# Paths


def test_a_path_that_is_not_there_is_a_usage_error(write):
    write({})
    with pytest.raises(UsageError, match=r"missing\.yaml does not exist"):
        gather(["missing.yaml"], builtin=False)


def test_a_folder_without_a_manifest_is_a_usage_error(write):
    write({"p/a.yaml": RULE})
    with pytest.raises(UsageError, match=r"holds no pack\.yaml"):
        gather(["p"], builtin=False)


def test_an_empty_file_says_what_is_missing(write):
    write({"rules.yaml": ""})
    assert found(["rules.yaml"])[0] == [("E111", "rules.yaml", 1, 1)]


def test_a_rule_file_alone_is_a_pack_named_after_the_file(write):
    write({"our rules.yaml": RULE, "b/our-rules.yaml": changed(RULE, ("ACME-1", "ACME-2"))})
    _, sources = found(["our rules.yaml", "b/our-rules.yaml"])
    assert [(pack.name, pack.version) for pack in sources.packs] == [("our-rules", "0"), ("our-rules-2", "0")]


def test_the_same_path_twice_is_read_once(write):
    write({"p/pack.yaml": MANIFEST, "p/rules/a.yaml": RULE})
    places, sources = found(["p", "p/pack.yaml", "./p"])
    assert places == []
    assert len(sources.packs) == 1
