"""Configurations of model repositories: what is recognised, what they name, and what is wrong with the text."""

import json

import pytest

from fixtures import mutants
from fixtures import repositories as repo
from modelaudit.engine.facts import Code, Defect, Fact, Import, Limit, Metadata, Reference, Text
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.parsers.repository import parse, recognise_json, recognise_yaml


def read(data, format="repository-json"):
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    items = list(parse(Input("config.json", BytesReader(raw), format), Context()))
    return [item for item in items if isinstance(item, Fact)]


def of(kind, facts):
    return [fact for fact in facts if isinstance(fact, kind)]


def formats(name, data):
    extension = "." + name.rpartition(".")[2]
    return Registry.load().recognise(data[:4096], BytesReader(data), extension).formats


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("config.json", "repository-json"),
        ("adapter_config.json", "repository-json"),
        ("model_index.json", "repository-json"),
        ("tokenizer.json", "repository-json"),
        ("chat_template.jinja", "chat-template"),
        ("hydra.yaml", "repository-yaml"),
        ("modeling_acme.py", "python-source"),
        ("vocab.txt", "text"),
    ],
)
def test_files_are_recognised_by_their_content(name, format):
    assert formats(name, repo.BENIGN[name]) == (format,)
    assert formats("x.bin", repo.BENIGN[name]) == (format,)


def test_keys_are_recognised_wherever_and_however_they_are_written():
    escaped = json.dumps({"auto_map": {"AutoModel": "a.B"}}).replace("auto_map", "\\u0061uto_map").encode()
    late = json.dumps({"padding": "x" * 3_000_000, "auto_map": {"AutoModel": "a.B"}}).encode()
    for data in (escaped, late):
        assert recognise_json(data[:4096], BytesReader(data))
        assert [fact.target for fact in of(Reference, read(data))] == ["a.B"]
    late = b"a: 1\n" * 200_000 + b"b:\n  _target_: os.getpid\n"
    assert recognise_yaml(late[:4096], BytesReader(late))


def test_auto_map_names_code_of_the_repository():
    found = of(Reference, read(repo.REMOTE))
    assert [(one.owner, one.target) for one in found if one.kind == "auto_map"] == [
        ("AutoModel", "modeling_acme.Model"),
        ("AutoTokenizer", "tok.Slow"),
    ]


def test_targets_are_imports():
    config = {
        "a": {"_target_": "os.getpid"},
        "b": [{"class_path": "acme.Net", "init_args": {}}],
        "c": {"target": "ldm.Unet", "params": {}},
        "d": {"target": "web.prod"},
        "e": {"_target_": "${x}.y"},
        "f": {"_target_": "a.b:c"},
        "g": {"_target_": 3},
    }
    found = {one.qualname: one for one in of(Import, read(config))}
    assert set(found) == {"os.getpid", "acme.Net", "ldm.Unet", "${x}.y", "a.b.c"}
    assert found["${x}.y"].computed
    assert not found["os.getpid"].computed


def test_tags_of_yaml_are_imports_in_every_document():
    text = (
        b"a: !!python/object/apply:os.getpid []\n--- \nb: !!python/name:math.pi\n"
        b"c: !!javax.script.Engine [x]\nd: !ruby/object:Gem::Installer {}\ne: !!python/tuple [1]\nf: !include x\n"
    )
    found = {one.qualname: one.uses for one in of(Import, read(text, "repository-yaml"))}
    assert found == {
        "os.getpid": {"called"},
        "math.pi": {"ref"},
        "javax.script.Engine": {"called"},
        "ruby.Gem::Installer": {"called"},
    }


def test_what_stands_before_a_mistake_is_read():
    found = of(Import, read(b"a:\n  _target_: os.getpid\nb: [1\nc: {\n", "repository-yaml"))
    assert [one.qualname for one in found] == ["os.getpid"]


def test_aliases_are_not_written_out():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    found = read("\n".join(lines).encode(), "repository-yaml")
    assert [one.code for one in of(Defect, found)] == ["yaml-alias-bomb"]
    assert not of(Defect, read(b"a: &a [1, 2]\nb: *a\nc: *a\n", "repository-yaml"))


def test_deep_and_large_documents_are_limits():
    assert of(Limit, read(b"a: " + b"[" * 1000, "repository-yaml"))[0].what == "depth"
    assert of(Limit, read(b"a: 1\n" * 1_000_000, "repository-yaml"))[0].what == "size"
    assert of(Limit, read(b'{"auto_map":' * 200_000))[0].what == "depth"


def test_values_of_keys_that_decide_are_metadata():
    config = {
        "trust_remote_code": True,
        "custom_pipelines": {"text": {"impl": "mod.Pipe", "pt": ["A"]}},
        "_attn_implementation": "acme/kernel",
    }
    found = {one.key: one.value for one in of(Metadata, read(config))}
    assert found["trust_remote_code"] == "true"
    assert found["custom_pipelines.text.impl"] == "mod.Pipe"
    assert found["_attn_implementation"] == "acme/kernel"


def test_templates_are_texts_and_code():
    for template in (repo.CHAT, [{"name": "default", "template": repo.CHAT}]):
        found = read({"chat_template": template})
        assert [one.owner for one in of(Text, found)] == ["config.json", "chat_template"]
        assert {one.language for one in of(Code, found)} >= {"jinja"}


def test_tokenizers_tell_what_they_rewrite_and_numbers_that_stand_twice():
    tokenizer = {
        **repo.TOKENIZER,
        "added_tokens": [{"id": 1, "content": "<evil>"}],
        "decoder": {"type": "Replace", "pattern": {"String": "bank"}, "content": "evil"},
    }
    found = read(tokenizer)
    assert [one.value for one in of(Metadata, found) if one.key == "decoder.replace"] == ["bank => evil"]
    assert [one.code for one in of(Defect, found)] == ["token-id-repeated"]


@pytest.mark.parametrize(
    "data", [b"{", b"[]", b'{"auto_map": 1}', b'{"auto_map": {"a": {}}, "chat_template": [1, {}]}', b"\xff"]
)
def test_odd_texts_are_no_error(data):
    read(data)
    read(data, "repository-yaml")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "hydra.yaml"])
def test_mutated_files_never_raise(name):
    data = repo.BENIGN[name]
    for seed in range(150):
        changed = mutants.mutant(data, seed)
        read(changed, "repository-yaml" if name.endswith("yaml") else "repository-json")
        formats(name, changed)
