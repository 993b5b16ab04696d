"""Depot entries from real wheels, and interpreters, for tests of prefixes."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.helpers.wheels import make_wheel

from trail.depot.entry import EntryInfo, Origin
from trail.depot.layout import entry_id
from trail.files import hash_file
from trail.model import (
    EntryPoint,
    Escape,
    Facts,
    Kind,
    NormalizedName,
    Sha256,
    TopLevel,
)
from trail.prefix.build import ensure_prefix
from trail.prefix.model import PrefixRequest
from trail.report import Reporter
from trail.wheel._python import PythonEngine
from trail.wheel.engine import Job, choose_engine
from trail.wheel.filename import parse_filename

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trail.depot.store import Depot, Entry
    from trail.prefix.model import Prefix, Strictness
    from trail.wheel.engine import Engine

__all__ = [
    "Python",
    "Warnings",
    "add_entry",
    "facts_of",
    "install_wheel",
    "make_prefix",
    "other_pythons",
    "run_python",
    "this_python",
]

_SITE = "lib/python/site-packages"


@dataclass(frozen=True, kw_only=True)
class Python:
    """An interpreter, as far as prefixes need to know it."""

    executable: Path
    base: Path
    version: str
    minor: str
    implementation: str
    cache_tag: str
    free_threaded: bool
    identity: str


class Warnings(Reporter):
    """Collects warnings."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def warn(self, message: str) -> None:
        self.messages.append(message)


@functools.cache
def this_python(executable: str = sys.executable) -> Python:
    """Describe an interpreter by asking it."""
    code = (
        "import sys, platform, json; print(json.dumps(["
        "getattr(sys, '_base_executable', sys.executable), platform.python_version(),"
        "sys.implementation.name, sys.implementation.cache_tag]))"
    )
    output = subprocess.run(
        [executable, "-I", "-c", code], check=True, capture_output=True, text=True
    ).stdout
    base, version, implementation, cache_tag = json.loads(output)
    return Python(
        executable=Path(executable),
        base=Path(base).resolve(),
        version=version,
        minor=".".join(version.split(".")[:2]),
        implementation=implementation,
        cache_tag=cache_tag,
        free_threaded=False,
        identity=f"test-{version}",
    )


def other_pythons() -> list[Path]:
    """Find a Python of each other version that is installed here, as pyenv keeps them.

    TRAIL_TEST_PYTHONS (paths, separated as in PATH) names them elsewhere.
    """
    if paths := os.environ.get("TRAIL_TEST_PYTHONS"):
        return [Path(path) for path in paths.split(os.pathsep)]
    versions = Path(sys.base_prefix).parent
    found = {
        minor: path
        for path in sorted(versions.glob("3.*/bin/python"))
        if (minor := int(path.parts[-3].split(".")[1])) >= 8  # the oldest we know
    }
    return [path for path in found.values() if path.parent.parent != Path(sys.base_prefix)]


def facts_of(
    name: str,
    version: str,
    files: Iterable[str],
    *,
    scripts: Mapping[str, str] | None = None,
    escapes: Sequence[Escape] = (),
) -> Facts:
    """Make the facts that an engine would find, from the paths below the entry."""
    tops: dict[str, Kind] = {}
    startup, schemes = [], set()
    paths = sorted(files)
    dist_info = f"{name.replace('-', '_')}-{version}.dist-info"
    for path in paths:
        if not path.startswith(f"{_SITE}/"):
            if "/" in path:
                schemes.add(path.split("/", 1)[0])
            continue
        inside = path.removeprefix(f"{_SITE}/")
        top, _, rest = inside.partition("/")
        if top == dist_info:
            continue
        if not rest and top.endswith((".pth", ".start")):
            startup.append(top)
        elif not rest:
            tops[top] = (
                Kind.MODULE
                if top.endswith(".py")
                else Kind.EXTENSION
                if top.endswith(".so")
                else Kind.DATA
            )
        elif rest.startswith("__init__."):
            tops[top] = Kind.PACKAGE
        elif tops.get(top) is None:
            tops[top] = Kind.NAMESPACE if top.isidentifier() else Kind.DATA
    return Facts(
        name=NormalizedName(name),
        version=version,
        dist_info=dist_info,
        root_is_purelib=True,
        files=len(paths),
        size=0,
        record=Sha256("0" * 64),
        top_level=tuple(
            TopLevel(path=top, name=top.split(".")[0], kind=kind)
            for top, kind in sorted(tops.items())
        ),
        startup=tuple(startup),
        scripts=tuple(
            EntryPoint(name=script, value=value)
            for script, value in sorted((scripts or {}).items())
        ),
        schemes=tuple(sorted(schemes)),
        escapes=tuple(escapes),
    )


def add_entry(
    depot: Depot,
    name: str,
    version: str,
    files: Mapping[str, str | bytes],
    *,
    data: Mapping[str, str | bytes] | None = None,
    scripts: Mapping[str, str] | None = None,
    requires: Iterable[str] = (),
) -> Entry:
    """Make a wheel and unpack it into a depot.

    Args:
        depot: where.
        name: the distribution.
        version: its version.
        files: contents by path below site-packages.
        data: contents by path below the entry, for instance `bin/tool` or `share/x`.
        scripts: object references by name.
        requires: for Requires-Dist.
    """
    headers = f"include/{name}/"
    schemes = {
        path.replace("bin/", "scripts/", 1)
        if path.startswith("bin/")
        else path.replace(headers, "headers/", 1)
        if path.startswith(headers)
        else f"data/{path}": content
        for path, content in (data or {}).items()
    }
    lines = "".join(f"{script} = {value}\n" for script, value in (scripts or {}).items())
    with tempfile.TemporaryDirectory() as folder:
        wheel = make_wheel(
            Path(folder),
            name,
            version,
            files,
            data=schemes,
            requires=requires,
            entry_points=f"[console_scripts]\n{lines}" if scripts else None,
        )
        return install_wheel(depot, wheel)


def install_wheel(depot: Depot, wheel: Path) -> Entry:
    """Unpack a real wheel into a depot, with the Python engine."""
    parsed = parse_filename(wheel.name)
    sha256 = hash_file(wheel)
    identity = entry_id(parsed.name, parsed.version, wheel.name, sha256)
    if (entry := depot.find(identity)) is not None:
        return entry
    with depot.staging() as staging, PythonEngine("a test").open(threads=1) as unpacker:
        job = Job(
            wheel=wheel,
            filename=wheel.name,
            name=parsed.name,
            version=parsed.version,
            destination=staging / "entry",
        )
        unpacker.submit(job)
        outcome = unpacker.next()
        assert outcome is not None
        assert isinstance(outcome.result, Facts), outcome.result
        info = EntryInfo(
            facts=outcome.result,
            origin=Origin(kind="path", path=str(wheel)),
            filename=wheel.name,
            sha256=sha256,
            size=wheel.stat().st_size,
        )
        return depot.admit(job.destination, identity, info)


def make_prefix(
    depot: Depot,
    entries: Iterable[Entry],
    *,
    python: Python | None = None,
    editable_roots: tuple[Path, ...] = (),
    link_mode: str = "auto",
    code_archives: bool = False,
    reporter: Reporter | None = None,
    strict: Strictness | None = None,
    engine: Engine | None = None,
) -> Prefix:
    """Make a prefix for this Python, or another; with the engine that is there."""
    request = PrefixRequest(
        interpreter=python or this_python(),
        entries=tuple(entries),
        editable_roots=editable_roots,
        link_mode=link_mode,
        code_archives=code_archives,
        strict=strict,
    )
    chosen = engine or choose_engine()
    return ensure_prefix(request, depot, reporter or Reporter(), engine=lambda: chosen)


def run_python(prefix: Prefix, *arguments: str | Path, **environ: str) -> str:
    """Run the prefix's Python and return what it prints; fails with what it says."""
    result = subprocess.run(
        [prefix.python, *arguments],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], **environ},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.rstrip("\n")
