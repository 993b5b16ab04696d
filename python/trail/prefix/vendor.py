"""Bring the files of `trail.runtime` into a depot and into a prefix.

A prefix has its own copies, so it works without trail and whatever happens to the depot's;
the depot's are there to be compiled once for all prefixes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trail.depot.faults import explained
from trail.sha256 import hex_digest
from trail.values import dataclass

if TYPE_CHECKING:
    from trail.depot.store import Depot

__all__ = [
    "ARCHIVE",
    "BOOT",
    "EXPLAIN",
    "STRICT",
    "STRICT_TABLE",
    "TELL",
    "Runtime",
    "bring_runtime",
    "read_runtime",
]

ARCHIVE = "_trail_archive"
BOOT = "_trail_boot"
EXPLAIN = "_trail_explain"
STRICT = "_trail_strict"
STRICT_TABLE = "_trail_strict.txt"
TELL = "_trail_tell"

_FOLDER = Path(__file__).parents[1] / "runtime"
_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The files that run inside the user's Python.

    Args:
        digest: of them all; names them in a depot and counts in a prefix's key.
        sources: contents by module name.
    """

    digest: str
    sources: dict[str, bytes]


def read_runtime() -> Runtime:
    """Read the files of this trail."""
    sources = {}
    for name in (ARCHIVE, BOOT, EXPLAIN, STRICT, TELL):
        with open(f"{_FOLDER}/{name}.py", "rb", buffering=0) as file:  # noqa: PTH123  # each start reads them
            sources[name] = file.read()
    digest = hex_digest(b"\0".join(sources.values()))[:_DIGITS]
    return Runtime(digest=digest, sources=sources)


def bring_runtime(runtime: Runtime, depot: Depot) -> None:
    """Put the files into a depot, unless they are there.

    Raises:
        DepotError: it cannot be written.
    """
    target = depot.layout.runtime(runtime.digest)
    if target.is_dir():
        return
    with depot.staging() as staging, explained("write", target):
        folder = staging / runtime.digest
        folder.mkdir()
        for name, source in runtime.sources.items():
            file = folder / f"{name}.py"
            file.write_bytes(source)
            file.chmod(0o444)
        depot.publish(folder, target, f"runtime-{runtime.digest}")
