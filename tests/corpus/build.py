"""Makes the corpus: one folder for each family, made anew only when the builder or a library changes.

Run by the environment of `make corpus`, from the root of the repository: `python -m tests.corpus.build FOLDER`.
"""

import hashlib
import importlib
import importlib.metadata
import importlib.util
import json
import pathlib
import shutil
import sys
import time

FAMILIES = (
    *("values", "arrays", "frames", "estimators", "boosting", "torches", "layouts", "functions"),
    *("graphs", "layers", "checkpoints", "quantised"),
)
HERE = pathlib.Path(__file__).parent
DISTRIBUTIONS = {"sklearn": "scikit-learn", "orbax": "orbax-checkpoint", "tensorflow": "tensorflow-cpu"}


def state(libraries):
    """What the files of a family depend on."""
    versions = {name: importlib.metadata.version(DISTRIBUTIONS.get(name, name)) for name in libraries}
    sources = b"".join(path.read_bytes() for path in sorted(HERE.glob("*.py")))
    return json.dumps({"python": sys.version, "versions": versions, "sources": hashlib.sha256(sources).hexdigest()})


def build(name, folder):
    """Make one family; returns what is to be said of it."""
    module = importlib.import_module(f"tests.corpus.{name}")
    missing = [library for library in module.LIBRARIES if importlib.util.find_spec(library) is None]
    if missing:
        return f"left out, {', '.join(missing)} not installed"
    stamp, wanted = folder / f"{name}.json", state(module.LIBRARIES)
    if stamp.exists() and stamp.read_text() == wanted:
        return "kept"
    started = time.monotonic()
    shutil.rmtree(folder / name, ignore_errors=True)
    count = 0
    for path, data in module.files():
        target = folder / name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        count += 1
    stamp.write_text(wanted)
    return f"{count} files in {time.monotonic() - started:.0f} s"


def main():
    """Make all families, or those that are named."""
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or FAMILIES:
        print(f"{name:<12} {build(name, folder)}", flush=True)


if __name__ == "__main__":
    main()
