"""The commands for authors of rules, as processes."""

import json
from pathlib import Path

import pytest

from fixtures import pickles
from fixtures.packs import MANIFEST, RULE, changed

BAD = changed(RULE, ('import.qualname == "acme.run"', 'import.modul == "acme.run"'))


@pytest.fixture
def put(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_mistakes_of_all_files_come_at_once_as_text_json_and_sarif(modelaudit, put):
    put("a.yaml", BAD)
    put("b.yaml", changed(BAD, ("ACME-1", "ACME-2")))
    text = modelaudit("rules", "lint", "a.yaml", "b.yaml")
    assert text.returncode == 2
    assert text.stdout.count("error[E203]") == 2
    assert text.stdout.endswith("2 rules, 2 errors, 0 warnings\n")
    for command in (["rules", "lint"], ["rules", "test"]):
        said = modelaudit(*command, "a.yaml", "b.yaml", "--format", "json")
        assert said.returncode == 2
        places = [(d["code"], d["file"], d["line"], d["column"]) for d in json.loads(said.stdout)["diagnostics"]]
        assert places == [("E203", "a.yaml", 12, 19), ("E203", "b.yaml", 12, 19)]
    sarif = json.loads(modelaudit("rules", "lint", "a.yaml", "-f", "sarif").stdout)
    assert sarif["runs"][0]["results"][0]["ruleId"] == "E203"


def test_lint_warns_with_exit_code_1_and_is_quiet_about_good_rules(modelaudit, put):
    put("a.yaml", RULE)
    assert modelaudit("rules", "lint", "a.yaml").returncode == 0
    put("a.yaml", changed(RULE, ("    why: It would run.\n", "")))
    done = modelaudit("rules", "lint", "a.yaml")
    assert done.returncode == 1
    assert "warning[W301]" in done.stdout


def test_mistakes_of_a_policy_are_told_to_machines_too(modelaudit, put):
    put("p.yaml", "schema: modelaudit/policy@1\npolicy: a\nversion: 1\nselct: []\n")
    done = modelaudit("policy", "check", "p.yaml", "-f", "json")
    assert done.returncode == 2
    (mistake,) = json.loads(done.stdout)["diagnostics"]
    assert (mistake["code"], mistake["file"], mistake["line"]) == ("E110", "p.yaml", 4)


def fixture_pack(put):
    tests = "      - {name: a real file, fixture: pickle/run, expect: {match: 1, at: ['run.pkl@0xf']}}\n"
    put("p/pack.yaml", MANIFEST)
    put("p/rules/a.yaml", RULE + tests)
    return pickles.stream(pickles.reduce_call("acme", "run", "hello"))


def test_a_fixture_is_scanned_and_judged(modelaudit, put):
    model = fixture_pack(put)
    put("p/tests/fixtures/pickle/run.pkl", model)
    done = modelaudit("rules", "test", "p", "-v")
    assert "a real file" in done.stdout
    offset = next((line for line in done.stdout.splitlines() if "expected a finding at" in line), "")
    assert done.returncode == 0, offset
    assert "1 rule, 3 tests, 0 failed\n" in done.stdout


def test_fixtures_are_taken_from_the_folder_that_is_given(modelaudit, put):
    put("elsewhere/pickle/run.pkl", fixture_pack(put))
    assert "1 skipped" in modelaudit("rules", "test", "p").stdout
    assert "3 tests, 0 failed\n" in modelaudit("rules", "test", "p", "--fixtures", "elsewhere").stdout


def test_a_fixture_that_is_not_there_fails_its_test_alone(modelaudit, put):
    fixture_pack(put)
    put("elsewhere/x", b"")
    done = modelaudit("rules", "test", "p", "--fixtures", "elsewhere")
    assert done.returncode == 1
    assert "there is no fixture `pickle/run` in elsewhere" in done.stdout
    said = json.loads(modelaudit("rules", "test", "p", "--fixtures", "elsewhere", "-f", "json").stdout)
    assert [d["code"] for d in said["diagnostics"]] == ["E132"]


def test_coverage_names_the_leaves_that_tests_have_not_seen(modelaudit, put):
    put(
        "a.yaml",
        changed(RULE, ('\'import.qualname == "acme.run"', '\'import.computed or import.qualname == "acme.run"')),
    )
    done = modelaudit("rules", "coverage", "a.yaml")
    assert done.returncode == 1
    assert done.stdout == "ACME-1  when    -F  import.computed\n1 of 2 leaf conditions seen true and false (50 %)\n"
    every = modelaudit("rules", "coverage", "a.yaml", "--all", "-f", "json")
    assert [leaf["text"] for leaf in json.loads(every.stdout)] == [
        "import.computed",
        'import.qualname == "acme.run"',
    ]


def test_fmt_checks_writes_and_then_has_nothing_to_do(modelaudit, put):
    path = put("a.yaml", changed(RULE, ("    name: acme-one\n", ""), ("    tests:", "    name: acme-one\n    tests:")))
    check = modelaudit("rules", "fmt", "--check", ".")
    assert (check.returncode, check.stdout) == (1, "not in form  ./a.yaml\n")
    assert modelaudit("rules", "fmt", "a.yaml").stdout == "formatted  a.yaml\n"
    assert path.read_text(encoding="utf-8") == RULE
    again = modelaudit("rules", "fmt", "--check", "a.yaml")
    assert (again.returncode, again.stdout) == (0, "")


def test_fmt_refuses_what_is_no_yaml(modelaudit, put):
    put("a.yaml", "rules: [")
    done = modelaudit("rules", "fmt", "a.yaml")
    assert done.returncode == 2
    assert "error[E101]" in done.stderr
    assert modelaudit("rules", "fmt", "gone.yaml").returncode == 2


def test_new_writes_a_rule_and_never_over_another(modelaudit, put, tmp_path):
    assert modelaudit("rules", "new", "ACME-1", "--for", "tensor", "-o", "new.yaml").returncode == 0
    assert modelaudit("rules", "test", "new.yaml", "-q").returncode == 0
    before = (tmp_path / "new.yaml").read_bytes()
    again = modelaudit("rules", "new", "ACME-2", "--for", "tensor", "-o", "new.yaml")
    assert again.returncode == 2
    assert "cannot write new.yaml" in again.stderr
    assert (tmp_path / "new.yaml").read_bytes() == before
    assert modelaudit("rules", "new", "ACME-1", "--for", "tensro").returncode == 2


def test_bench_tells_what_rules_cost(modelaudit, put):
    put("m.pkl", pickles.stream(pickles.reduce_call("os", "system", "echo")))
    costs = json.loads(modelaudit("rules", "bench", "m.pkl", "--rule", "import-process", "-f", "json").stdout)
    assert [(cost["rule"], cost["facts"], cost["hits"]) for cost in costs] == [("MA1001", 1, 1)]
    assert modelaudit("rules", "bench", "--rule", "nothing").returncode == 2
    assert "ns/fact" in modelaudit("rules", "bench", "--top", "2").stdout
    table = modelaudit("rules", "bench", "m.pkl").stdout.splitlines()
    assert all(int(line.split()[1]) for line in table[1:-1])
    assert table[-1].endswith("rules met no fact of their kind")


def test_trace_tells_which_leaf_said_no(modelaudit, put):
    put("a.yaml", RULE)
    put("m.pkl", pickles.stream(pickles.reduce_call("acme", "walk", "x")))
    done = modelaudit("trace", "--rule", "acme-one", "--rules", "a.yaml", "m.pkl")
    assert done.returncode == 0
    assert 'no-match, `import.qualname == "acme.run"` said no' in done.stdout
    assert '✗ import.qualname == "acme.run"  — "acme.walk"' in done.stdout
    said = json.loads(modelaudit("trace", "--rule", "ACME-1", "--rules", "a.yaml", "m.pkl", "-f", "json").stdout)
    assert said["facts"][0]["when"]["value"] is False


def test_trace_refuses_unknown_rules_and_tells_of_missing_models(modelaudit, put):
    unknown = modelaudit("trace", "--rule", "MA1OO1", "m.pkl")
    assert unknown.returncode == 2
    assert "there is no rule `MA1OO1`" in unknown.stderr
    assert modelaudit("trace", "--rule", "MA1001", "gone.pkl").returncode == 2


def test_explain_tells_of_rules_and_of_codes(modelaudit):
    code = modelaudit("explain", "e214")
    assert code.stdout.startswith("error[E214]: The field may be absent\n")
    assert "Right:\n    artifact has version" in code.stdout
    assert modelaudit("explain", "MA1001").stdout.startswith("MA1001 import-process\n")
    assert modelaudit("explain", "E999").returncode == 2


@pytest.mark.parametrize("kind", ["rules", "pack", "lists", "macros", "policy", "facts", "report"])
def test_schema_prints_the_schema_of_every_kind(modelaudit, kind):
    said = json.loads(modelaudit("schema", kind).stdout)
    root = Path(__file__).parents[2]
    assert said == json.loads((root / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8"))
