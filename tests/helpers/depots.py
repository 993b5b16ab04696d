"""Entries for tests without an engine: folders as an engine leaves them."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.helpers.wheels import record_line

import trail
from trail.depot.entry import EntryInfo, Origin
from trail.depot.layout import entry_id, site_packages
from trail.depot.store import open_depots
from trail.model import EntryId, Facts, Kind, NormalizedName, Sha256, TopLevel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trail.depot.store import Depot, Entry

__all__ = ["add_entry", "as_nobody", "child_environ", "depot_at", "entry_facts", "stage_entry"]

_FILES = {"__init__.py": b"value = 1\n", "data.txt": b"data\n" * 100}


def depot_at(root: Path, *, boot: str = "this-boot") -> Depot:
    """Open (and make) a depot."""
    return open_depots([root], boot=boot).receiver


def entry_facts(name: str, version: str = "1.0", digest: str = "") -> tuple[EntryId, EntryInfo]:
    """Make the id and the facts of an entry that has no files yet."""
    sha256 = Sha256(digest or hashlib.sha256(f"{name}-{version}".encode()).hexdigest())
    stem = f"{name.replace('-', '_')}-{version}"
    filename = f"{stem}-py3-none-any.whl"
    facts = Facts(
        name=NormalizedName(name),
        version=version,
        dist_info=f"{stem}.dist-info",
        root_is_purelib=True,
        files=0,
        size=0,
        record=Sha256("0" * 64),
        top_level=(TopLevel(path=name, name=name, kind=Kind.PACKAGE),),
    )
    info = EntryInfo(
        facts=facts, origin=Origin(kind="path", path="/w"), filename=filename, sha256=sha256, size=1
    )
    return entry_id(facts.name, version, filename, sha256), info


def stage_entry(
    staged: Path,
    name: str,
    version: str = "1.0",
    *,
    files: Mapping[str, bytes] = _FILES,
    digest: str = "",
) -> tuple[EntryId, EntryInfo]:
    """Write what an engine would leave of a wheel with these files in a package `name`.

    Args:
        staged: a folder that does not exist.
        name: normalised.
        version: normalised.
        files: contents by path below the package's folder.
        digest: the wheel's sha256; it follows from name and version if it is not given.
    """
    identity, info = entry_facts(name, version, digest)
    dist_info = info.facts.dist_info
    contents = {f"{name}/{path}": content for path, content in files.items()}
    contents[f"{dist_info}/METADATA"] = f"Name: {name}\nVersion: {version}\n".encode()
    contents[f"{dist_info}/INSTALLER"] = b"trail\n"
    rows = "".join(record_line(path, contents[path]) for path in sorted(contents))
    record = (rows + f"../../../bin/{name},,\n{dist_info}/RECORD,,\n").encode()
    contents[f"{dist_info}/RECORD"] = record
    site = site_packages(staged)
    for path, content in contents.items():
        file = site / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(0o444)
    for folder, _, _ in os.walk(staged, topdown=False):
        if Path(folder) != staged:
            Path(folder).chmod(0o555)
    facts = Facts(
        name=info.facts.name,
        version=version,
        dist_info=dist_info,
        root_is_purelib=True,
        files=len(contents),
        size=sum(map(len, contents.values())),
        record=Sha256(hashlib.sha256(record).hexdigest()),
        top_level=info.facts.top_level,
    )
    return identity, EntryInfo(
        facts=facts, origin=info.origin, filename=info.filename, sha256=info.sha256, size=info.size
    )


def add_entry(
    depot: Depot, name: str, version: str = "1.0", *, files: Mapping[str, bytes] = _FILES
) -> Entry:
    """Put an entry into a depot, the way that trail does."""
    with depot.staging() as staging:
        identity, info = stage_entry(staging / "entry", name, version, files=files)
        return depot.admit(staging / "entry", identity, info)


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Give up the rights of root, whom no permission keeps out; others have none to give."""
    if os.name == "nt" or os.geteuid() != 0:
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def child_environ() -> dict[str, str]:
    """Make an environment in which a child process can import trail and the tests' helpers."""
    here = Path(__file__).parents[2]
    folders = [str(Path(trail.__file__).parents[1]), str(here)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(folders)}
