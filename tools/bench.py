"""Measure the product: each case as a ratio against a reference, in alternating runs of one session.

`python tools/bench.py [CASE…] [--runs N]` prints a table and writes it to `docs/benchmarks.md` when all cases ran.
CPU is user + system time of the process and those that it started (`wait4`), memory the peak of all of them together,
shared pages once: sampled (`smaps_rollup`) in the warm-up turn where the system has that, since it holds up what it
looks at, else the largest one's peak. Files are built by code in a temporary folder and dropped afterwards.
"""

from __future__ import annotations

import argparse
import os
import pickle
import platform
import shutil
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
MODELAUDIT = [str(Path(sys.executable).parent / "modelaudit")]
MIB = 1024 * 1024


@dataclass(frozen=True)
class Usage:
    """What one process cost: seconds, seconds, MiB."""

    cpu: float
    wall: float
    peak: float
    code: int


@dataclass(frozen=True)
class Case:
    """One row of the table. `reference` is empty when only memory is of interest."""

    name: str
    build: Callable[[Path], Path | None]
    command: Callable[[Path | None], list[str]]
    reference: Callable[[Path | None], list[str]] | None = None
    bar: str = ""
    less_startup: bool = False
    runs: int = 5
    codes: tuple[int, ...] = (0,)
    notes: list[str] = field(default_factory=list)


class TreeMemory(threading.Thread):
    """The peak memory of a process and all that it starts, sampled."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        """Look every few milliseconds."""
        while not self.over.wait(0.01):
            self.peak = max(self.peak, sum(map(_shared_once, _tree(self.pid))) / 1024)


def _tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(found for child in children for found in _tree(int(child)))]


def _shared_once(pid: int) -> int:
    """KiB of a process, pages that it shares counted in parts."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def run(command: list[str], *, watched: bool) -> Usage:
    """Run one process to its end and say what it cost; the memory of what it starts only when it is watched."""
    start = time.perf_counter()
    actions = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    program = shutil.which(command[0]) or command[0]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # as installed
    pid = os.posix_spawn(program, command, environment, file_actions=actions)
    memory = TreeMemory(pid)
    if watched:
        memory.start()
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if watched:
        memory.over.set()
        memory.join()
    peak = max(memory.peak, usage.ru_maxrss / 1024)
    return Usage(usage.ru_utime + usage.ru_stime, wall, peak, os.waitstatus_to_exitcode(status))


def scan(path: Path | None) -> list[str]:
    """The command that scans a file."""
    return [*MODELAUDIT, "scan", "--no-cache", str(path)]


def scan_with(jobs: int) -> Callable[[Path | None], list[str]]:
    """The command that scans with so many workers."""
    return lambda path: [*scan(path), "--jobs", str(jobs)]


def openssl(path: Path | None) -> list[str]:
    """The reference for everything that has to read all bytes."""
    return ["openssl", "dgst", "-sha256", str(path)]


def written(name: str, writer: str) -> Callable[[Path], Path]:
    """A large file of this name, as a function of `fixtures.large` writes it."""

    def build(folder: Path) -> Path:
        from fixtures import large

        path = folder / name
        getattr(large, writer)(path)
        return path

    return build


def namesake() -> Callable[[Path | None], list[str]] | None:
    """The scanner of the same name that promptfoo makes, when it stands among the peers; never this program."""
    folder = os.environ.get("MODELAUDIT_PEERS", "")
    program = shutil.which("modelaudit", path=folder) if folder else None
    if program is None or Path(program).resolve() == Path(MODELAUDIT[0]).resolve():
        return None
    return lambda path: [program, "scan", "--no-cache", "-f", "json", str(path)]


def peer(*words: str) -> Callable[[Path | None], list[str]] | None:
    """A scanner that is installed beside this one, or nothing: MODELAUDIT_PEERS names its folder of programs."""
    folder = os.environ.get("MODELAUDIT_PEERS", "")
    program = shutil.which(words[0], path=os.pathsep.join(filter(None, [folder, os.environ.get("PATH", "")])))
    if program is None:
        return None
    return lambda path: [program, *words[1:], *([str(path)] if path else [])]


def small_pickle(folder: Path) -> Path:
    """A pickle of about a hundred bytes that holds a plain dictionary."""
    path = folder / "small.pkl"
    path.write_bytes(pickle.dumps({"epoch": 3, "lr": 0.001, "names": ["a", "b", "c"], "shape": (3, 224, 224)}, 4))
    return path


def big_safetensors(folder: Path) -> Path:
    """Two GiB in several hundred tensors."""
    from fixtures import tensors

    path = folder / "model.safetensors"
    tensors.write_large(path, layers=204, width=1620, real=True)  # 408 tensors
    return path


def big_checkpoint(folder: Path) -> Path:
    """A PyTorch checkpoint of 500 MiB."""
    from fixtures import archives

    path = folder / "model.pt"
    archives.write_checkpoint(path, layers=131, width=1000)
    return path


def late_import(folder: Path) -> Path:
    """600 MiB of list items with one import at the end that should not be there."""
    path = folder / "late.pkl"
    with path.open("wb") as file:
        file.write(b"\x80\x04](")
        block = b"".join(b"C\x40" + bytes([n % 251]) * 64 for n in range(16_000))
        while file.tell() < 600 * MIB:
            file.write(block)
        file.write(b"e0cposix\nsystem\n\x8c\x04echo\x85R.")
    return path


def numpy_pickle(folder: Path) -> Path:
    """Twenty float64 arrays, 100 MiB together, as `pickle.dump` writes them in protocol 4."""
    from fixtures import joblibs, pickles
    from fixtures.pickles import BUILD, REDUCE

    path = folder / "arrays.pkl"
    size = 5 * MIB
    block = os.urandom(size)
    empty = pickles.args(pickles.imported("numpy", "ndarray"), pickles.args(0), b"C\x01b") + REDUCE
    head = pickles.imported("numpy._core.multiarray", "_reconstruct") + empty
    state = b"(K\x01" + pickles.args(size // 8) + joblibs.dtype() + b"\x89B" + size.to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(b"\x80\x04}(")
        for n in range(20):
            file.write(pickles.text(f"layer{n}") + head + state + block + b"t" + BUILD)
        file.write(b"u.")
    return path


def forest(folder: Path) -> Path:
    """A random forest of 165 trees as joblib writes it uncompressed: 300 MB in 495 arrays between the opcodes.

    Classes, element types and names are written once and then taken from the memo, and the nodes are those of trees:
    small indexes, -1 and -2, thresholds.
    """
    import numpy as np

    made = {name: _stub(f"sklearn.{module}", name) for module, name in FOREST}
    wrapper = _stub("joblib.numpy_pickle", "NumpyArrayWrapper")
    kinds = {"left_child": "i8", "right_child": "i8", "feature": "i8", "threshold": "f8", "impurity": "f8"}
    kinds |= {"n_node_samples": "i8", "weighted_n_node_samples": "f8", "missing_go_to_left": "u1"}
    nodes = np.zeros(25_000, np.dtype(list(kinds.items()), align=True))
    choose = np.random.default_rng(1)
    leaf = choose.random(len(nodes)) < 0.5
    nodes["left_child"] = np.where(leaf, -1, np.arange(len(nodes)) + 1)
    nodes["right_child"] = np.where(leaf, -1, choose.integers(1, len(nodes), len(nodes)))
    nodes["feature"] = np.where(leaf, -2, choose.integers(0, 30, len(nodes)))
    nodes["threshold"] = np.where(leaf, -2.0, choose.random(len(nodes)))
    nodes["impurity"] = np.where(leaf, 0.0, choose.random(len(nodes)))
    nodes["n_node_samples"] = nodes["weighted_n_node_samples"] = np.where(leaf, 1, choose.integers(2, 300, len(nodes)))
    values = choose.random((len(nodes), 1, 1))
    settings = {"criterion": "squared_error", "splitter": "best", "max_depth": None, "min_samples_split": 2}
    settings |= {"min_samples_leaf": 1, "min_weight_fraction_leaf": 0.0, "max_features": 1.0, "random_state": 7}
    settings |= {"max_leaf_nodes": None, "ccp_alpha": 0.0, "n_features_in_": 30, "n_outputs_": 1}
    trees = []
    for number in range(165):
        state = {"max_depth": 30, "node_count": len(nodes), "nodes": nodes.copy(), "values": values.copy()}
        tree = made["Tree"]()
        tree.given = (made["Tree"], (30, np.ones(1, "i8"), 1), state)
        trees.append(made["DecisionTreeRegressor"]())
        vars(trees[-1]).update(settings, random_state=number * 12_345_679, tree_=tree)
    whole = made["RandomForestRegressor"]()
    vars(whole).update(settings, n_estimators=len(trees), estimators_=trees)
    path = folder / "forest.joblib"
    with path.open("wb") as file:
        _joblib_pickler(wrapper)(file, 4).dump(whole)
    return path


FOREST = (
    ("ensemble._forest", "RandomForestRegressor"),
    ("tree._classes", "DecisionTreeRegressor"),
    ("tree._tree", "Tree"),
)


def _stub(module: str, name: str) -> type[Any]:
    """A class of this name that a pickler finds in its module; only the process that makes the file has it."""
    from types import ModuleType

    made = type(name, (), {"__module__": module})
    if name == "Tree":
        made.__reduce__ = lambda self: self.given  # type: ignore[method-assign,assignment]
    for end in range(len(module.split("."))):
        whole = ".".join(module.split(".")[: end + 1])
        holder = sys.modules.setdefault(whole, ModuleType(whole))
    setattr(holder, name, made)
    return made


def _joblib_pickler(wrapper: type[Any]) -> Callable[[BinaryIO, int], pickle.Pickler]:
    """A pickler that puts arrays between the opcodes, behind their wrappers, as `joblib/numpy_pickle.py` does."""
    import numpy as np

    class Pickler(pickle._Pickler):  # type: ignore[name-defined,misc]  # noqa: SLF001 - the one that can be followed
        def __init__(self, file: BinaryIO, protocol: int) -> None:
            super().__init__(file, protocol)
            self.file = file

        def save(self, item: object, save_persistent_id: bool = True) -> None:
            if not isinstance(item, np.ndarray):
                return super().save(item, save_persistent_id)
            told = wrapper()
            about = {"subclass": np.ndarray, "shape": item.shape, "order": "C", "dtype": item.dtype}
            vars(told).update(about, allow_mmap=True, numpy_array_alignment_bytes=16)
            super().save(told)
            self.framer.commit_frame(force=True)
            padding = 16 - (self.file.tell() + 1) % 16
            self.file.write(bytes([padding]) + b"\xff" * padding + item.tobytes())
            return None

    return Pickler


def nested_records(records: int) -> Callable[[Path], Path]:
    """Nested records with memoised strings, as data sets and indexes have them."""

    def build(folder: Path) -> Path:
        data = [
            {
                "id": n,
                "name": f"n{n % 97}",
                "tags": [f"t{n % 97}", f"u{n % 89}"],
                "box": {"x": n % 7, "y": n * 0.5, "ok": n % 2 == 0, "by": {"a": f"a{n % 31}", "b": n % 5}},
            }
            for n in range(records)
        ]
        path = folder / f"nested-{records}.pkl"
        path.write_bytes(pickle.dumps(data, 4))
        return path

    return build


def opcode_heavy(records: int) -> Callable[[Path], Path]:
    """Nested records with memoised strings: many opcodes in few bytes."""

    def build(folder: Path) -> Path:
        data = [
            {
                "id": n,
                "tags": [f"t{n % 97}", f"u{n % 89}"],
                "box": {"x": n % 7, "y": n * 0.5, "ok": n % 2 == 0},
            }
            for n in range(records)
        ]
        path = folder / f"records-{records}.pkl"
        path.write_bytes(pickle.dumps(data, 4))
        return path

    return build


def small_files(number: int) -> Callable[[Path], Path]:
    """As many pickles as safetensors files as JSON files, of some hundred bytes each, 500 in a folder."""

    def build(folder: Path) -> Path:
        import json
        import struct

        root = folder / f"files-{number}"
        for n in range(number):
            place = root / f"{n // 500:03}"
            place.mkdir(parents=True, exist_ok=True)
            config = {"model_type": "bert", "hidden": 768 + n, "layers": [f"encoder.{i}" for i in range(12)]}
            if n % 3 == 0:
                (place / f"{n:05}.pkl").write_bytes(pickle.dumps({**config, "weights": [n * 0.5] * 20}, 4))
            elif n % 3 == 1:
                tensors = {
                    f"w{i}": {"dtype": "F32", "shape": [4], "data_offsets": [16 * i, 16 * i + 16]} for i in (0, 1)
                }
                header = json.dumps(tensors).encode()
                (place / f"{n:05}.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(32))
            else:
                (place / f"{n:05}.json").write_text(json.dumps(config, indent=1))
        return root

    return build


def nested_archives(folder: Path) -> Path:
    """3 MB in five archives, one in the other, with a pickle and a text beside each."""
    import io
    import random
    import zipfile

    inner, name = random.Random(5).randbytes(3_000_000), "weights.bin"
    for level in range(5):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, inner)
            archive.writestr("data.pkl", pickle.dumps({"level": level}, 4))
            archive.writestr("readme.txt", f"level {level}")
        inner, name = buffer.getvalue(), f"level{level}.zip"
    path = folder / "nested.zip"
    path.write_bytes(inner)
    return path


def nothing(folder: Path) -> Path | None:
    """No file."""
    return None


CASES = [
    Case(
        "`--version`",
        nothing,
        lambda _: [*MODELAUDIT, "--version"],
        peer("picklescan", "--help"),
        "≤ 1.0",
        runs=15,
    ),
    Case("100-byte pickle", small_pickle, scan, peer("picklescan", "-p"), "≤ 1.3", runs=15),
    Case("2 GiB safetensors", big_safetensors, scan, openssl, "≤ 1.4, ≤ 80 MiB"),
    Case("500 MiB PyTorch zip", big_checkpoint, scan, openssl, "≤ 1.4, ≤ 80 MiB", less_startup=True),
    Case("2 GB ONNX", written("model.onnx", "write_onnx"), scan, openssl, "≤ 1.4, ≤ 80 MiB", runs=3),
    Case("2.2 GB GGUF", written("model.gguf", "write_gguf"), scan, openssl, "≤ 1.4, ≤ 80 MiB", runs=3),
    Case("1 GB HDF5", written("model.h5", "write_hdf5"), scan, openssl, "≤ 1.4, ≤ 80 MiB", runs=3),
    Case("500 MiB TensorRT engine", written("model.engine", "write_plan"), scan, openssl, "≤ 80 MiB", runs=3),
    Case(
        "600 MiB pickle, import at the end",
        late_import,
        scan,
        openssl,
        "found, ≤ 200 MiB",
        runs=3,
        codes=(1,),
    ),
    Case("opcode-heavy pickle, 30,000 records", opcode_heavy(30_000), scan, peer("picklescan", "-p"), "≤ 0.6", runs=3),
    Case("nested records, 0.865 M opcodes", nested_records(22_170), scan, peer("picklescan", "-p"), "≤ 0.6", runs=3),
    Case("nested records, 3.6 M opcodes", nested_records(92_270), scan, peer("picklescan", "-p"), "≤ 0.6", runs=3),
    Case("nested records, 0.865 M opcodes, promptfoo", nested_records(22_170), scan, namesake(), "≤ 0.1", runs=1),
    Case(
        "pickle of 20 NumPy arrays, 100 MiB", numpy_pickle, scan, openssl, "≤ 1.5, ≤ 200 MiB", less_startup=True, runs=9
    ),
    Case("random forest of joblib, 300 MB", forest, scan, openssl, "≤ 1.5, ≤ 200 MiB", less_startup=True, runs=9),
    Case("2,000 small files", small_files(2000), scan, peer("modelscan", "-p"), "CPU ≤ 1.0", runs=5),
    Case("2,000 small files, promptfoo", small_files(2000), scan, namesake(), "≤ 0.05", runs=1),
    Case("2,000 small files, 2 workers against 1", small_files(2000), scan_with(2), scan_with(1), "wall ≤ 1.0"),
    Case(
        "40,000 small files, 2 workers against 1",
        small_files(40_000),
        scan_with(2),
        scan_with(1),
        "wall ≤ 0.63",
        runs=3,
    ),
    Case("nested archives, 5 levels, 3 MB", nested_archives, scan, openssl, "≤ 1 s CPU"),
]


def median(values: list[float]) -> float:
    """The median, or NaN of nothing."""
    return statistics.median(values) if values else float("nan")


def built(case: Case, folder: Path) -> Path | None:
    """The file of a case, made by another process: what this one has held would count as its children's memory."""
    receiver, sender = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(sender, str(case.build(folder) or "").encode())
        os._exit(0)
    os.close(sender)
    with os.fdopen(receiver) as pipe:
        name = pipe.read()
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise SystemExit(f"{case.name}: the file could not be made")
    return Path(name) if name else None


def measure(case: Case, folder: Path, runs: int | None) -> str:
    """Run a case in alternation with its reference and return its row."""
    path = built(case, folder)
    command = case.command(path)
    reference = case.reference(path) if case.reference else None
    startup = scan(small_pickle(folder)) if case.less_startup else None
    own: list[Usage] = []
    other: list[Usage] = []
    base: list[Usage] = []
    watched = 0.0  # the peak of the first turn, which also warms caches
    for turn in range((runs or case.runs) + 1):
        for command_line, results in ((command, own), (reference, other), (startup, base)):
            if command_line is not None:
                usage = run(command_line, watched=not turn)
                if turn:
                    results.append(usage)
                elif results is own:
                    watched = usage.peak
    wrong = sorted({u.code for u in own} - set(case.codes))
    cpu, wall = median([u.cpu for u in own]), median([u.wall for u in own])
    less_cpu, less_wall = (median([u.cpu for u in base]), median([u.wall for u in base])) if base else (0.0, 0.0)
    ratio = "–"
    if other:
        by_cpu = (cpu - less_cpu) / median([u.cpu for u in other])
        by_wall = (wall - less_wall) / median([u.wall for u in other])
        name = _name_of(reference or [], command)
        ratio = f"{by_cpu:.2f} / {by_wall:.2f} × {name}"
    peak = max(watched, *(u.peak for u in own))
    flag = f" **exit {wrong}**" if wrong else ""
    if path is not None and path.is_dir():
        shutil.rmtree(path)
    elif path is not None and path.stat().st_size > 50 * MIB:
        path.unlink()
    return f"| {case.name} | {cpu:.3f} | {wall:.3f} | {peak:.0f} | {ratio} | {case.bar}{flag} |"


def _name_of(reference: list[str], command: list[str]) -> str:
    if reference[0] == command[0]:
        return "1 worker"
    name = Path(reference[0]).name
    return "promptfoo's modelaudit" if name == Path(command[0]).name else name


def growth() -> list[str]:
    """Rows of the growth of the pickle machine: each doubling of the opcodes against the one before."""
    from fixtures import shapes

    rows = []
    for name, shape in shapes.SHAPES.items():
        times = []
        for factor in (1, 2, 4):
            data = shape(factor * shapes.BASE[name])
            times.append(min(shapes.seconds(data) for _ in range(3)))
        first, second = times[1] / times[0], times[2] / times[1]
        rows.append(f"| {name} | {times[0]:.3f} | {times[1]:.3f} | {times[2]:.3f} | {first:.2f}, {second:.2f} |")
    return rows


def rates() -> list[str]:
    """Rows of the opcodes that the pickle machine reads, or passes, in a second of CPU."""
    from fixtures import shapes

    rows = []
    for name, bar in RATES.items():
        millions = max(shapes.rate(name, 10 * shapes.BASE[name]) for _ in range(3)) / 1e6
        rows.append(f"| {name} | {millions:.1f} | {bar} |")
    return rows


RATES = {"floats": "≥ 15", "ints": "≥ 15", "long lists": "≥ 15", "records": ""}

HEADER = """\
# Benchmarks

<!-- written by tools/bench.py -->

Repeat with `make bench`. Each case runs in alternation with its reference after one warm-up turn; medians. CPU is user
+ system time of the whole process in seconds, the ratio is CPU / wall against the reference. References: `openssl dgst
-sha256` of the same file, or another scanner when one is installed (`MODELAUDIT_PEERS` names its folder of programs).
Memory of all processes together is sampled in the warm-up turn alone: to look holds up what is looked at.
Wall ratios of several workers need a machine that does nothing else.

Measured on {machine}.

| case | CPU s | wall s | peak MiB | ratio | bar |
|---|---|---|---|---|---|
"""

GROWTH = """
Growth of the pickle machine, seconds for N, 2N and 4N opcodes, and the factor of each doubling (bar: ≤ 2.2):

| shape | N | 2N | 4N | factors |
|---|---|---|---|---|
"""


RATE = """
Millions of opcodes that the pickle machine reads or passes in a second of CPU, larger files of the same shapes:

| shape | M opcodes/s | bar |
|---|---|---|
"""
OTHERS = "<!-- figures of other tools, which stay -->"


def main() -> int:
    """Measure the chosen cases; all of them write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "cases", nargs="*", help="parts of case names; all when none is given; `growth` and `rates` are two more"
    )
    parser.add_argument("--runs", type=int, help="turns for each case instead of the case's own number")
    arguments = parser.parse_args()
    wanted = [c for c in CASES if not arguments.cases or any(word in c.name for word in arguments.cases)]
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    lines = HEADER.format(machine=machine).splitlines()
    print("\n".join(lines[-2:]), flush=True)
    with tempfile.TemporaryDirectory(prefix="modelaudit-bench-") as folder:
        for case in wanted:
            lines.append(measure(case, Path(folder), arguments.runs))
            print(lines[-1], flush=True)
    if not arguments.cases or "growth" in arguments.cases:
        rows = growth()
        print(GROWTH + "\n".join(rows))
        lines += [*GROWTH.splitlines(), *rows]
    if not arguments.cases or "rates" in arguments.cases:
        rows = rates()
        print(RATE + "\n".join(rows))
        lines += [*RATE.splitlines(), *rows]
    if not arguments.cases:
        page = ROOT / "docs" / "benchmarks.md"
        _, mark, others = page.read_text(encoding="utf-8").partition(OTHERS)
        page.write_text("\n".join([*lines, ""]) + (f"\n{mark}{others}" if mark else ""), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
