"""Two real locks from PyPI: installed, verified, and every module imported.

What a plain virtual environment made by uv imports, and from where, is the measure: a name
that fails there too is no fault of trail's, and stands in a table with its reason.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from re import fullmatch
from typing import TYPE_CHECKING

import pytest
from benches.locks import LOCKS, Tools, Wheelhouse, default_cache, get_tools, get_wheelhouse

import trail
from trail.depot.locks import hold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the tables are for Linux"),
]

ENGINES = ("native", "python")
SCRIPT = Path(__file__).with_name("import_names.py")
RECORD = r"[^/]+\.dist-info/RECORD"
BATCH = 40
SECONDS = 300
MEMORY = Path("/dev/shm")
ROOM = 6 << 30

FAIL_EVERYWHERE = {
    # cron-descriptor puts its own maintenance scripts into site-packages.
    "tools.compilepos": "failed: ModuleNotFoundError",
    "tools.resx2po": "failed: ModuleNotFoundError",
}

Results = dict[str, str]


class Depots:
    """The depots of one lock: one for each engine, filled when first asked for."""

    def __init__(self, house: Wheelhouse, folder: Path) -> None:
        self.house = house
        self.folder = folder
        self.done: set[str] = set()

    def get(self, engine: str) -> Path:
        """Install the lock and return the project; the depot lies beside."""
        project = self.folder / engine / "project"
        if engine not in self.done:
            project.mkdir(parents=True)
            (project / "pylock.toml").write_bytes(self.house.pylock.read_bytes())
            run_trail(["install"], project, engine)
            self.done.add(engine)
        return project


@pytest.fixture(scope="session")
def cache() -> Iterator[Path]:
    folder = default_cache(os.environ)
    folder.mkdir(parents=True, exist_ok=True)
    with hold(folder / "compat.lock"):
        yield folder


@pytest.fixture(scope="session")
def tools(cache: Path) -> Tools:
    return get_tools(cache)


@pytest.fixture(scope="module", params=LOCKS)
def house(request: pytest.FixtureRequest, cache: Path, tools: Tools) -> Wheelhouse:
    return get_wheelhouse(request.param, cache, tools)


@pytest.fixture(scope="module")
def depots(house: Wheelhouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Depots]:
    with roomy_folder(tmp_path_factory) as folder:
        yield Depots(house, folder)


@pytest.fixture(scope="module")
def control(
    house: Wheelhouse, tools: Tools, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Results]:
    with roomy_folder(tmp_path_factory) as folder:
        yield control_results(house, tools, folder)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_module_is_imported_as_in_a_virtual_environment(
    house: Wheelhouse, engine: str, depots: Depots, control: Results, tmp_path: Path
) -> None:
    require(engine)
    project = depots.get(engine)

    results = import_all(
        [*TRAIL, "run", "python"], house, tmp_path, cwd=project, extra=settings(project, engine)
    )

    assert results == control


@pytest.mark.parametrize("engine", ENGINES)
def test_the_depot_is_clean(house: Wheelhouse, engine: str, depots: Depots) -> None:
    require(engine)
    project = depots.get(engine)

    run_trail(["depot", "verify"], project, engine)

    entries = list(project.parent.glob("depot/installed/*/*/*/entry.json"))
    assert len(entries) == len(house.wheels)


def test_the_engines_agree(depots: Depots) -> None:
    require("native")
    native, python = (depots.get(engine).parent / "depot" for engine in ENGINES)

    assert facts(native) == facts(python)


def test_nothing_fails_but_what_is_known(control: Results) -> None:
    failed = {name: result for name, result in control.items() if result.startswith("failed")}

    assert failed == {name: why for name, why in FAIL_EVERYWHERE.items() if name in control}


TRAIL = (sys.executable, "-m", "trail")


def control_results(house: Wheelhouse, tools: Tools, folder: Path) -> Results:
    common = ["--no-config", "--offline", "--cache-dir", str(folder / "cache")]
    python = folder / "venv" / "bin" / "python"
    run([tools.uv, "venv", *common, "--python", sys.executable, folder / "venv"], folder)
    run([tools.uv, "pip", "sync", *common, "--python", python, house.pylock], folder)
    return import_all([python], house, folder)


def settings(project: Path, engine: str) -> dict[str, str]:
    assert trail.__file__ is not None
    return {
        "PYTHONPATH": str(Path(trail.__file__).parents[1]),
        "TRAIL_DEPOT": str(project.parent / "depot"),
        "TRAIL_ENGINE": engine,
        "TRAIL_COMPILE": "never",  # it would go on behind us while the depot is removed
    }


def require(engine: str) -> None:
    if engine == "python" or importlib.util.find_spec("trail._native"):
        return
    if os.environ.get("TRAIL_REQUIRE_NATIVE"):
        pytest.fail("TRAIL_REQUIRE_NATIVE is set and the native extension is missing")
    pytest.skip("the native extension is not built")


def run_trail(arguments: list[str], project: Path, engine: str) -> None:
    run([*TRAIL, *arguments], project, settings(project, engine))


def run(command: Iterable[str | Path], cwd: Path, extra: dict[str, str] | None = None) -> None:
    done = try_to_run(command, cwd, extra)
    assert done.returncode == 0, done.stdout


def try_to_run(
    command: Iterable[str | Path], cwd: Path, extra: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    # Modules that write a configuration or look for one do so in an empty home.
    home = cwd / "home"
    home.mkdir(exist_ok=True)
    environ = {"HOME": str(home), "PATH": os.defpath, "LANG": "C.UTF-8", "MPLBACKEND": "agg"}
    return subprocess.run(
        [os.fspath(part) for part in command],
        cwd=cwd,
        env=environ | (extra or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=SECONDS,
        check=False,
    )


def import_all(
    python: Iterable[str | Path],
    house: Wheelhouse,
    folder: Path,
    *,
    cwd: Path | None = None,
    extra: dict[str, str] | None = None,
) -> Results:
    """Import everything that a lock brings, in processes of `BATCH` names each."""
    names = sorted({name for wheel in house.wheels for name in importable(wheel.path)})
    results: Results = {}
    while len(results) < len(names):
        batch = names[len(results) : len(results) + BATCH - len(results) % BATCH]
        wanted, found = folder / "names.json", folder / "results.jsonl"
        wanted.write_text(json.dumps(batch), encoding="utf-8")
        found.unlink(missing_ok=True)
        done = try_to_run([*python, SCRIPT, wanted, found], cwd or folder, extra)
        assert found.exists(), done.stdout
        lines = found.read_text(encoding="utf-8").splitlines()
        results |= {name: result for name, result, _ in map(json.loads, lines)}
        if len(lines) < len(batch):
            results[batch[len(lines)]] = f"failed: the process ended with {done.returncode}"
    return results


def importable(wheel: Path) -> set[str]:
    """The shallowest packages and modules of a wheel, read from its RECORD.

    A folder without an `__init__` module is a portion of a namespace package, so what lies in
    it counts instead.
    """
    with zipfile.ZipFile(wheel) as archive:
        # bleach brings another project's .dist-info with it, further down.
        [record] = [name for name in archive.namelist() if fullmatch(RECORD, name)]
        text = archive.read(record).decode()
    paths = [PurePosixPath(line.rsplit(",", 2)[0].strip('"')) for line in text.splitlines()]
    modules = {module for path in paths for module in module_parts(path)}
    packages = {parts[:-1] for parts in modules if parts[-1] == "__init__"}
    names = {parts for parts in modules if parts[-1] != "__init__"} | packages
    return {
        ".".join(parts)
        for parts in names
        if parts[-1] != "__main__"
        and not any(parts[:length] in packages for length in range(1, len(parts)))
    }


def module_parts(path: PurePosixPath) -> Iterator[tuple[str, ...]]:
    """The parts of a module's dotted name, if the path is one of site-packages."""
    parts = path.parts
    if parts[0].endswith(".data"):
        if len(parts) < 3 or parts[1] not in {"purelib", "platlib"}:
            return
        parts = parts[2:]
    for suffix in (".py", *importlib.machinery.EXTENSION_SUFFIXES):
        if parts[-1].endswith(suffix):
            module = (*parts[:-1], parts[-1].removesuffix(suffix))
            if all(part.isidentifier() for part in module):
                yield module
            return


def facts(depot: Path) -> dict[str, object]:
    """What the entries say of themselves, by their ids."""
    return {
        path.parent.relative_to(depot / "installed").as_posix(): json.loads(path.read_bytes())
        for path in depot.glob("installed/*/*/*/entry.json")
    }


@contextmanager
def roomy_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that is removed at the end: to delete 100,000 files from a disk takes minutes."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        folder = Path(tempfile.mkdtemp(prefix="trail-compat-", dir=MEMORY))
    else:
        folder = tmp_path_factory.mktemp("compat")
    try:
        yield folder
    finally:
        for parent, _, _ in os.walk(folder):
            Path(parent).chmod(0o700)
        shutil.rmtree(folder)
