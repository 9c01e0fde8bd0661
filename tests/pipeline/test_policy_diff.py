"""`policy diff` over stored facts says of every model what two whole scans say."""

import json
from collections import Counter

import pytest

from fixtures import archives, pickles, tensors
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline import stored
from modelaudit.pipeline.scan import scan

ACME = """\
schema: modelaudit/policy@1
policy: acme/p
version: 1
extends: [builtin:strict]
severity: {MA1021: info}
lists: {allowed_callables: {append: ['acme_models.**/newobj|build|ref|reduce']}}
allow: [{rules: [MA1090], for: import, when: 'import.module == "posixpath"', reason: ours}]
"""


@pytest.fixture
def fleet(tmp_path):
    """Models of several formats: harmless, dangerous, unknown, damaged, nested."""
    folder = tmp_path / "fleet"
    folder.mkdir()
    bodies = {
        "plain": pickles.harmless(),
        "evil": pickles.reduce_call("os", "system", "echo hi"),
        "unknown": pickles.reduce_call("acme_models", "Tree", 1),
        "near": pickles.reduce_call("posixpath", "expanduser", "~"),
        "cut": pickles.reduce_call("os", "getcwd")[:-2],
        "tail": pickles.broken_after(pickles.harmless()),
    }
    for name, body in bodies.items():
        (folder / f"{name}.pkl").write_bytes(body)
        (folder / f"{name}.pt").write_bytes(archives.checkpoint(data=body))
        (folder / f"{name}.zip").write_bytes(archives.simple("inner.pkl", body))
    (folder / "weights.safetensors").write_bytes(tensors.model())
    (folder / "liar.safetensors").write_bytes(pickles.harmless())
    return folder


def standing(document, model):
    """How everything that is found in a model stands: its severity, or the step that took it out."""
    found = [
        (one.rule, one.artifact, one.subject, one.suppression.step if one.suppression else one.severity)
        for finding in document.findings
        for one in (finding, *finding.related)
        if one.artifact.partition("!")[0] == model
    ]
    return Counter(found)


@pytest.mark.parametrize(("old", "new"), [("default", "strict"), ("default", "permissive"), ("strict", "acme")])
def test_it_agrees_with_two_full_scans(modelaudit, fleet, tmp_path, old, new):
    acme = tmp_path / "acme.yaml"
    acme.write_text(ACME)
    policies = [str(acme) if name == "acme" else name for name in (old, new)]
    facts = tmp_path / "facts.jsonl"
    facts.write_text("".join(stored.write([str(fleet)])))
    done = modelaudit("policy", "diff", *policies, "--facts", facts, "-f", "json")
    assert done.returncode in (0, 1), done.stderr
    answer = json.loads(done.stdout)
    rows = {row["path"]: row for row in answer["models"]}
    assert sorted(rows) == sorted(map(str, fleet.iterdir()))
    sides = [load_ruleset(policy) for policy in policies]
    before, after = (scan([str(fleet)], side) for side in sides)
    for path, row in rows.items():
        alone = [scan([path], side).decision for side in sides]
        assert [row["old"]["outcome"], row["new"]["outcome"]] == [decision.outcome for decision in alone]
        assert [row["old"]["by"], row["new"]["by"]] == [list(decision.by) for decision in alone]
        old_side, new_side = standing(before, path), standing(after, path)
        told = row["findings"]
        assert Counter(_said(one, "old") for one in told if one["old"]) == old_side - new_side
        assert Counter(_said(one, "new") for one in told if one["new"]) == new_side - old_side
    changed = sum(row["old"]["outcome"] != row["new"]["outcome"] for row in rows.values())
    assert (answer["changed"], done.returncode) == (changed, 1 if changed else 0)
    assert changed or any(row["findings"] for row in rows.values())


def _said(change, side):
    return change["rule"], change["artifact"], change["subject"], change[side]
