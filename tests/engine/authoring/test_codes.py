"""Every diagnostic code has a page, and the examples of the pages are what they say."""

import re
from pathlib import Path

import pytest

from fixtures.expressions import compiler, span
from fixtures.packs import LISTS, MANIFEST, RULE
from modelaudit.engine.authoring.codes import page, pages
from modelaudit.engine.authoring.lint import lint
from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs import read
from modelaudit.engine.packs.load import compiled, gather
from modelaudit.engine.packs.testing import run_tests
from modelaudit.engine.policy.load import load_chain
from modelaudit.engine.policy.merge import resolve

ENGINE = Path(__file__).parents[3] / "engine"
LISTS_OF_POLICY = "schema: modelaudit/policy@1\npolicy: acme/test\nversion: 1\n"


@pytest.fixture(autouse=True)
def few_packs(request, monkeypatch):
    """The built-in packs take part only where an example speaks of them."""
    each = getattr(request.node, "callspec", None)
    text = repr(each.params) if each else ""
    if not re.search(r"MA1001|core\.|pack: core|builtin:", text):
        monkeypatch.setattr(read, "builtin_folders", list)


def examples(where):
    return [pytest.param(each, id=code) for code, each in pages().items() if each.where == where]


def codes_in(folder):
    return {
        code for path in folder.rglob("*.py") for code in re.findall(r'"([EW]\d{3})"', path.read_text(encoding="utf-8"))
    }


def test_every_code_of_the_engine_has_a_page():
    assert sorted(codes_in(ENGINE) - set(pages())) == []


def test_a_page_says_what_is_wrong_and_what_is_right():
    for each in pages().values():
        assert each.title, each.code
        assert not each.title.endswith("."), each.code
        assert each.text.endswith("."), each.code
        assert each.wrong != each.right, each.code


def test_codes_stand_in_order():
    assert list(pages()) == sorted(pages())


def test_a_code_is_found_in_either_case():
    assert page("e203").code == "E203"


def test_an_unknown_code_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match=r"no diagnostic `E999`"):
        page("E999")


def changed(base, fragment):
    """The rule with the keys of the fragment in place of its own."""
    head, _, body = base.partition("  - ")
    lines = ["    " + body.split("\n")[0], *body.split("\n")[1:]]
    keys = set(re.findall(r"^(\w+):", fragment, re.MULTILINE))
    kept, keeps = [], True
    for line in lines:
        if re.match(r"    \w", line):
            keeps = line.strip().partition(":")[0] not in keys
        if keeps and line.strip():
            kept.append(line)
    kept += ["    " + line for line in fragment.split("\n")]
    return head + "  - " + "\n".join(kept)[4:] + "\n"


def rule_codes(write, fragment):
    write({"rules.yaml": changed(RULE, fragment)})
    sources = gather(["rules.yaml"])
    diagnostics = list(sources.diagnostics)
    compiled(sources, diagnostics)
    return {each.code for each in diagnostics}


@pytest.mark.parametrize("each", examples("expression"))
def test_an_expression_of_a_page_is_wrong_or_right(each):
    for text in (each.wrong, each.right):
        made = compiler()
        program = made.expression([(text, span(text))], each.kind)
        codes = {mistake.code for mistake in made.diagnostics}
        assert (each.code in codes) is (text is each.wrong), text
        assert (program is None) is (text is each.wrong), text


@pytest.mark.parametrize("each", examples("rule"))
def test_lines_of_a_rule_of_a_page_are_wrong_or_right(write, each):
    assert each.code in rule_codes(write, each.wrong)
    assert rule_codes(write, each.right) == set()


@pytest.mark.parametrize("each", examples("lint"))
def test_what_lint_doubts_on_a_page_is_doubted(write, each):
    for text in (each.wrong, each.right):
        write({"rules.yaml": changed(RULE, text)})
        codes = {found.code for found in lint(["rules.yaml"]).diagnostics}
        assert (each.code in codes) is (text is each.wrong), text


@pytest.mark.parametrize("each", examples("tests"))
def test_tests_of_a_page_are_refused_or_run(write, each):
    for text in (each.wrong, each.right):
        write({"rules.yaml": changed(RULE, text)})
        codes = {found.code for found in run_tests(["rules.yaml"]).diagnostics}
        assert (each.code in codes) is (text is each.wrong), text


PATTERNS = """\
schema: modelaudit/patterns@1
patterns:
  - id: acme-token
    kind: secret
    regex: 'acme_[a-z]{8}'
    tests: [{name: a, text: acme_abcdefgh, expect: match}, {name: b, text: acme, expect: no-match}]
"""


PATTERNS = """\
schema: modelaudit/patterns@1
patterns:
  - id: acme-token
    kind: secret
    regex: 'acme_[a-z]{8}'
    tests: [{name: a, text: acme_abcdefgh, expect: match}, {name: b, text: acme, expect: no-match}]
"""


@pytest.mark.parametrize("each", [*examples("list"), *examples("macros"), *examples("patterns"), *examples("pack")])
def test_parts_of_a_pack_of_a_page_are_wrong_or_right(write, each):
    for text in (each.wrong, each.right):
        indented = "\n".join(f"  {line}" for line in text.split("\n"))
        keys = set(re.findall(r"^(\w+):", text, re.MULTILINE)) if each.where == "pack" else set()
        manifest = "".join(f"{line}\n" for line in MANIFEST.splitlines() if line.partition(":")[0] not in keys)
        write(
            {
                "p/pack.yaml": manifest
                + (
                    f"{text}\n"
                    if each.where == "pack"
                    else "lists: lists.yaml\nmacros: macros.yaml\npatterns: patterns.yaml\n"
                ),
                "p/rules/a.yaml": RULE,
                "p/lists.yaml": LISTS + (f"{indented}\n" if each.where == "list" else ""),
                "p/patterns.yaml": PATTERNS + (f"{indented}\n" if each.where == "patterns" else ""),
                "p/macros.yaml": "schema: modelaudit/macros@1\nmacros:\n"
                + (f"{indented}\n" if each.where == "macros" else "  'fine(n: str)': 'n == \"a\"'\n"),
            }
        )
        sources = gather(["p"])
        diagnostics = list(sources.diagnostics)
        compiled(sources, diagnostics)
        assert (each.code in {found.code for found in diagnostics}) is (text is each.wrong), text


@pytest.mark.parametrize("each", examples("policy"))
def test_lines_of_a_policy_of_a_page_are_wrong_or_right(write, each):
    for text in (each.wrong, each.right):
        write({"policy.yaml": f"{LISTS_OF_POLICY}{text}\n"})
        chain = load_chain("./policy.yaml")
        found = [*chain.diagnostics, *(resolve(chain).diagnostics if chain.files else ())]
        assert (each.code in {diagnostic.code for diagnostic in found}) is (text is each.wrong), text
