"""Change files of each format and read them: nothing may raise, hang or use more memory than a window and its facts.

    python tools/fuzz_formats.py [--mutants N] [--family NAME] [--seed N]

Lengths, counts, offsets, types and nesting are lied about: numbers of variable length are replaced by others, parts
are cut out, doubled, swapped and put into each other, single bytes are changed. The seeds are the files that the tests
build. A mutant that takes more than two seconds or 64 MiB, or that raises, is printed and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from container_seeds import CONTAINERS  # noqa: E402

from fixtures import (  # noqa: E402
    engines,
    executables,
    flaxes,
    ggufs,
    hdf5s,
    hub,
    keras_models,
    mlirs,
    ocdbts,
    onnxes,
    orts,
    pmmls,
    repositories,
    sevenzips,
    tars,
    tensorflows,
    tflites,
    tfrecords,
)
from fixtures.protobufs import varint  # noqa: E402
from modelaudit.engine.facts import Fact  # noqa: E402
from modelaudit.parsers.base import Context, Input, Nested, Property, Searched, Values  # noqa: E402
from modelaudit.parsers.reader import BytesReader  # noqa: E402
from modelaudit.parsers.registry import Registry  # noqa: E402

if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

SECONDS = 2.0
MEMORY = 64 * 1024  # KiB that one mutant may add to the largest use so far
DEPTH, INNER = 2, 8  # levels of files in files that are read, and how many of each
NUMBERS = (0, 1, 2, 7, 8, 127, 128, 255, 2**14, 2**16, 2**21, 2**28, 2**31 - 1, 2**31, 2**32, 2**35, 2**63, 2**64 - 1)


def onnx() -> list[tuple[str, bytes]]:
    """Models with everything that the format has."""
    inner = onnxes.graph(onnxes.node("Run", domain="x.y"), tensors=(onnxes.external("w", location="../w", offset="1"),))
    body = onnxes.graph(
        onnxes.node("If", onnxes.attribute("then_branch", 6, inner), name="if"),
        onnxes.node(
            "Op", onnxes.attribute("s", 4, "a text of some length"), onnxes.attribute("t", 5, onnxes.tensor("c"))
        ),
        tensors=(onnxes.tensor("w"), onnxes.tensor("b", (8,), b"cbuiltin", onnxes.UINT8)),
        doc="about",
    )
    functions = (onnxes.function("F", "f.d", onnxes.node("InF")),)
    whole = onnxes.model(body, properties=(("k", "v"),), functions=functions)
    beside = [("onnx-tensor", onnxes.tensor("w")), ("onnx-data", bytes(64) + executables.elf() + bytes(64))]
    return [("onnx", onnxes.model()), ("onnx", whole), *beside]


def tensorflow() -> list[tuple[str, bytes]]:
    """Graphs, saved models, checkpoints and their text form."""
    tf = tensorflows
    body = tf.graph(
        tf.const("path", "old/vocab.txt"),
        tf.node("StringJoin", tf.attr("separator", (2, "/")), name="j", inputs=("path", "path", "j")),
        tf.node("ReadFile", tf.attr("T", (6, 7)), inputs=("j",)),
        tf.weight("w", 8, 16),
        functions=(tf.function("f", tf.const("c", "/x"), tf.node("ReadFile", inputs=("c:output:0",))),),
    )
    text = b'node { name: "a" op: "Const" attr { key: "v" value { tensor { string_val: "\\x2fetc" } } } }\n' * 3
    return [
        ("tf-graph", body),
        ("tf-saved-model", tf.saved_model(body, (6, tf.asset("v.txt")))),
        ("tf-meta-graph", tf.meta_graph(body)),
        ("tf-keras-metadata", tf.keras_metadata('{"class_name": "Dense"}')),
        ("tf-fingerprint", tf.fingerprint()),
        ("tf-checkpoint", tf.index({"a": (0, 16), "ab": (16, 4)})),
        ("tf-checkpoint-data", bytes(64) + executables.elf() + b"cbuiltins\nprint\n(tR." + bytes(64)),
        ("tf-text", text),
        ("tf-checkpoint-state", b'model_checkpoint_path: "ckpt-2"\nall_model_checkpoint_paths: ["a", "b"]\n'),
    ]


def keras() -> list[tuple[str, bytes]]:
    """HDF5 files of two versions, whole models, configurations and archives, with code in them."""
    model = keras_models.sequential(keras_models.lambda_layer(), keras_models.dense(vocabulary="/x"))
    return [
        ("hdf5", hdf5s.everything()),
        ("hdf5", hdf5s.everything("latest")),
        ("hdf5", hdf5s.whole_model(model, layers=("dense",))),
        ("keras-config", json.dumps(model).encode()),
        ("keras-zip", keras_models.archive(model)),
    ]


def gguf() -> list[tuple[str, bytes]]:
    """Files of each version and byte order, and the older ones."""
    old = (ggufs.ggjt(), ggufs.ggml(), ggufs.whisper(), ggufs.adapter(), ggufs.session())
    return [("gguf", ggufs.model(v, order)) for v in (1, 2, 3) for order in "<>"] + [("ggml", data) for data in old]


def flax() -> list[tuple[str, bytes]]:
    """Checkpoints with everything that MessagePack has."""
    array = b'{"zarr_format": 2, "shape": [4, 8], "dtype": "<f4", "compressor": {"id": "zstd"}, "filters": null}'
    items = b'{"item_handlers": {"state": "orbax.checkpoint.X"}, "custom_metadata": {"path": "gs://a/b"}}'
    model = json.dumps(keras_models.sequential(keras_models.lambda_layer()))
    texts = json.dumps({"config": model, "more": ["x", model]}).encode()
    described = [("zarr-metadata", array), ("orbax-metadata", items), ("orbax-strings", texts)]
    return [("flax-msgpack", flaxes.model()), ("flax-msgpack", flaxes.everything()), *described]


def repository() -> list[tuple[str, bytes]]:
    """Files of model repositories, pointers, archives and manifests beside them."""
    named = (
        ("json", "config.json"),
        ("json", "tokenizer.json"),
        ("json", "tokenizer_config.json"),
        ("yaml", "hydra.yaml"),
    )
    files = [(f"repository-{kind}", repositories.BENIGN[name]) for kind, name in named]
    files += [("chat-template", repositories.BENIGN["chat_template.jinja"])]
    files += [("python-source", repositories.BENIGN["modeling_acme.py"])]
    files += [(format, data) for format, data in hub.mutable()]
    pointer = b"outs:\n- md5: 0123456789abcdef0123456789abcdef\n  size: 4\n  path: model.bin\nwdir: ..\n"
    return [*files, ("dvc", pointer), ("dvc-folder", b'[{"md5": "0123", "relpath": "a/b"}]')]


def tar() -> list[tuple[str, bytes]]:
    """Archives in each dialect, and a manifest."""
    members = (tars.info("a/" * 80 + "b", b"x" * 700), tars.link("l", "m" * 200), tars.info("c", b"y"))
    archives = [("tar", tars.tar(*members, format=format)) for format in (1, 2)]
    return [*archives, ("tar", tars.v7(b"a", b"b")), ("oci-manifest", tars.manifest(b"x", config={"Cmd": ["a"]}))]


def pmml() -> list[tuple[str, bytes]]:
    """Documents in several encodings."""
    before = '<!DOCTYPE PMML [<!ENTITY x SYSTEM "y"><!ENTITY z "&x;&x;">]>'
    return [
        ("pmml", pmmls.pmml(before, "<Extension value='a'>&z;</Extension>", encoding=e)) for e in ("UTF-8", "UTF-16")
    ]


def tflite() -> list[tuple[str, bytes]]:
    """A model with everything that is read, and one with associated files."""
    return [("tflite", tflites.everything()), ("tflite", tflites.associated())]


def tensorrt() -> list[tuple[str, bytes]]:
    """Plans with programs and words in them."""
    parts = (engines.elf(), engines.pe(), b"Mine_TRT", b"https://example.org/x", b"/tmp/x.so")
    return [("tensorrt", engines.plan(*parts, size=3000)), ("tensorrt", engines.described(engines.elf(190)))]


def jax() -> list[tuple[str, bytes]]:
    """Programs as bytecode of several versions and as text, and exported functions."""
    programs = [mlirs.program(version=version, properties=version >= 5) for version in (0, 3, 6)]
    text = b"module @m {\n %0 = stablehlo.custom_call @name(%arg0) : (tensor<f32>) -> tensor<f32>\n}\n" * 3
    arguments = mlirs.tree(b"acme.State", b"cbuiltins\nprint\n", mlirs.tree(), mlirs.tree())
    exported = mlirs.exported_file(mlirs.exported(arguments=arguments, derivative=mlirs.exported()))
    files = [("mlir-bytecode", data) for data in (*programs, mlirs.program(uses=True, calls=3))]
    return [*files, ("mlir-text", text), ("jax-export", exported)]


def ocdbt() -> list[tuple[str, bytes]]:
    """Manifests, nodes of every kind, data files and shards."""
    array = (
        b'{"zarr_format": 2, "shape": [4], "dtype": "|O", "compressor": {"id": "zstd"}, "filters": [{"id": "pickle"}]}'
    )
    values = {b"a/.zarray": array, b"a/0": None, b"b": b"cbuiltins\nprint\n(tR."}
    nodes = [ocdbts.leaf(values, b"d/x", compressed=compressed) for compressed in (True, False)]
    files = [*nodes, ocdbts.manifest(b"d/x", b"../y"), ocdbts.interior(b"d/x", b"d/y"), ocdbts.versions(b"d/x")]
    shard = ocdbts.shard(b"a" * 99, b"b" * 99, absent=2)
    return [("ocdbt", data) for data in (*files, shard + nodes[0], nodes[1] + shard + nodes[0])] + [
        ("zarr-shard", shard)
    ]


def ort() -> list[tuple[str, bytes]]:
    """A model with everything that is read."""
    return [("ort", orts.everything())]


def safetensors() -> list[tuple[str, bytes]]:
    """Files with and without metadata."""
    tensors = {"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}
    tensors["b"] = {"dtype": "BF16", "shape": [3], "data_offsets": [16, 22]}
    headers = [json.dumps(one).encode() for one in (tensors, {"__metadata__": {"format": "pt"}, **tensors})]
    return [("safetensors", len(header).to_bytes(8, "little") + header + bytes(range(22))) for header in headers]


def tfjs() -> list[tuple[str, bytes]]:
    """A model with a graph, a configuration of layers and weights."""
    graph = {
        "node": [{"name": "y", "op": "Neg", "input": ["x"]}],
        "library": {"function": [{"signature": {"name": "f"}}]},
    }
    topology = {**graph, "model_config": keras_models.sequential(keras_models.dense())}
    weights = [{"paths": ["g-shard1of1.bin", "../x"], "weights": [{"name": "w", "shape": [4, 2], "dtype": "float32"}]}]
    whole = {
        "format": "graph-model",
        "modelTopology": topology,
        "weightsManifest": weights,
        "userDefinedMetadata": {"a": "b"},
    }
    return [("tfjs", json.dumps(whole).encode())]


def compressed() -> list[tuple[str, bytes]]:
    """Streams of every codec, with headers that say more."""
    import bz2
    import gzip
    import lzma
    import zlib

    import zstandard

    text = b"some text that is packed, " * 200
    named = b"\x1f\x8b\x08\x1c" + bytes(6) + b"\x40\0" + bytes(64) + b"name\0comment\0" + gzip.compress(text)[10:]
    block = b"\xa4some text \x0a\0\x50 more"  # literals, a copy of them, the last literals
    lz4 = b"\x04\x22\x4d\x18\x60\x40\0" + len(block).to_bytes(4, "little") + block + b"\4\0\0\x80text" + bytes(4)
    aside = b"\x52\x2a\x4d\x18\x09\0\0\0skip this"
    return [
        ("bzip2", bz2.compress(text)),
        ("gzip", named + gzip.compress(text)),
        ("lz4", lz4),
        ("lzma", lzma.compress(text, lzma.FORMAT_ALONE)),
        ("xz", lzma.compress(text)),
        ("zlib", zlib.compress(text)),
        ("zstd", aside + zstandard.ZstdCompressor(write_checksum=True).compress(text) + aside),
    ]


def sevenzip() -> list[tuple[str, bytes]]:
    """Archives with every coder that is read, and with headers that are packed."""
    sz = sevenzips
    files = [("a.txt", b"some text, " * 300), ("b/c", b"y" * 90)]
    chains = [(sz.LZMA2,), (sz.LZMA,), (sz.BZIP2,), (sz.DEFLATE,), (sz.ZSTD,), (sz.BCJ, sz.LZMA2), (sz.DELTA, sz.LZMA2)]
    plain = [("7z", sz.archive([sz.Solid(files, *chain)], ["e", "d/"], attributes={"e": 0x20})) for chain in chains]
    return [*plain, ("7z", sz.archive([sz.Solid(files), sz.Solid(files, sz.COPY)], encoded=(sz.LZMA,)))]


def tfrecord() -> list[tuple[str, bytes]]:
    """A log with everything in it, and training data."""
    return [("tensorboard-events", tfrecords.log()), ("tfrecord", tfrecords.examples())]


FAMILIES = {
    "7z": sevenzip,
    "compressed": compressed,
    "flax": flax,
    "gguf": gguf,
    "jax": jax,
    "keras": keras,
    "ocdbt": ocdbt,
    "onnx": onnx,
    "ort": ort,
    "pmml": pmml,
    "repository": repository,
    "safetensors": safetensors,
    "tar": tar,
    "tensorflow": tensorflow,
    "tensorrt": tensorrt,
    "tfjs": tfjs,
    "tflite": tflite,
    "tfrecord": tfrecord,
    **CONTAINERS,
}


def mutant(rng: random.Random, data: bytes) -> bytes:
    """A file with one to four changes."""
    for _ in range(rng.randint(1, 4)):
        a, b = sorted(rng.randrange(len(data) + 1) for _ in range(2))
        b = min(b, a + 400)
        choice = rng.randrange(7)
        if choice == 0:
            data = data[:a] + bytes([rng.randrange(256)]) + data[a + 1 :]
        elif choice == 1:  # a number says something else
            data = data[:a] + varint(rng.choice(NUMBERS)) + data[a + 1 :]
        elif choice == 2:
            data = data[:a] + data[b:]
        elif choice == 3:
            data = data[:b] + data[a:b] * rng.randint(1, 3) + data[b:]
        elif choice == 4:  # a part in a message of its own
            tag = varint(rng.randint(1, 30) << 3 | rng.randrange(8))
            data = data[:a] + tag + varint(b - a) + data[a:]
        elif choice == 5:
            at = rng.randrange(len(data) + 1)
            data = data[:at] + data[a:b] + data[at:]
        else:
            data = data[:a] + bytes(rng.randrange(256) for _ in range(rng.randint(1, 8))) + data[b:]
        data = data[:200_000] or b"\0"
    return data


def read(registry: Registry, reader: Reader, format: str, depth: int = 0) -> None:
    """Recognise bytes and read them as a format, and a few of the files in them as what they are taken for."""
    registry.recognise(reader.read_at(0, 4096), reader, "")
    inner = 0
    for item in registry.parser(format)(Input("m", reader, format, depth=depth), Context()):
        assert isinstance(item, Fact | Nested | Property | Searched | Values)
        if isinstance(item, Values):
            item.reader.read_at(0, 4096)
        if isinstance(item, Nested) and depth < DEPTH and inner < INNER:
            inner += 1
            taken = registry.recognise(item.reader.read_at(0, 4096), item.reader, "").format
            read(registry, item.reader, taken if taken in registry.formats else "text", depth + 1)


def run(family: str, mutants: int, rng: random.Random) -> int:
    """Read so many mutants of a family; returns how many failed."""
    registry = Registry.load()
    seeds = FAMILIES[family]()
    failed = 0
    slowest, most = 0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(mutants):
        format, seed = rng.choice(seeds)
        data = mutant(rng, seed)
        begin = time.process_time()
        try:
            read(registry, BytesReader(data), format)
        except Exception as error:  # noqa: BLE001 - what is looked for
            failed += 1
            print(f"{format}: {type(error).__name__}: {error}: {data.hex()}")
        taken = time.process_time() - begin
        now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if taken > SECONDS or now - most > MEMORY:
            failed += 1
            print(f"{format}: {taken:.1f} s, {now - most} KiB more: {data.hex()}")
        slowest, most = max(slowest, taken), max(most, now)
    print(f"{family}: {mutants} mutants, {failed} failed, slowest {slowest * 1000:.0f} ms, {most // 1024} MiB at most")
    return failed


def main() -> int:
    """Run the families; returns the exit code."""
    options = argparse.ArgumentParser(description="Change files of each format and read them.")
    options.add_argument("--mutants", type=int, default=20_000)
    options.add_argument("--family", choices=sorted(FAMILIES))
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    names = [given.family] if given.family else sorted(FAMILIES)
    return int(sum(run(name, given.mutants, random.Random(given.seed)) for name in names) > 0)


if __name__ == "__main__":
    sys.exit(main())
