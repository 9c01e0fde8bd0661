"""Repositories of a hub whose own names look like well-known ones."""

from __future__ import annotations

import pytest

from fixtures import tensors
from fixtures.servers.hub import Hub
from fixtures.servers.serving import Server
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import scan

pytest.importorskip("huggingface_hub", reason="the extra huggingface is not installed")


@pytest.mark.parametrize(
    ("repo", "found"),
    [
        ("meta-lama/Llama-2-7b", {"MA5611"}),
        ("llama-meta/x", {"MA5611"}),
        ("acme/distillbert-base-uncased", {"MA5611"}),
        ("meta-llama/Llama-2-7b", set()),
        ("acme/model", set()),
    ],
)
def test_the_name_of_a_repository_is_held_against_known_ones(monkeypatch, repo, found) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("modelaudit.sources.remote.huggingface.get_token", lambda: None)
    files = {
        "README.md": b"# A model\n",
        "model.safetensors": tensors.model(),
        "old/other.safetensors": tensors.model(),
    }
    with Server(Hub(files, repo=repo)) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        document = scan([f"hf://{repo}"], load_ruleset())
    assert {one.rule for one in document.findings if one.rule.startswith("MA56")} == found
    told = [one for one in document.findings if one.rule == "MA5611"]
    files_of = [[one.artifact, *(other.artifact for other in one.related)] for one in told]
    names = ("model.safetensors", "old/other.safetensors")
    assert files_of == [[f"hf://{repo}/{name}" for name in names]] * len(found)  # once, with every file
