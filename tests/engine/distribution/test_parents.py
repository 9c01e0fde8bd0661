"""Policies at addresses: fetched by `policy fetch` alone, kept by their digests, read without a network."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from modelaudit.cli.run import run
from modelaudit.engine.diagnostics import DiagnosticsError
from modelaudit.engine.distribution import fetch, parents
from modelaudit.engine.distribution.errors import PackError
from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.policy.load import load_chain

HEAD = "schema: modelaudit/policy@1\npolicy: acme\nversion: 1\n"
STRICT = HEAD.replace("acme", "acme/strict") + "gate: {fail_on: warning}\nfinal: [gate.fail_on]\n"


def digest(text):
    return sha256(text.encode()).hexdigest()


@pytest.fixture
def place(tmp_path, server, monkeypatch):
    """A folder with a policy to write, and a server: `serve(path, text)` gives the pinned address."""
    monkeypatch.setenv("MODELAUDIT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    address, pages = server

    def serve(path, text, pinned=""):
        pages[path] = (200, {}, text.encode())
        return f"{address}{path}#sha256={pinned or digest(text)}"

    return serve


def write(body, name="policy.yaml"):
    Path(name).write_text(HEAD + body, encoding="utf-8")
    return f"./{name}"


def codes(policy):
    with pytest.raises(DiagnosticsError) as caught:
        load_ruleset(policy)
    return [found.code for found in caught.value.diagnostics]


def test_a_policy_is_fetched_once_and_read_without_a_network(place, monkeypatch):
    policy = write(f"extends: ['{place('/strict.yaml', STRICT)}']\n")
    assert codes(policy) == ["E313"]
    assert [parent.sha256 for parent in parents.fetch_parents(policy)] == [digest(STRICT)]
    monkeypatch.setattr(fetch, "download", lambda *_: pytest.fail("the network was used"))
    assert load_ruleset(policy).policy.gate["fail_on"] == "warning"
    assert load_ruleset(policy, cache=False).policy.chain == ("acme/strict@1", "acme@1")
    assert parents.fetch_parents(policy) == []


def test_a_scan_says_which_command_to_run_and_asks_nobody(place, monkeypatch, capsys):
    policy = write(f"extends: ['{place('/strict.yaml', STRICT)}']\n")
    Path("a.txt").write_text("a", encoding="utf-8")
    monkeypatch.setattr(fetch, "download", lambda *_: pytest.fail("the network was used"))
    assert run(["scan", "a.txt", "--policy", policy]) == 2
    assert "modelaudit policy fetch" in capsys.readouterr().err


def test_the_command_names_what_it_fetched(place, capsys):
    word = place("/strict.yaml", STRICT)
    policy = write(f"extends: ['{word}']\n")
    assert run(["policy", "fetch", policy]) == 0
    assert capsys.readouterr().out == f"{word.partition('#')[0]}  sha256 {digest(STRICT)[:16]}…\n"
    assert run(["policy", "fetch", policy]) == 0
    assert capsys.readouterr().out == "./policy.yaml: everything that it extends is here\n"


def test_what_a_fetched_policy_extends_is_fetched_too(place):
    base = place("/base.yaml", STRICT)
    middle = place("/middle.yaml", HEAD.replace("acme", "acme/middle") + f"extends: ['builtin:default', '{base}']\n")
    policy = write(f"extends: ['{middle}']\n")
    assert len(parents.fetch_parents(policy)) == 2
    names = ("builtin:default@1", "acme/strict@1", "acme/middle@1", "acme@1")
    assert load_ruleset(policy).policy.chain == names


def test_another_file_than_the_pinned_one_is_refused_and_not_kept(place, tmp_path):
    policy = write(f"extends: ['{place('/strict.yaml', STRICT, 64 * '0')}']\n")
    with pytest.raises(PackError, match=f"its SHA-256 is {digest(STRICT)}"):
        parents.fetch_parents(policy)
    assert not list(tmp_path.glob("data/policies/*"))
    assert codes(policy) == ["E313"]


def test_a_page_that_is_gone_or_too_large_is_refused(place, monkeypatch):
    policy = write(f"extends: ['{place('/a.yaml', STRICT + '#' * 1000)}']\n")
    monkeypatch.setattr("modelaudit.engine.yaml_tree.MAX_BYTES", 1000)
    with pytest.raises(PackError, match="larger than"):
        parents.fetch_parents(policy)
    gone = place("/a.yaml", STRICT).replace("/a.yaml", "/gone.yaml")
    with pytest.raises(PackError, match="404"):
        parents.fetch_parents(write(f"extends: ['{gone}']\n"))


def test_a_kept_copy_that_was_changed_is_not_read_and_can_be_fetched_again(place, tmp_path):
    policy = write(f"extends: ['{place('/strict.yaml', STRICT)}']\n")
    parents.fetch_parents(policy)
    load_ruleset(policy)
    [kept] = tmp_path.glob("data/policies/*")
    kept.write_text(STRICT.replace("warning", "critical"), encoding="utf-8")
    assert codes(policy) == ["E313"]
    assert len(parents.fetch_parents(policy)) == 1
    assert load_ruleset(policy).policy.gate["fail_on"] == "warning"


def test_a_final_key_of_a_fetched_policy_binds(place):
    policy = write(
        f"extends: ['{place('/strict.yaml', STRICT)}']\ngate: {{min_confidence: proved, fail_on: critical}}\n"
    )
    parents.fetch_parents(policy)
    assert codes(policy) == ["E310"]


def test_mistakes_in_a_fetched_policy_stand_at_its_address(place, capsys):
    word = place("/strict.yaml", STRICT.replace("warning", "never"))
    policy = write(f"extends: ['{word}']\n")
    with pytest.raises(DiagnosticsError) as caught:
        parents.fetch_parents(policy)
    [found] = caught.value.diagnostics
    assert (found.code, found.span.file, found.span.line) == ("E113", word.partition("#")[0], 4)
    assert run(["policy", "check", policy, "-f", "sarif"]) == 2
    [result] = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == word.partition("#")[0]


def test_paths_in_a_fetched_policy_start_where_those_of_the_child_do(place):
    text = STRICT + "sources: {allow: ['file://models/**']}\nextends: [./base.yaml]\n"
    policy = write(f"extends: ['{place('/strict.yaml', text)}']\n")
    with pytest.raises(DiagnosticsError) as caught:
        parents.fetch_parents(policy)
    [found] = caught.value.diagnostics
    assert (found.code, found.help) == (
        "E301",
        "paths in a policy from an address are relative to the policy that extends it",
    )
    write("", "base.yaml")
    parents.fetch_parents(policy)
    assert load_chain(policy).files[1].folder == str(Path.cwd().resolve())


def test_a_policy_that_brings_too_many_is_refused(place, monkeypatch):
    monkeypatch.setattr(parents, "MAX_POLICIES", 1)
    words = [place(f"/{name}.yaml", HEAD.replace("acme", name)) for name in "ab"]
    with pytest.raises(PackError, match="more than 1 policies"):
        parents.fetch_parents(write(f"extends: {words}\n"))


def test_a_file_can_be_pinned_too(place):
    write("", "base.yaml")
    right = digest(HEAD)
    assert load_ruleset(write(f"extends: ['./base.yaml#sha256={right}']\n")).policy.policy == "acme"
    policy = write(f"extends: [./base.yaml, './base.yaml#sha256={64 * '0'}']\n")
    with pytest.raises(DiagnosticsError) as caught:
        load_ruleset(policy)
    [found] = caught.value.diagnostics
    assert (found.code, found.span.line, found.label) == ("E314", 4, f"its digest is {right}")


def test_an_address_is_no_policy_to_scan_with(place):
    with pytest.raises(UsageError, match="a policy is a file, not an address"):
        load_ruleset("https://acme.example/strict.yaml")
