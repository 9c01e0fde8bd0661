"""Install what is published into clean environments, and use it there as a new user would.

`python tools/clean_install.py` builds wheel and sdist and installs each into an environment of its own. With each NumPy
that is named (`--numpy '<2' --numpy '>=2'`) it makes files with that NumPy, in the environment that modelaudit stands
in, and scans them: they must pass, and all reports must say the same. Packages come from pip's index.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from demo_models import build as build_models

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = "all,cloud,h5,mlflow,onnx,pytorch,tensorflow"
SAMPLES = """
import pickle, sys, numpy as np
np.save("floats.npy", np.arange(6.0).reshape(2, 3))
np.savez("arrays.npz", a=np.ones(3), b=np.arange(4))
with open("arrays.pkl", "wb") as file:
    random = np.random.default_rng(1)
    pickle.dump({"w": np.ones((2, 2), "f4"), "n": np.int64(3), "t": np.dtype("M8[ns]"), "r": random}, file)
print(np.__version__)
"""
API = (
    "import modelaudit; r = modelaudit.scan('encoder.safetensors'); assert r.passed, r; print(*r.artifacts[0].formats)"
)


class Environment:
    """A clean environment with a package in it."""

    def __init__(self, folder: Path, *requirements: str) -> None:
        venv.create(folder, with_pip=True)
        self.programs = folder / ("Scripts" if os.name == "nt" else "bin")
        self.run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements)

    def run(self, program: str, *arguments: str, cwd: Path | None = None, code: int = 0) -> str:
        """The output of a program that has to end with this exit code."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MODELAUDIT"))}
        cache = {"MODELAUDIT_CACHE_DIR": str(self.programs.parent / "cache")}
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(command, cwd=cwd, env={**kept, **cache}, capture_output=True, text=True, check=False)
        if done.returncode != code:
            sys.exit(f"{' '.join(command)}: exit code {done.returncode}, not {code}\n{done.stdout}{done.stderr}")
        return done.stdout


def built(folder: Path) -> list[Path]:
    """The wheel and the sdist, as they would be published."""
    for target in ("wheel", "sdist"):
        command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return sorted(folder.iterdir())


def use(environment: Environment, folder: Path) -> str:
    """What a new user tries; returns the version."""
    version = environment.run("modelaudit", "--version").strip()
    build_models(folder)
    environment.run("modelaudit", "scan", "sentiment.pkl", cwd=folder, code=1)
    environment.run("modelaudit", "encoder.safetensors", "-o", "r.sarif", "-o", "r.html", "-o", "r.json", cwd=folder)
    environment.run("modelaudit", "scan", ".", "--sbom", "bom.json", "-q", cwd=folder, code=1)
    environment.run("modelaudit", "rules", "test", "--quiet")
    environment.run("python", "-c", API, cwd=folder)
    environment.run("modelaudit", "doctor")
    return version


def numpy_report(environment: Environment, folder: Path) -> tuple[str, tuple[list[tuple[str, ...]], list[str]]]:
    """The version of NumPy, and what is said of files that it made, which has to be nothing."""
    folder.mkdir()
    version = environment.run("python", "-c", SAMPLES, cwd=folder).strip()
    said = json.loads(environment.run("modelaudit", "scan", ".", "--format", "json", "--no-cache", cwd=folder))
    found = [(a["path"], a["format"], a["coverage"]) for a in said["artifacts"]]
    return version, (sorted(found), [issue["rule_code"] for issue in said["issues"]])


def main() -> int:
    """0 when everything that was tried works."""
    parser = argparse.ArgumentParser(description="Try what is published in clean environments.")
    parser.add_argument("--numpy", action="append", default=[], metavar="VERSIONS", help="also with this NumPy")
    wanted = parser.parse_args().numpy
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        packages = built(folder / "dist")
        for number, package in enumerate(packages):
            environment = Environment(folder / f"env{number}", f"{package}[{EXTRAS}]")
            print(f"{package.name}: {use(environment, folder / f'use{number}')}", flush=True)
        wheel = next(package for package in packages if package.suffix == ".whl")
        reports = []
        for number, versions in enumerate(wanted):
            environment = Environment(folder / f"numpy{number}", str(wheel), f"numpy{versions}")
            version, report = numpy_report(environment, folder / f"arrays{number}")
            print(f"NumPy {version}: {len(report[0])} artifacts, findings {report[1] or 'none'}", flush=True)
            reports.append(report)
    same = all(report == reports[0] and not report[1] for report in reports)
    if not same:
        print("the reports differ, or something was found in what NumPy wrote")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
