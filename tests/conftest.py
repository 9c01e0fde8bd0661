"""What all tests share: golden files, and the command line as a real process."""

import functools
import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.ruling import builtin
from modelaudit.engine.packs import prepared
from modelaudit.engine.packs.read import builtin_folders
from modelaudit.engine.ruleset import Ruleset

NUMBERS = itertools.count()
GOLDEN = Path(__file__).parent / "golden"
os.environ["MODELAUDIT_VERIFY_INDEX"] = "1"  # every judgement of a test is made without the index too


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the files in tests/golden")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Where many tests run, compile the built-in rules once, as wheels bring them: policies are then soon compiled."""
    if not getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
        return
    for folder in builtin_folders():
        path = Path(prepared.path_of(folder))
        mine = path.with_name(f"{os.getpid()}.prepared.json")
        try:
            mine.write_bytes(prepared.prepare(folder))
        except (OSError, ValueError):  # the tests say what is wrong
            mine.unlink(missing_ok=True)
            continue
        mine.replace(path)
        config.add_cleanup(functools.partial(path.unlink, missing_ok=True))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is to be alone in a process of its own where this one has threads: those of pytest-xdist."""
    if "PYTEST_XDIST_WORKER" not in os.environ or pyfuncitem.get_closest_marker("alone") is None:
        return None
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    kept["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # hypothesis and xdist take longer to import than most tests run
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", pyfuncitem.nodeid]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, cwd=pyfuncitem.config.rootpath, env=kept
    )
    if done.returncode != 0:
        pytest.fail(done.stdout + done.stderr, pytrace=False)
    return True


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as shells start what runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def golden(request: pytest.FixtureRequest):
    """A function that compares a text with the golden file of that name, or rewrites the file."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no golden file {name}; run pytest --update-golden and read it"
        assert text == path.read_text(encoding="utf-8")

    return compare


class Command:
    """`modelaudit` as a process of its own, with its own cache and none of the terminal's variables."""

    def __init__(self, cache: Path, cwd: Path) -> None:
        self.cache = cache
        self.cwd = cwd

    def environment(self, **changes: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in {"COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM", "PYTHONDONTWRITEBYTECODE"}
        }
        caches = {"MODELAUDIT_CACHE_DIR": str(self.cache), "PYTHONPYCACHEPREFIX": str(self.cache / "bytecode")}
        return {**kept, **caches, "PYTHONWARNINGS": "error", **changes}

    def start(self, *arguments: object, **options: object) -> subprocess.Popen[str]:
        """The running process, with pipes."""
        return subprocess.Popen(
            [sys.executable, "-m", "modelaudit", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=self.cwd,
            env=self.environment(),
            **options,
        )

    def __call__(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """The finished process: exit code, stdout and stderr."""
        return subprocess.run(
            [sys.executable, "-m", "modelaudit", *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=60,
            cwd=self.cwd,
            env=self.environment(**environment),
        )


@pytest.fixture(scope="session")
def data_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each test has its folder of installed packs; fixtures of modules see one that stays empty."""
    folder = tmp_path_factory.mktemp("data")
    os.environ["MODELAUDIT_CONFIG_DIR"] = str(folder / "config")
    os.environ["MODELAUDIT_DATA_DIR"] = str(folder / "none")
    return folder


@pytest.fixture(autouse=True)
def _no_packs_of_others(data_folders: Path, monkeypatch: pytest.MonkeyPatch):
    """Packs that whoever runs the tests has installed take no part in them, nor those of another test."""
    monkeypatch.setenv("MODELAUDIT_DATA_DIR", str(data_folders / str(next(NUMBERS))))


@pytest.fixture(scope="session")
def ruleset(data_folders: Path) -> Ruleset:
    """The built-in rules under the default policy, compiled once for all tests of a process."""
    return builtin()


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of compiled rules for the whole test run."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def modelaudit(cache_folder: Path, tmp_path: Path) -> Command:
    """The command line; the current folder is the test's own."""
    return Command(cache_folder, tmp_path)
