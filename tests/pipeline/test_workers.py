"""Worker processes: the same report with any number of them, and files that kill theirs cost nothing but themselves."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from fixtures import fatal
from fixtures.rulesets import empty
from fixtures.toys import member, toy
from modelaudit.pipeline import feed
from modelaudit.pipeline.events import FileDone, FileProgress, FileStarted, WorkerLost, nobody
from modelaudit.pipeline.facts import facts, stream
from modelaudit.pipeline.fold import Fold
from modelaudit.pipeline.limits import Limits, Options
from modelaudit.pipeline.one import Plan
from modelaudit.pipeline.scan import scan
from modelaudit.pipeline.workers import process
from modelaudit.pipeline.workers.bounds import Bounds
from modelaudit.pipeline.workers.pool import Pool, WorkerError
from modelaudit.pipeline.workers.work import Job, Work
from modelaudit.sources.local import SourceFile, discover

pytestmark = pytest.mark.alone

QUICK = Bounds(memory=192 * 1024 * 1024, stall=2.0, grace=0.3)


@pytest.fixture(autouse=True)
def few_files_are_many(monkeypatch):
    monkeypatch.setattr(feed, "FILES", 2)
    monkeypatch.setattr(feed, "DEAR", 1)
    monkeypatch.setattr(feed, "BATCH", 4)


@pytest.fixture(params=["fork", "new interpreter"])
def way(request, monkeypatch):
    """Both ways to start a worker."""
    if request.param == "fork":
        if not (process.forks() or "PYTEST_XDIST_WORKER" in os.environ):  # there the test runs in a process that does
            pytest.skip("this process does not fork")
    else:
        monkeypatch.setattr(process, "forks", lambda: False)
    return request.param


def run(*paths, jobs=2, bounds=QUICK, observer=nobody, executor=None, timeout=None, **options):
    return scan(
        [str(path) for path in paths],
        empty(),
        Options(timeout, jobs=jobs, bounds=bounds, **options),
        observer,
        fatal.registry(),
        executor=executor,
    )


def said(document):
    """All of a report that does not tell the time."""
    names = ("artifacts", "findings", "inconclusive", "errors", "notices", "decision", "files_scanned", "bytes_scanned")
    return {name: getattr(document, name) for name in (*names, "content_hash")}


def coverage(document, root):
    return {os.path.relpath(a.path, root): a.coverage for a in document.artifacts}


def mixed(root, number=40):
    """Files of several kinds in several folders."""
    for n in range(number):
        folder = root / f"d{n % 3}"
        folder.mkdir(exist_ok=True)
        (folder / f"{n:03}.toy").write_bytes(toy(f"import m n{n}", member("x.toy", toy("text inner")), "defect odd"))
    (root / "broken.toy").write_bytes(toy("import a b", "crash"))
    (root / "unknown").write_bytes(b"\0")
    (root / "link").symlink_to("/nowhere")
    os.mkfifo(root / "pipe")


def test_the_report_does_not_depend_on_the_number_of_workers(tmp_path, way):
    mixed(tmp_path)
    alone = run(tmp_path, jobs=1)
    assert len(alone.artifacts) == 83
    for jobs in (2, 5):
        there = said(run(tmp_path, jobs=jobs))
        for name, value in said(alone).items():
            assert there[name] == value


def test_limits_of_size_take_the_same_files_whoever_reads_them(tmp_path):
    mixed(tmp_path)
    for limits in ({"max_total_size": 1200}, {"max_file_size": 70}):
        alone = run(tmp_path, jobs=1, **limits)
        assert "none" in coverage(alone, tmp_path).values()
        assert said(run(tmp_path, jobs=3, **limits)) == said(alone)


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor_of_the_standard_library_gives_the_same_report(tmp_path, kind):
    mixed(tmp_path)
    with kind(2) as executor:
        assert said(run(tmp_path, executor=executor)) == said(run(tmp_path, jobs=1))


DEATHS = {
    "SIGKILL": ("kill SIGKILL", "crash", "SIGKILL"),
    "SIGSEGV": ("kill SIGSEGV", "crash", "SIGSEGV"),
    "exit": ("exit 3", "crash", "ended a worker process"),
    "hang": ("hang", "hang", "no sign of life"),
}


@pytest.mark.parametrize("isolated", [False, True], ids=["shared", "isolated"])
@pytest.mark.parametrize("death", DEATHS)
def test_a_worker_that_dies_costs_its_artifact_and_nothing_else(tmp_path, death, isolated):
    command, what, words = DEATHS[death]
    mixed(tmp_path, 12)
    calm = run(tmp_path)
    inner = fatal.fatal("import c d", command, isolated=isolated)
    bad = tmp_path / "d1" / "bad.toy"
    bad.write_bytes(toy("import a b", member("x", inner), member("y.toy", toy("import e f"))))
    heard = []
    document = run(tmp_path, observer=heard.append)
    assert [a for a in document.artifacts if "bad.toy" not in a.path] == list(calm.artifacts)
    found = [(a.coverage, a.sha256 is None) for a in document.artifacts if "bad.toy" in a.path]
    assert found == [("full", False), ("partial", True), ("full", True)]
    (error,) = set(document.errors) - set(calm.errors)
    assert (error.code, error.path) == ("crash", f"{bad}!x")
    assert words in error.message
    assert document.decision.exit_code == 2
    assert {event.what for event in heard if isinstance(event, WorkerLost)} == {what}


def test_what_stands_beside_a_fatal_member_is_still_found(tmp_path):
    inner = fatal.fatal("kill SIGSEGV", isolated=True)
    (tmp_path / "a.toy").write_bytes(toy(member("x", inner), member("y.toy", toy("import evil thing"))))
    (tree, *_) = facts([str(tmp_path)], Options(bounds=QUICK), registry=fatal.registry(), errors=[])
    assert [node.facts.keys() for node in tree.walk()] == [set(), {"limit"}, {"import"}]
    assert tree.children[0].artifact.format == "native"
    assert [f.qualname for f in stream(str(tmp_path / "a.toy"), registry=fatal.registry()) if f.KIND == "import"] == [
        "evil.thing"
    ]


@pytest.mark.parametrize("command", ["hungry", "burst"])
def test_memory_that_a_parser_may_not_have_is_a_limit(tmp_path, command):
    (tmp_path / "a.native").write_bytes(fatal.fatal("import a b", command, isolated=True))
    document = run(tmp_path, bounds=Bounds(memory=QUICK.memory))
    assert coverage(document, tmp_path) == {"a.native": "partial"}
    assert "MemoryError" in document.errors[0].message
    assert document.artifacts[0].reasons == ("the parser needed too much memory",)


def test_memory_that_runs_out_outside_of_a_parser_costs_the_worker(tmp_path, monkeypatch):
    (tmp_path / "a.toy").write_bytes(toy("import a b"))
    (tmp_path / "b.toy").write_bytes(toy("text c"))
    add = Fold.add

    def full(self, fact):
        if fact.KIND == "import":
            raise MemoryError
        add(self, fact)

    monkeypatch.setattr(Fold, "add", full)
    document = run(tmp_path)
    assert coverage(document, tmp_path) == {"a.toy": "partial", "b.toy": "full"}
    assert "192 MiB" in document.errors[0].message


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_processor_time_is_limited_even_for_a_parser_that_shows_signs_of_life(tmp_path):
    (tmp_path / "a.native").write_bytes(fatal.fatal("import a b", "work", isolated=True))
    document = run(tmp_path, bounds=Bounds(cpu=0))  # the limit of the system is two seconds more
    assert "processor time" in document.errors[0].message
    assert coverage(document, tmp_path) == {"a.native": "partial"}
    assert document.content_hash is not None


def test_one_file_of_an_isolated_format_is_read_by_a_worker_and_one_of_another_is_not(tmp_path, monkeypatch):
    started = []
    start = process.start
    monkeypatch.setattr("modelaudit.pipeline.workers.pool.start", lambda *a: started.append(1) or start(*a))
    (tmp_path / "a.toy").write_bytes(toy("import a b"))
    (tmp_path / "b.native").write_bytes(fatal.fatal("import a b", isolated=True))
    run(tmp_path / "a.toy")
    assert not started
    document = run(tmp_path / "b.native")
    assert (started, coverage(document, tmp_path)) == ([1], {"b.native": "full"})


def test_a_file_that_kills_once_is_read_all_the_same_by_the_next_worker(tmp_path):
    flag = tmp_path / "flag"
    (tmp_path / "models").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "models" / f"{name}.fatal").write_bytes(fatal.fatal("import a b", f"once {flag} kill SIGKILL"))
    document = run(tmp_path / "models")
    assert coverage(document, tmp_path / "models") == dict.fromkeys(("a.fatal", "b.fatal", "c.fatal"), "full")
    assert (document.errors, document.decision.exit_code) == ((), 0)


def test_a_file_with_many_fatal_members_is_given_up_and_listed(tmp_path):
    inner = [fatal.member(fatal.fatal("kill SIGKILL", isolated=True)) for _ in range(10)]
    (tmp_path / "a.fatal").write_bytes(fatal.fatal(*inner))
    (tmp_path / "b.toy").write_bytes(toy())
    document = run(tmp_path)
    assert coverage(document, tmp_path) == {"a.fatal": "partial", "b.toy": "full"}
    assert [(error.code, error.path) for error in document.errors] == [("crash", str(tmp_path / "a.fatal"))]
    assert document.artifacts[0].sha256 is None


def test_a_worker_that_does_not_stop_at_the_end_of_the_time_is_ended(tmp_path, way):
    (tmp_path / "a.toy").write_bytes(toy("import a b"))
    (tmp_path / "b.fatal").write_bytes(fatal.fatal("hang"))
    (tmp_path / "c.fatal").write_bytes(fatal.fatal("hang"))
    (tmp_path / "d.fatal").write_bytes(fatal.fatal("linger"))
    began = time.monotonic()
    document = run(tmp_path, bounds=Bounds(), timeout=1.5)
    assert time.monotonic() - began < 1.5 + 1 + 2  # and what a busy machine adds
    assert coverage(document, tmp_path)["a.toy"] == "full"
    assert coverage(document, tmp_path)["b.fatal"] == "partial"
    assert [error.code for error in document.errors] == ["timeout"]
    assert document.decision.exit_code == 2


def test_without_processes_a_file_that_needs_one_is_an_error_and_the_others_are_read(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(11, "no more processes")

    monkeypatch.setattr(os, "fork", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    (tmp_path / "a.native").write_bytes(fatal.fatal("import a b", isolated=True))
    (tmp_path / "b.toy").write_bytes(toy())
    document = run(tmp_path, jobs=1)
    assert coverage(document, tmp_path) == {"a.native": "partial", "b.toy": "full"}
    assert "no more processes" in document.errors[0].message
    assert [error.code for error in run(tmp_path, jobs=2).errors] == ["crash", "crash"]


def test_a_mistake_of_ours_in_a_worker_ends_the_scan_with_its_words(tmp_path, monkeypatch):
    (tmp_path / "a.toy").write_bytes(toy())
    (tmp_path / "b.toy").write_bytes(toy())

    def broken(*_):
        raise RuntimeError("made a mistake")

    monkeypatch.setattr(Plan, "judge", broken)
    with pytest.raises(WorkerError, match="RuntimeError: made a mistake"):
        run(tmp_path)


def test_observers_hear_of_files_in_workers(tmp_path):
    mixed(tmp_path, 9)
    (tmp_path / "slow.fatal").write_bytes(fatal.fatal("linger"))
    heard = []
    run(tmp_path, observer=heard.append, timeout=1.0)
    started = [event.path for event in heard if isinstance(event, FileStarted)]
    done = [event.path for event in heard if isinstance(event, FileDone)]
    assert len(started) == 12
    assert sorted(started) == sorted(done)
    assert any(isinstance(event, FileProgress) and event.path.endswith("slow.fatal") for event in heard)


def test_no_worker_is_left_after_a_scan_or_an_interrupt(tmp_path, monkeypatch):
    mixed(tmp_path, 9)
    started = []
    start = process.start
    monkeypatch.setattr("modelaudit.pipeline.workers.pool.start", lambda *a: started.append(start(*a)) or started[-1])
    run(tmp_path)

    def interrupt(event):
        if isinstance(event, FileDone):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, observer=interrupt)
    assert len(started) >= 2
    for worker in started:
        with pytest.raises(ChildProcessError):
            os.waitpid(worker.pid, os.WNOHANG)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells of the other end on Linux only")
def test_a_worker_does_not_outlive_the_main_process_even_inside_a_parser(tmp_path):
    (tmp_path / "a.fatal").write_bytes(fatal.fatal("hang"))
    source = next(entry for entry in discover([str(tmp_path)]) if isinstance(entry, SourceFile))
    read, write = os.pipe()
    main = os.fork()
    if not main:
        pool = Pool(Work(Plan(fatal.registry(), Limits(Options()))), 1)
        pool.submit(pool.work, (Job(source),))
        os.write(write, b"%d" % pool._slots[0].process.pid)
        time.sleep(60)
    worker = int(os.read(read, 16))
    assert alive(worker)
    os.kill(main, signal.SIGKILL)
    os.waitpid(main, 0)
    until = time.monotonic() + 5
    while alive(worker) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(worker)
    os.close(read)
    os.close(write)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_large_file_keeps_nothing_waiting_behind_it(tmp_path):
    (tmp_path / "a.fatal").write_bytes(fatal.fatal("linger", "#" * 2_000_000))
    (tmp_path / "b.fatal").write_bytes(fatal.fatal("linger", "#" * 2_000_000))
    (tmp_path / "c.toy").write_bytes(toy("import a b"))
    document = run(tmp_path, timeout=1.0)
    assert coverage(document, tmp_path) == {"a.fatal": "partial", "b.fatal": "partial"}
    assert {error.code for error in document.errors} == {"timeout"}
