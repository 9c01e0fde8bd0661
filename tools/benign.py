"""Scan gigabytes of ordinary files, made and dropped one at a time: nothing grave, no secret, no program may be found.

    python tools/benign.py [--gib N] [--size MIB] [--python PYTHON] [--texts FOLDER …] [--batches N] [--seed N]

Weights are made like those of trained models: normal and uniform values in each precision, quantised to eight and four
bits, sparse, with pages of zeros, embeddings with rows that repeat, and plain random bytes; as safetensors, arrays,
PyTorch archives, HDF5 in chunks, GGUF and files of no format. Texts are those below the folders (by default what is
installed with this Python): documents, metadata of packages as model cards, sources in archives, and vocabularies made
of XX
"""

from __future__ import annotations

import argparse
import io
import json
import random
import re
import struct
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from fixtures import checkpoints, hdf5s  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Array = np.ndarray[Any, Any]

MIB = 1024 * 1024
FORBIDDEN = ("secret", "blob")  # tags of findings of any grade but info
TEXTS = {".md", ".rst", ".txt", ".py", ".json", ".toml", ".yaml", ".yml", ".cfg", ".pyi", ".html", ".js", ".c", ".h"}
SOURCES = {".py", ".pyi", ".js", ".c", ".h"}  # that stand in archives alone
BATCH = 150  # texts in a folder that is scanned at once
WORDS = re.compile(r"[A-Za-zÀ-ÿ]+|[0-9]+|[^\sA-Za-z0-9]+")
FIT = """
import pickle, sys
from sklearn.feature_extraction.text import TfidfVectorizer, CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
texts = [line for name in sys.argv[2:] for line in open(name, errors="replace") if len(line) > 20][:40000]
labels = [len(text) % 3 for text in texts]
for number, (first, last) in enumerate([(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=20)),
                                        (CountVectorizer(analyzer="char_wb", ngram_range=(2, 4)), MultinomialNB())]):
    model = make_pipeline(first, last).fit(texts, labels)
    pickle.dump(model, open(f"{sys.argv[1]}/model{number}.pkl", "wb"))
"""


def values(rng: np.random.Generator, count: int) -> dict[str, Callable[[], Array]]:
    """So many values of each kind that weights come in, by name."""

    def normal() -> Array:
        return rng.standard_normal(count, np.float32) * np.float32(0.02)

    def pages() -> Array:
        whole = normal()
        whole.reshape(-1, 1024)[rng.random(count // 1024) < 0.5] = 0
        return whole

    def embedding() -> Array:
        whole = normal().reshape(-1, 256)
        whole[rng.random(len(whole)) < 0.1] = whole[0]
        return whole.ravel()

    return {
        "f32": normal,
        "uniform": lambda: rng.random(count, np.float32) * 2 - 1,
        "f16": lambda: normal().astype(np.float16),
        "bf16": lambda: (normal().view(np.uint32) >> 16).astype(np.uint16),
        "f64": lambda: normal().astype(np.float64),
        "int8": lambda: np.clip(np.round(normal() * 2000), -127, 127).astype(np.int8),
        "int4": lambda: rng.integers(0, 256, count, np.uint8),
        "ids": lambda: rng.integers(0, 50_000, count // 2, np.int64),
        "sparse": lambda: normal() * (rng.random(count, np.float32) > 0.95),
        "pages": pages,
        "embedding": embedding,
    }


def safetensors(found: Array) -> bytes:
    """A file of a few tensors of the values."""
    kinds = {
        "float32": "F32",
        "float16": "F16",
        "float64": "F64",
        "uint16": "BF16",
        "int8": "I8",
        "uint8": "U8",
        "int64": "I64",
    }
    rows = len(found) // 256 * 256
    step = rows // 256 // 4 * found.itemsize * 256
    names = ["model.embed_tokens.weight", "layers.0.mlp.weight", "layers.1.mlp.weight", "lm_head.weight"]
    head = {
        name: {
            "dtype": kinds[found.dtype.name],
            "shape": [step // found.itemsize // 256, 256],
            "data_offsets": [step * n, step * (n + 1)],
        }
        for n, name in enumerate(names)
    }
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + found.tobytes()[: 4 * step]


def array(found: Array) -> bytes:
    """An array of NumPy."""
    buffer = io.BytesIO()
    np.save(buffer, found)
    return buffer.getvalue()


def arrays(found: Array) -> bytes:
    """Compressed arrays of NumPy."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, first=found[: len(found) // 8], second=found[len(found) // 8 : len(found) // 4])
    return buffer.getvalue()


def chunked(found: Array) -> bytes:
    """A data set in chunks behind filters."""
    part = found[: len(found) // 8 // 256 * 256].reshape(-1, 256)
    data: bytes = hdf5s.made(
        lambda file: file.create_dataset("layer/kernel", data=part, compression="gzip", shuffle=True)
    )
    return data


def gguf(found: Array) -> bytes:
    """A model of quantised blocks, which may hold any bytes."""
    data = found.tobytes()
    data = data[: len(data) // 18 // 32 * 18 * 32]
    name, text = b"blk.0.attn_q.weight", b"general.architecture"
    head = (
        b"GGUF"
        + struct.pack("<IQQ", 3, 1, 1)
        + struct.pack("<Q", len(text))
        + text
        + struct.pack("<IQ", 8, 5)
        + b"llama"
    )
    head += struct.pack("<Q", len(name)) + name + struct.pack("<IQIQ", 1, len(data) // 18 * 32, 2, 0)
    return head + bytes(-len(head) % 32) + data


WRITERS: dict[str, Callable[[Array], bytes]] = {
    "safetensors": safetensors,
    "npy": array,
    "npz": arrays,
    "h5": chunked,
    "gguf": gguf,
    "bin": lambda found: found.tobytes(),
    "pt": lambda found: checkpoints.state_dict(layer__weight=found.view(np.uint8).view("<f4").reshape(-1, 64)),
}


def weights(folder: Path, size: int, seed: int) -> Iterator[str]:
    """One file of weights after the other; each is there until the next is asked for."""
    turn = 0
    while True:
        rng = np.random.default_rng([seed, turn])
        makers = values(rng, size // 4)
        kind = list(makers)[turn % len(makers)]
        end = list(WRITERS)[turn % len(WRITERS)]
        turn += 1
        path = folder / f"{kind}.{end}"
        path.write_bytes(WRITERS[end](makers[kind]()))
        yield path.name
        path.unlink()


def texts(folder: Path, roots: list[Path], python: str | None, batches: int, seed: int) -> Iterator[str]:
    """Folders of ordinary texts, archives of sources, vocabularies, models of texts."""
    found = sorted(
        path for root in roots for path in root.rglob("*") if path.suffix in TEXTS or path.name == "METADATA"
    )
    found = [path for path in found if path.is_file() and not path.is_symlink() and path.stat().st_size < MIB]
    random.Random(seed).shuffle(found)
    for start in range(0, min(len(found), batches * BATCH), BATCH):
        part = found[start : start + BATCH]
        for number, path in enumerate(path for path in part if path.suffix not in SOURCES):
            name = f"card-{number}.md" if path.name == "METADATA" else f"{number}-{path.name}"
            (folder / name).write_bytes(path.read_bytes())
        packed(folder, part, roots)
        words = Counter(word for path in part for word in WORDS.findall(path.read_text(errors="replace")))
        vocabulary(folder, [word for word, _ in words.most_common(50_000)])
        if python is not None and start % (BATCH * 8) == 0:
            names = [str(path) for path in part]
            subprocess.run([python, "-c", FIT, str(folder), *names], check=True, capture_output=True)
        yield f"{len(part)} texts"
        for path in folder.iterdir():
            path.unlink()


def packed(folder: Path, part: list[Path], roots: list[Path]) -> None:
    """The texts as archives, stored and compressed, at the places where a package has them."""
    names = [f"site-packages/{path.relative_to(next(root for root in roots if root in path.parents))}" for path in part]
    for file, method in (("stored.zip", zipfile.ZIP_STORED), ("packed.zip", zipfile.ZIP_DEFLATED)):
        with zipfile.ZipFile(folder / file, "w", method) as archive:
            for name, path in zip(names, part, strict=True):
                archive.writestr(name, path.read_bytes())
    with tarfile.open(folder / "source.tar.gz", "w:gz", compresslevel=1) as tar:
        for name, path in zip(names, part, strict=True):
            tar.add(path, name, recursive=False)


def vocabulary(folder: Path, words: list[str]) -> None:
    """Words as tokenizers keep them."""
    known = set(words)
    numbered = {word: number for number, word in enumerate(words)}
    merges = [
        f"{word[0]} {word[1:]}" for word in words[:9000] if {word[0], word[1:]} <= known and not word[1:].isspace()
    ]
    model = {"type": "BPE", "vocab": numbered, "merges": merges}
    (folder / "tokenizer.json").write_text(json.dumps({"version": "1.0", "model": model, "added_tokens": []}))
    (folder / "vocab.json").write_text(json.dumps(numbered))
    (folder / "vocab.txt").write_text("\n".join(words))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges))


def said(folder: Path) -> list[dict[str, Any]]:
    """The findings of a folder that are more than notes."""
    command = [sys.executable, "-m", "modelaudit", "scan", str(folder), "-f", "json", "--no-cache", "--timeout", "3000"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"exit code {done.returncode}: {done.stderr[-2000:]} {done.stdout[-2000:]}")
    return [issue for issue in json.loads(done.stdout)["issues"] if issue["severity"] in ("warning", "critical")]


def size_of(folder: Path) -> int:
    """Bytes of the files of a folder."""
    return sum(path.stat().st_size for path in folder.iterdir())


def forbidden(issue: dict[str, Any]) -> bool:
    """Whether a finding is one that ordinary files must not have; sources of programs may well start others."""
    tags = issue.get("tags", ())
    return (issue["severity"] == "critical" and "source" not in tags) or any(tag in FORBIDDEN for tag in tags)


def main() -> int:
    """Scan until so much was scanned; prints what was found, by rule."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gib", type=float, default=10.0)
    parser.add_argument("--size", type=int, default=256, help="MiB of a file of weights")
    parser.add_argument("--python", help="an interpreter that has scikit-learn")
    parser.add_argument("--texts", type=Path, nargs="*", default=[Path(sysconfig.get_paths()["purelib"])])
    parser.add_argument("--batches", type=int, default=40, help="folders of texts")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    total, texts_left = 0, True
    found: Counter[tuple[str, str, bool]] = Counter()
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        sources = {
            Path(one): weights(Path(one), given.size * MIB, given.seed),
            Path(two): texts(Path(two), given.texts, given.python, given.batches, given.seed),
        }
        while total < given.gib * 1024 * MIB or texts_left:
            for folder, source in list(sources.items()):
                if folder == Path(one) and total >= given.gib * 1024 * MIB:
                    continue
                begun = time.monotonic()
                name = next(source, None)
                if name is None:
                    texts_left = False
                    del sources[folder]
                    continue
                total += size_of(folder)
                for issue in said(folder):
                    found[issue["rule_code"], issue["severity"], forbidden(issue)] += 1
                    print(
                        "   ",
                        issue["rule_code"],
                        issue["severity"],
                        issue["location"],
                        issue["message"][:160],
                        flush=True,
                    )
                print(f"{total / 1024 / MIB:7.2f} GiB  {name}  {time.monotonic() - begun:.1f} s", flush=True)
    for (rule, severity, bad), number in sorted(found.items()):
        print(f"{number:6}  {rule}  {severity}{'  MUST NOT BE' if bad else ''}")
    print(
        f"{total / 1024 / MIB:.2f} GiB, {sum(n for (_, _, bad), n in found.items() if bad)} findings that must not be"
    )
    return int(any(bad for _, _, bad in found))


if __name__ == "__main__":
    sys.exit(main())
