"""`--blacklist` as a process: where a name may stand, and how a pattern is written."""

import json

import pytest

MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": f"sha256:{'a' * 64}", "size": 2},
    "layers": [{"mediaType": "application/octet-stream", "digest": f"sha256:{'b' * 64}", "size": 3}],
    "annotations": {"org.opencontainers.image.title": "BadCorp/llama"},
}
KITFILE = 'manifestVersion: "1.0.0"\nmodel:\n  name: badcorp\n  path: ./m.safetensors\n'
FILES = {
    "image.manifest": json.dumps(MANIFEST),
    "Kitfile": KITFILE,
    "config.json": json.dumps({"model_type": "bert", "_name_or_path": "BadCorp/base"}),
    "README.md": "---\nbase_model: badcorp/base\n---\n# x\n",
    "requirements.txt": "badcorp-utils==1.0\n",
    "badcorp.txt": "x\n",
}
LOOKS = {"README.md": "---\nbase_model: b\u0430dcorp/base\n---\n# x\n"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("names") / "repo"
    made.mkdir()
    for name, text in FILES.items():
        (made / name).write_text(text, encoding="utf-8")
    return made


def found(modelaudit, folder, pattern):
    done = modelaudit("scan", str(folder), "-b", pattern, "--select", "tag:blacklist", "-f", "json")
    names = {issue["location"].partition(" ")[0].rpartition("/")[2] for issue in json.loads(done.stdout)["issues"]}
    return done.returncode, names


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("BADCORP", set(FILES)),
        ("badcorp/*", {"image.manifest", "config.json", "README.md"}),
        ("re:(?i)^badcorp/(?:llama|other)$", {"image.manifest"}),
        ("*.txt", {"badcorp.txt", "requirements.txt"}),
        ("goodcorp", set()),
    ],
)
def test_a_name_is_found_wherever_it_stands(modelaudit, folder, pattern, expected) -> None:
    assert found(modelaudit, folder, pattern) == (1 if expected else 0, expected)


def test_a_look_alike_in_a_card_is_found(modelaudit, tmp_path) -> None:
    (tmp_path / "README.md").write_text(LOOKS["README.md"], encoding="utf-8")
    assert found(modelaudit, tmp_path, "badcorp") == (1, {"README.md"})
