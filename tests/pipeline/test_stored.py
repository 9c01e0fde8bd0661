"""Documents of facts: judged without the models they say what a scan says, and a hostile one is only an error."""

import hashlib
import json
import os
import tracemalloc

import pytest

from fixtures import archives, pickles, tensors
from modelaudit.engine.facts import KINDS
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline import rejudge, stored
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.rejudge import read_facts, scan_facts
from modelaudit.pipeline.scan import facts, scan
from modelaudit.pipeline.store.codec import dump
from modelaudit.sources.errors import SourceError

TIMES = {"started", "duration"}
REFERS = '{"weight_map": {"a": "m-00001-of-00001.safetensors", "b": "../elsewhere.safetensors"}}'


@pytest.fixture(scope="module")
def rules(cache_folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELAUDIT_CACHE_DIR", str(cache_folder))
        return load_ruleset()


@pytest.fixture(scope="module")
def strict(cache_folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELAUDIT_CACHE_DIR", str(cache_folder))
        return load_ruleset("strict")


@pytest.fixture
def models(tmp_path):
    """Files of all sorts: nested, dangerous, mislabelled, unknown, empty, unreadable; a link out; shards."""
    folder = tmp_path / "models"
    (folder / "inner").mkdir(parents=True)
    (folder / "evil.pkl").write_bytes(pickles.reduce_call("os", "system", "echo hi"))
    (folder / "model.pt").write_bytes(archives.checkpoint(data=pickles.reduce_call("posix", "system", "echo")))
    (folder / "inner" / "twice!.zip").write_bytes(archives.simple("a.pt", archives.checkpoint()))
    (folder / "liar.safetensors").write_bytes(pickles.harmless())
    (folder / "cut.pkl").write_bytes(pickles.reduce_call("os", "system", "echo")[:-3])
    (folder / "unknown.bin").write_bytes(b"\x00\x01\x02\x03" * 40)
    (folder / "empty.pt").write_bytes(b"")
    (folder / "README.md").write_text("# A model\n\u202e \ud83d\ude00", errors="ignore")
    (folder / "inner" / "m.safetensors.index.json").write_text(REFERS)
    (folder / "inner" / "m-00001-of-00001.safetensors").write_bytes(tensors.model())
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    (folder / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    return folder


def said(document):
    return {name: getattr(document, name) for name in document.__slots__ if name not in TIMES}


def written(path, *models, **options):
    errors = []
    path.write_text("".join(stored.write([str(model) for model in models], Options(**options), errors=errors)))
    return path


def test_stored_facts_say_what_a_scan_says(rules, strict, models, tmp_path):
    path = written(tmp_path / "facts.jsonl", models, tmp_path / "missing")
    expected = [said(scan([str(models), str(tmp_path / "missing")], ruleset)) for ruleset in (rules, strict)]
    for file in sorted(models.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
    for ruleset, whole in zip((rules, strict), expected, strict=True):
        again = said(scan_facts([str(path)], ruleset))
        assert again == whole
    assert expected[0]["findings"]
    assert expected[0]["errors"]
    assert expected[0]["notices"]
    assert expected[0] != expected[1]


def test_limits_hold_for_stored_facts_as_for_models(rules, models, tmp_path):
    path = written(tmp_path / "facts.jsonl", models)
    for options in ({"max_file_size": 100}, {"max_total_size": 600}, {"fail_on": "critical"}):
        again = scan_facts([str(path)], rules, Options(**options))
        assert said(again) == said(scan([str(models)], rules, Options(**options)))


def test_files_beyond_the_limit_of_the_writer_stay_listed(rules, models, tmp_path):
    path = written(tmp_path / "facts.jsonl", models, max_file_size=100)
    expected = scan([str(models)], rules, Options(max_file_size=100))
    assert said(scan_facts([str(path)], rules)) == said(expected)


def test_the_facts_are_those_of_the_models(models, tmp_path):
    path = written(tmp_path / "facts.jsonl", models)
    fresh = list(facts([str(models)], errors=[]))
    again = list(read_facts([str(path)]))
    assert len(again) == len(fresh)
    for one, other in zip(fresh, again, strict=True):
        assert [node.artifact for node in one.walk()] == [node.artifact for node in other.walk()]
        assert [node.facts for node in one.walk()] == [node.facts for node in other.walk()]


def test_a_folder_of_documents_is_judged_together(rules, models, tmp_path):
    folder = tmp_path / "fleet"
    folder.mkdir()
    written(folder / "a.jsonl", models / "evil.pkl")
    written(folder / "b.jsonl", models / "model.pt")
    (folder / "notes.txt").write_text("no facts")
    both = [str(models / "evil.pkl"), str(models / "model.pt")]
    assert said(scan_facts([str(folder)], rules)) == said(scan(both, rules))


def test_kinds_that_nobody_reads_are_not_made_from_the_lines(models, tmp_path):
    path = written(tmp_path / "facts.jsonl", models)
    trees = read_facts([str(path)], {"import", "call", "member"}.__contains__)
    kinds = {kind for tree in trees for node in tree.walk() for kind in node.facts}
    assert "tensor" not in kinds
    assert {"import", "call", "member"} <= kinds


def rewritten(path, change):
    """The document with changed lines and an end that fits them."""
    lines = [json.loads(line) for line in path.read_text().split("\n")[:-2]]
    change(lines)
    texts = [dump(line) + "\n" for line in lines]
    path.write_text("".join(texts) + ending(texts))
    return path


def ending(texts):
    """The last line of a document: the digest of what stands in no block."""
    total, inside = hashlib.sha256(), 0
    for text in texts:
        if inside:
            inside -= 1
            continue
        total.update(text.encode())
        if text.startswith('{"block"'):
            inside = json.loads(text)["lines"]
    return dump({"end": total.hexdigest()}) + "\n"


def test_what_the_maker_did_not_compute_leaves_rules_inconclusive(rules, models, tmp_path):
    path = written(tmp_path / "facts.jsonl", models / "model.safetensors", models / "inner" / "twice!.zip")
    assert scan_facts([str(path)], rules).decision.outcome != "fail"

    def older(lines):
        del lines[0]["computed"]["call"]
        lines[0]["computed"]["import"].remove("names")

    document = scan_facts([str(rewritten(path, older))], rules)
    assert document.decision.exit_code == 2
    assert any("call" in item.cause for item in document.inconclusive)
    assert any("import.names was not computed" in item.cause for item in document.inconclusive)
    assert {"partial"} == {artifact.coverage for artifact in document.artifacts}
    assert any("stored facts lack" in reason for artifact in document.artifacts for reason in artifact.reasons)


def test_what_nobody_reads_may_be_missing(models, tmp_path):
    policy = "schema: modelaudit/policy@1\npolicy: few\nversion: 1\nowner: o\nselect: ['tag:pickle']\n"
    (tmp_path / "few.yaml").write_text(policy, encoding="utf-8")
    rules = load_ruleset(str(tmp_path / "few.yaml"))
    path = written(tmp_path / "facts.jsonl", models / "evil.pkl")
    expected = said(scan_facts([str(path)], rules))
    unread = next(kind for kind in KINDS if not rules.wants(kind))
    rewritten(path, lambda lines: lines[0]["computed"].pop(unread) and None)
    assert said(scan_facts([str(path)], rules)) == expected


def test_facts_of_other_parsers_are_judged_and_named(rules, models, tmp_path):
    path = written(tmp_path / "facts.jsonl", models / "evil.pkl")
    rewritten(path, lambda lines: lines[0].update(parsers="0" * 64, tool="0.9"))
    document = scan_facts([str(path)], rules)
    assert document.findings
    assert any("other parsers (modelaudit 0.9)" in notice for notice in document.notices)


HEADER = {"schema": stored.SCHEMA, "tool": "1", "facts": "1.0", "parsers": "p", "paths": ["m"], "computed": {}}
FILE = {"file": "m.pkl", "size": 1, "named": True, "read": True, "late": False, "errors": []}
ARTIFACT = {"fact": "artifact", "path": "m.pkl", "name": "m.pkl", "format": "pickle", "coverage": "full"}


def document(*lines, header=None, end=None):
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in (header or HEADER, *lines))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return text + json.dumps({"end": end or digest}) + "\n"


def of(*facts, **changes):
    return document({**FILE, "lines": len(facts), **changes}, *facts)


def fact(kind, **fields):
    return {"fact": kind, **fields}


def blocked(text, digest=None):
    digest = digest or hashlib.sha256(text.encode()).hexdigest()
    head = {"block": "import", "facts": 1, "lines": 1, "bytes": len(text), "sha256": digest}
    lines = (HEADER, {**FILE, "lines": 2}, ARTIFACT)
    texts = [*(dump(line) + "\n" for line in lines), dump(head) + "\n", text]
    return "".join(texts) + ending(texts)


HOSTILE = {
    "empty": "",
    "no JSON": "\x00\x01\x02",
    "a list": "[]\n",
    "another schema": document(header={**HEADER, "schema": "modelaudit/facts@9"}),
    "no schema": document(header={"tool": "1"}),
    "paths of numbers": document(header={**HEADER, "paths": [1]}),
    "computed of numbers": document(header={**HEADER, "computed": {"call": 1}}),
    "no end": json.dumps(HEADER) + "\n",
    "half a line": json.dumps(HEADER) + '\n{"file',
    "another digest": document(end="0" * 64),
    "digest of another type": document(end=[1]),
    "more after the end": document() + "{}\n",
    "an unknown record": document({"surprise": 1}),
    "a number for a record": document("17"),
    "deep nesting": document("[" * 100_000),
    "an endless number": document('{"file": ' + "9" * 10_000 + "}"),
    "not a number": document('{"file": NaN}'),
    "lone surrogate": of('{"fact": "artifact", "path": "\\ud800"}'),
    "bytes that are no text": document("\udcff"),
    "a block without its size": document({**FILE, "lines": 2}, ARTIFACT, '{"block":"import"}'),
    "a block of truths": document({**FILE, "lines": 2}, ARTIFACT, '{"block":"import","lines":true,"bytes":true}'),
    "a block of no kind": document({**FILE, "lines": 2}, ARTIFACT, '{"block":[],"lines":1,"bytes":9}'),
    "an endless block": document({**FILE, "lines": 2}, ARTIFACT, f'{{"block":"import","lines":1,"bytes":{10**12}}}'),
    "a block beyond the end": document({**FILE, "lines": 2}, ARTIFACT, '{"block":"op","lines":1,"bytes":9999999}'),
    "a block with another digest": blocked('{"fact":"import"}\n', digest="0" * 64),
    "a block with more lines": blocked('{"fact":"import"}\n{"fact":"import"}\n'),
    "a block with half a line": blocked('{"fact":"import"}'),
    "fewer lines than said": document({**FILE, "lines": 5}, ARTIFACT),
    "negative lines": document({**FILE, "lines": -1}),
    "lines of another type": document({**FILE, "lines": "1"}),
    "no lines, no facts": of(size="big"),
    "no name": document({"file": None, "lines": 0}),
    "errors of numbers": document({**FILE, "lines": 0, "errors": [1]}),
    "error of a number": document({"error": 1}),
    "listed of a number": document({**FILE, "lines": 0, "read": False, "listed": 7}),
    "a link without facts": document({"link": "x", "escapes": True, "lines": 0}),
    "facts of another file": of({**ARTIFACT, "path": "other.pkl"}),
    "fact before its artifact": of(fact("import", name="x")),
    "artifact nested in nothing": of({**ARTIFACT, "depth": 1}),
    "depth out of order": of(ARTIFACT, {**ARTIFACT, "path": "m.pkl!a!b", "depth": 2}),
    "two files as one": of(ARTIFACT, ARTIFACT),
    "a member of another file": of(ARTIFACT, {**ARTIFACT, "path": "z!a", "depth": 1}),
    "coverage of its own": of({**ARTIFACT, "coverage": "splendid"}),
    "unknown kind": of(ARTIFACT, fact("miracle")),
    "kind of another type": of(ARTIFACT, '{"fact": 7}'),
    "two kinds": of(ARTIFACT, '{"fact":"import","fact":"limit"}'),
    "an artifact of two kinds": of('{"fact":"artifact","fact":"limit"}'),
    "unknown field": of(ARTIFACT, fact("import", colour="red")),
    "number for text": of(ARTIFACT, fact("import", name=7)),
    "text for number": of(ARTIFACT, fact("member", size="7")),
    "null": of(ARTIFACT, fact("import", name=None)),
    "truth for number": of(ARTIFACT, fact("member", size=True)),
    "set of lists": of(ARTIFACT, fact("import", names=[["x"]])),
    "set of nothing": of(ARTIFACT, fact("import", names=7)),
    "places of numbers": of(ARTIFACT, fact("import", places=[1])),
    "place with a field": of(ARTIFACT, fact("import", places=[{"x": 1}])),
    "args of texts": of(ARTIFACT, fact("call", args=["x"])),
    "endless ratio": of(ARTIFACT, '{"fact":"member","ratio":1e999}'),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_an_error_and_nothing_worse(rules, tmp_path, name):
    path = tmp_path / "facts.jsonl"
    path.write_bytes(HOSTILE[name].encode("utf-8", "surrogateescape"))
    result = scan_facts([str(path)], rules)
    assert result.decision.exit_code == 2
    assert [error.code for error in result.errors][:1] == [rejudge.CODE]
    assert result.errors[0].message.startswith(f"{path}:")


def test_kinds_that_are_not_wanted_are_checked_when_they_are(tmp_path):
    path = tmp_path / "facts.jsonl"
    path.write_text(of(ARTIFACT, fact("op", attributes={"a": 1})))
    assert len(list(read_facts([str(path)], lambda name: False))) == 1
    with pytest.raises(SourceError, match=r"facts\.jsonl:4: op\.attributes has the wrong type"):
        list(read_facts([str(path)]))


def test_a_block_that_is_asked_for_is_verified(rules, models, tmp_path):
    path = written(tmp_path / "facts.jsonl", models / "evil.pkl")
    text = path.read_text()
    assert "os.system" in text
    path.write_text(text.replace("os.system", "io.system"))
    result = scan_facts([str(path)], rules)
    assert [error.code for error in result.errors] == [rejudge.CODE]
    assert "digest differs" in result.errors[0].message


def test_what_stands_before_the_damage_is_judged(rules, models, tmp_path):
    path = written(tmp_path / "facts.jsonl", models / "evil.pkl", models / "model.pt")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-3]))
    result = scan_facts([str(path)], rules)
    assert result.decision.exit_code == 1
    assert [error.code for error in result.errors] == [rejudge.CODE]
    assert {finding.artifact for finding in result.findings} == {str(models / "evil.pkl")}


def test_a_missing_document_is_an_error(rules, tmp_path):
    result = scan_facts([str(tmp_path / "none.jsonl")], rules)
    assert [error.code for error in result.errors] == ["missing-path"]
    assert result.decision.exit_code == 2


def test_a_folder_without_documents_is_nothing_scanned(rules, tmp_path):
    result = scan_facts([str(tmp_path)], rules)
    assert [error.code for error in result.errors] == ["nothing-scanned"]
    assert result.decision.exit_code == 2


def test_memory_does_not_grow_with_the_document(rules, models, tmp_path):
    one = written(tmp_path / "one.jsonl", models / "evil.pkl")
    header, *body = (f"{line}\n" for line in one.read_text().split("\n")[:-2])
    texts = [header, *body * 3000]
    path = tmp_path / "many.jsonl"
    path.write_text("".join(texts) + ending(texts))
    del texts
    size = path.stat().st_size
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_facts([str(path)], rules.wants))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 3000
    assert size > 3_000_000
    assert peak < size / 4


def test_a_line_that_is_too_long_is_refused(rules, tmp_path, monkeypatch):
    monkeypatch.setattr(rejudge, "MAX_LINE", 1000)
    path = tmp_path / "facts.jsonl"
    path.write_text(of(ARTIFACT, fact("text", value="x" * 2000)))
    result = scan_facts([str(path)], rules)
    assert "too long" in result.errors[0].message


def test_a_fact_too_long_for_a_line_is_an_error_of_the_writer(rules, models, tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "MAX_BLOCK", 200)
    errors = []
    text = "".join(stored.write([str(models / "evil.pkl")], errors=errors))
    assert [error.code for error in errors] == ["unreadable"]
    path = tmp_path / "facts.jsonl"
    path.write_text(text)
    assert scan_facts([str(path)], rules).decision.exit_code == 2
