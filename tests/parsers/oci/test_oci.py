"""Manifests of images and the blobs beside them."""

import json

from fixtures import mutants
from fixtures.tars import digest, info, link, manifest, tar
from modelaudit.engine.facts import Metadata, Reference, Text
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.oci import parse, recognise_manifest
from modelaudit.parsers.reader import BytesReader
from modelaudit.pipeline.scan import scan


def read(data):
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return list(parse(Input("m", BytesReader(raw), "oci-manifest"), Context()))


def layout(folder, layers, text):
    """An OCI layout below a folder; `text` is its manifest."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    for one in [*layers, text]:
        (blobs / digest(one)).write_bytes(one)
    return blobs


def rules(ruleset, path):
    document = scan([str(path)], ruleset)
    return {(f.rule, f.severity) for f in document.findings if f.active}, document.decision.exit_code


def test_manifests_are_recognised():
    for data in (
        manifest(b"x"),
        b'[{"Config": "c.json", "Layers": ["a/layer.tar"]}]',
        b'{"schemaVersion": 2, "manifests": []}',
    ):
        assert recognise_manifest(data[:4096], BytesReader(data))
    for data in (b'{"layers": []}', b"schemaVersion layers", b'{"schemaVersion": 2}'):
        assert not recognise_manifest(data[:4096], BytesReader(data))


def test_layers_addresses_and_settings_are_facts():
    items = read(
        {
            "schemaVersion": 2,
            "layers": [
                {"mediaType": "application/x", "digest": "sha256:" + "a" * 64, "urls": ["https://example.org/l"]},
                {"digest": "sha256:../../x", "annotations": {"org.opencontainers.image.title": "/etc/x"}},
            ],
            "config": {"Entrypoint": ["sh"], "Env": ["A=b"]},
        }
    )
    found = [(item.key, item.target) for item in items if isinstance(item, Reference)]
    assert found == [("urls", "https://example.org/l"), ("digest", "sha256:../../x"), ("title", "/etc/x")]
    assert {item.key for item in items if isinstance(item, Metadata)} == {
        "mediaType",
        "config.Entrypoint",
        "config.Env",
    }
    assert [item.role for item in items if isinstance(item, Text)] == ["config"]


def test_an_ordinary_layout_raises_nothing(ruleset, tmp_path):
    layer = tar(info("model/config.json", b"{}"), link("bin", "usr/bin"), info("bin/x", b"text"), link("m", "/proc/m"))
    layout(tmp_path, [layer], manifest(layer))
    assert rules(ruleset, tmp_path) == (set(), 0)


def test_blobs_that_were_exchanged_are_found(ruleset, tmp_path):
    layer = tar(info("model/config.json", b"{}"))
    blobs = layout(tmp_path, [layer], manifest(layer))
    (blobs / digest(layer)).write_bytes(tar(info("a", b"z"), info("b", b"z" * 20_000)))
    found, code = rules(ruleset, tmp_path)
    assert {("MA4800", "critical"), ("MA4803", "critical")} <= found
    assert code == 1


def test_models_in_layers_are_scanned_those_that_are_removed_too(ruleset, tmp_path):
    first = tar(info("model.pkl", b"cos\nsystem\n(S'true'\ntR."))
    second = tar(info(".wh.model.pkl"))
    layout(tmp_path, [first, second], manifest(first, second))
    found, _ = rules(ruleset, tmp_path)
    assert {("MA1021", "critical"), ("MA4802", "warning")} <= found


def test_an_image_in_a_tar_archive_is_read(ruleset, tmp_path):
    layer = tar(info("model.pkl", b"cos\nsystem\n(S'true'\ntR."))
    image = tar(
        info(f"blobs/sha256/{digest(layer)}", layer),
        info(f"blobs/sha256/{'0' * 64}", b"other"),
        info("manifest.json", b'[{"Config": "c", "Layers": ["../../x"]}]'),
    )
    (tmp_path / "image.tar").write_bytes(image)
    found, _ = rules(ruleset, tmp_path / "image.tar")
    assert {("MA1021", "critical"), ("MA4801", "critical"), ("MA4805", "critical")} <= found


def test_mutated_manifests_never_raise():
    data = manifest(b"x", b"y", config={"digest": "sha256:" + "a" * 64, "size": 3})
    for seed in range(200):
        read(mutants.mutant(data, seed))
